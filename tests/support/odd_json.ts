/**
 * JSON values with one part replaced by what no program wrote there.
 *
 * @module
 */

const ODD = [null, true, -1, 1.5, 1e300, "", "x", "__proto__", [], [null], {}, { a: 1 }, undefined];

/** All copies of `value` in which one part, at any depth, is something else or missing; the same ones every time. */
export function* oddVariants(value: unknown): Generator<unknown> {
  for (const odd of ODD) yield odd;
  if (typeof value !== "object" || value === null) return;
  for (const [name, part] of Object.entries(value)) {
    for (const variant of oddVariants(part)) {
      const copy = Array.isArray(value) ? [...value] : { ...value };
      Reflect.set(copy, name, variant);
      yield copy;
    }
  }
}
