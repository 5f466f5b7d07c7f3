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
