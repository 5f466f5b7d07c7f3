/**
 * Comparison of many numbers at once, with a message that tells a rounding from a bug.
 *
 * @module
 */
import { AssertionError } from "node:assert/strict";

/** How far apart the values of {@linkcode assertClose} may be: `absolute + relative * |expected|`, each 0 unless given. */
export interface Closeness {
  /** What every value may be off by; a list gives each value its own. */
  absolute?: number | ArrayLike<number>;
  /** What every value may be off by as a share of the expected one. */
  relative?: number;
  /** What is compared, for the message. */
  label: string;
}

/**
 * Throws unless every value is within its limit; NaN is within none, and infinities only equal themselves.
 *
 * The message gives the index that is furthest outside, both values, and how many are out.
 */
export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { absolute = 0, relative = 0, label }: Closeness,
): void {
  if (actual.length !== expected.length) {
    throw new AssertionError({ message: `${label}: ${actual.length} values, expected ${expected.length}` });
  }
  let out = 0;
  let worst = -1;
  let worstExcess = -Infinity;
  for (let index = 0; index < expected.length; index++) {
    const a = actual[index]!;
    const e = expected[index]!;
    if (Object.is(a, e) || a === e) continue;
    const limit = (typeof absolute === "number" ? absolute : absolute[index]!) + relative * Math.abs(e);
    const difference = Math.abs(a - e);
    if (difference <= limit && Number.isFinite(e)) continue;
    out++;
    // NaN must win over every number.
    const excess = Number.isNaN(difference) ? Infinity : difference - limit;
    if (worst < 0 || excess > worstExcess) {
      worst = index;
      worstExcess = excess;
    }
  }
  if (out === 0) return;
  const a = actual[worst]!;
  const e = expected[worst]!;
  const limit = (typeof absolute === "number" ? absolute : absolute[worst]!) + relative * Math.abs(e);
  throw new AssertionError({
    message: `${label}: ${out} of ${expected.length} values are out; worst at index ${worst}: ` +
      `${a}, expected ${e}, off by ${Math.abs(a - e)}, limit ${limit}`,
    actual: a,
    expected: e,
    operator: "assertClose",
  });
}

/**
 * What a float32 sum of `count` products may be off by, whatever its order: `sumAbsolute` is the sum of the
 * products' absolute values. Rounding errors of 2^-24 each grow as the root of their number; four times that is
 * a deviation that no honest sum shows.
 */
export function sumTolerance(count: number, sumAbsolute: number): number {
  return 4 * 2 ** -24 * Math.sqrt(count) * sumAbsolute + 1e-7;
}

/** {@linkcode sumTolerance} of many sums: `sumsAbsolute` is what the same loops give for absolute values. */
export function sumTolerances(count: number, sumsAbsolute: ArrayLike<number>): Float64Array {
  return Float64Array.from(sumsAbsolute, (sum) => sumTolerance(count, sum));
}

/** The absolute values, for {@linkcode sumTolerances}. */
export function absolutes(values: ArrayLike<number>): Float64Array {
  return Float64Array.from(values, Math.abs);
}
