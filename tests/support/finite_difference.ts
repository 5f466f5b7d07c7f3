/**
 * Numerical gradients: a check of hand-written ones that shares no code with them.
 *
 * @module
 */

/**
 * Gradient of a scalar function at `at` by central differences: a truncation error of order `h^2`, and a rounding error
 * of about 1e-11 / `h`. Changes `at` while it runs, and restores it.
 */
export function differenceGradient(scalar: () => number, at: Float64Array, h = 1e-5): Float64Array {
  return Float64Array.from(at, (value, index) => {
    at[index] = value + h;
    const above = scalar();
    at[index] = value - h;
    const below = scalar();
    at[index] = value;
    return (above - below) / (2 * h);
  });
}

/** Dot product: a scalar function of the output of a layer whose gradient is `weights`. */
export function dot(values: ArrayLike<number>, weights: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += values[index]! * weights[index]!;
  return sum;
}
