/**
 * Where sliding windows lie, and how much each counts: they overlap by half, and weigh most in their centers.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** The standard deviation of the weights is this share of a window, as in nnU-Net. */
const SIGMA = 1 / 8;

/** Share of a window by which its neighbors overlap it, at least. */
const OVERLAP = 0.5;

/** Windows along an axis. */
export interface WindowAxis {
  /** Pixels along the axis: the image's, or a window's if the image is smaller and is padded. */
  readonly extent: number;
  /** Padding before the image. */
  readonly padding: number;
  /** The first pixel of each window, ascending, padding included. */
  readonly starts: readonly number[];
  /** The weights of each window; at every pixel they sum to 1 over the windows. */
  readonly weights: readonly Float32Array[];
}

/** Gaussian weights of a window. */
export function gaussian(side: number): Float64Array {
  const sigma = SIGMA * side;
  return Float64Array.from(
    { length: side },
    (_, at) => Math.exp(-0.5 * ((at - (side - 1) / 2) / sigma) ** 2),
  );
}

/** The fewest windows of `side` that cover an extent and overlap by half, spread evenly. */
export function windowStarts(extent: number, side: number): number[] {
  if (extent <= side) return [0];
  const steps = Math.ceil((extent - side) / (side * (1 - OVERLAP)));
  return Array.from({ length: steps + 1 }, (_, step) => Math.round(step * (extent - side) / steps));
}

/** The windows along an axis of an image. */
export function windowAxis(length: number, side: number): WindowAxis {
  const extent = Math.max(length, side);
  const starts = windowStarts(extent, side);
  const weight = gaussian(side);
  const totals = new Float64Array(extent);
  for (const start of starts) {
    for (let at = 0; at < side; at++) totals[start + at]! += weight[at]!;
  }
  const weights = starts.map((start) =>
    Float32Array.from(weight, (value, at) => value / totals[start + at]!)
  );
  return { extent, padding: Math.floor((extent - length) / 2), starts, weights };
}
