/**
 * Work that tests can measure on any machine: calls of `Math`.
 *
 * @module
 */
import assert from "node:assert/strict";

/**
 * The result of `body`; fails once it has called functions of `Math` more than `most` times. That measures work
 * independently of the machine: no crossing of an outline is found without them.
 */
export function withinMathCalls<T>(most: number, body: () => T): T {
  const original = Object.getOwnPropertyDescriptors(Math);
  let calls = 0;
  for (const [name, { value }] of Object.entries(original)) {
    if (typeof value !== "function") continue;
    const counted = (...numbers: number[]) => {
      if (++calls > most) throw new Error(`more than ${most} calls of Math`);
      return value(...numbers);
    };
    Object.defineProperty(Math, name, { value: counted, configurable: true, writable: true });
  }
  try {
    const result = body();
    assert.ok(calls > most / 100, `${calls} calls of Math measure nothing`);
    return result;
  } finally {
    Object.defineProperties(Math, original);
  }
}
