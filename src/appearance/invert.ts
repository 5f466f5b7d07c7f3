/**
 * An image with bright and dark swapped, for models trained on the opposite contrast: black stays black, so that air
 * does not become the brightest tissue.
 * This module is browser compatible.
 *
 * @module
 */
import {
  IMAGENET_DEVIATION,
  IMAGENET_MEAN,
  LEAST_DEVIATION,
  type Normalization,
} from "../image/normalize.ts";
import type { Tensor } from "../tensor.ts";

/** Black and white are these quantiles of the gray values, so that single pixels do not decide. */
const BLACK = 0.005;
const WHITE = 0.995;

/** Values below the first are black and stay, those above the second are inverted; between them both are blended. */
const KEPT = [0.15, 0.25] as const;

/** The sum of a value and its inverse: the darkest that is inverted becomes white. */
const SUM = 1.2;

/** Brighter values than white count as this. */
const BRIGHTEST = 1.1;

/** Most pixels that quantiles are taken of; of larger images, evenly spread ones. */
const MOST_SORTED = 2 ** 16;

/** Whether a pixel of an input is padding, which is exactly 0 in all channels. */
export function isPadding(data: Float32Array, plane: number, at: number): boolean {
  return data[at] === 0 && data[plane + at] === 0 && data[2 * plane + at] === 0;
}

/** How {@linkcode invertInput} treats color. */
export interface InvertOptions {
  /** Whether the result is gray; defaults to false. */
  readonly gray?: boolean;
}

/**
 * A network's input, `[3, h, w]`, with inverted intensities. With `picture` normalization the result has mean 0 and
 * deviation 1 again. Computed in float64 on the CPU: the same on every device. Padding stays.
 */
export function invertInput(
  { shape, data }: Tensor,
  normalize: Normalization,
  { gray = false }: InvertOptions = {},
): Tensor {
  const plane = data.length / 3;
  const own = normalize === "picture";
  const mean = (channel: number) => own ? 0 : IMAGENET_MEAN[channel]!;
  const deviation = (channel: number) => own ? 1 : IMAGENET_DEVIATION[channel]!;
  const valueAt = (channel: number, at: number) =>
    data[channel * plane + at]! * deviation(channel) + mean(channel);
  const grayAt = (at: number) => (valueAt(0, at) + valueAt(1, at) + valueAt(2, at)) / 3;
  const { black, range } = extremes(data, plane, grayAt);
  const relative = (value: number) => Math.min(BRIGHTEST, Math.max(0, (value - black) / range));
  const inverted = new Float64Array(data.length);
  let [count, sum] = [0, 0];
  for (let at = 0; at < plane; at++) {
    if (isPadding(data, plane, at)) continue;
    const level = relative(grayAt(at));
    const share = smoothStep(...KEPT, level);
    count += 3;
    for (let channel = 0; channel < 3; channel++) {
      const value = gray ? level : relative(valueAt(channel, at));
      const swapped = share * Math.max(0, SUM - value) + (1 - share) * value;
      inverted[channel * plane + at] = swapped;
      sum += swapped;
    }
  }
  const center = sum / Math.max(1, count);
  let squares = 0;
  for (let at = 0; at < plane; at++) {
    if (isPadding(data, plane, at)) continue;
    for (let channel = 0; channel < 3; channel++) squares += (inverted[channel * plane + at]! - center) ** 2;
  }
  const spread = Math.max(LEAST_DEVIATION, Math.sqrt(squares / Math.max(1, count)));
  const result = new Float32Array(data.length);
  for (let at = 0; at < plane; at++) {
    if (isPadding(data, plane, at)) continue;
    for (let channel = 0; channel < 3; channel++) {
      const value = inverted[channel * plane + at]!;
      result[channel * plane + at] = own
        ? (value - center) / spread
        : (black + value * range - mean(channel)) / deviation(channel);
    }
  }
  return { shape, data: result };
}

/** The gray values that count as black and white, by their quantiles. */
function extremes(
  data: Float32Array,
  plane: number,
  grayAt: (at: number) => number,
): { readonly black: number; readonly range: number } {
  const values: number[] = [];
  const step = Math.ceil(plane / MOST_SORTED);
  for (let at = 0; at < plane; at += step) if (!isPadding(data, plane, at)) values.push(grayAt(at));
  const sorted = Float64Array.from(values).sort();
  const black = sorted[Math.floor(BLACK * sorted.length)] ?? 0;
  const white = sorted[Math.floor(WHITE * sorted.length)] ?? 0;
  return { black, range: Math.max(LEAST_DEVIATION, white - black) };
}

/** 0 below `low`, 1 above `high`, smooth between them. */
function smoothStep(low: number, high: number, value: number): number {
  const share = Math.min(1, Math.max(0, (value - low) / (high - low)));
  return share * share * (3 - 2 * share);
}
