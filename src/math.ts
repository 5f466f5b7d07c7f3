/**
 * Small numeric functions that several rooms need.
 * This module is browser compatible.
 *
 * @module
 */

/** The logistic function `1 / (1 + e^-x)`: a logit as a probability. */
export function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}

/** Whether no value is NaN or infinite. A plain loop: `every` takes ten times as long over 31 million weights. */
export function allFinite(values: Float32Array): boolean {
  for (let index = 0; index < values.length; index++) {
    if (!Number.isFinite(values[index])) return false;
  }
  return true;
}

/** The middle of at least one value, in order; the mean of the two middle ones of an even number. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
