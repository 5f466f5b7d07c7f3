/**
 * Comparison of arrays of numbers, with a message that tells rounding from a bug.
 *
 * @module
 */
import { AssertionError } from "node:assert/strict";

/** Error limit of {@linkcode assertClose}: `absolute + relative * |expected|`; both default to 0. */
export interface Closeness {
  /** Absolute error, of all values or of each. */
  absolute?: number | ArrayLike<number>;
  /** Relative error. */
  relative?: number;
  /** Names the values in the message. */
  label: string;
}

/**
 * Throws unless all values are within their limits. NaN is within no limit, and infinities only equal themselves.
 *
 * The message gives the worst index, both values there, and the number of values out of limits.
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
    // NaN is worse than any number.
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
 * Error limit of a float32 sum of `count` products in any order; `sumAbsolute` is the sum of their absolute values.
 * Rounding errors of 2^-24 each grow with the square root of their number; the factor 4 leaves room that only a wrong
 * sum exceeds.
 */
export function sumTolerance(count: number, sumAbsolute: number): number {
  return 4 * 2 ** -24 * Math.sqrt(count) * sumAbsolute + 1e-7;
}

/** {@linkcode sumTolerance} of many sums; `sumsAbsolute` is the result of the same loops on absolute values. */
export function sumTolerances(count: number, sumsAbsolute: ArrayLike<number>): Float64Array {
  return Float64Array.from(sumsAbsolute, (sum) => sumTolerance(count, sum));
}

/** Absolute values, for {@linkcode sumTolerances}. */
export function absolutes(values: ArrayLike<number>): Float64Array {
  return Float64Array.from(values, Math.abs);
}
