/**
 * Gradients by trying: the proof of a hand-written gradient that shares nothing with it.
 *
 * @module
 */

/**
 * The gradient of a scalar function by each of its values, by central differences: `h^2` off in theory, and some
 * 1e-11 divided by `h` by rounding. `at` is changed while it runs, and restored.
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

/** The sum of products: a scalar of a layer's output whose gradient by the output is `weights`. */
export function dot(values: ArrayLike<number>, weights: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += values[index]! * weights[index]!;
  return sum;
}
