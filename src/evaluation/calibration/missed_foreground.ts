/**
 * Thresholds that keep a promise about missed foreground: conformal risk control (Angelopoulos, Bates, Fisch, Lei and
 * Schuster, 2022, arXiv 2208.02814) with images as the exchangeable unit.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Mask } from "../../image/mask.ts";
import type { ProbabilityMap } from "../../prediction/probability_map.ts";
import type { Head } from "../../unet/config.ts";
import type { MissedCurve } from "../../unet/model_calibration.ts";

/** The thresholds of a curve: 0, and evenly spaced logits, which are chosen before any image is seen. */
export const MISSED_THRESHOLDS: readonly number[] = [
  0,
  ...Array.from({ length: 193 }, (_, step) => Number((1 / (1 + Math.exp(16 - step / 8))).toPrecision(6))),
];

/**
 * The share of an image's foreground that is missed at each of {@linkcode MISSED_THRESHOLDS}; null if it has none. A pixel
 * is missed if the probability of its class is not above the threshold; of classes that exclude each other, if that of no
 * class is, so that it counts as background. Pixels that several classes share count once per class.
 */
export function missedShares(
  maps: readonly ProbabilityMap[],
  truths: readonly Mask[],
  head: Head,
  ignored?: Mask,
): Float64Array | null {
  // How many foreground pixels have their highest threshold here: they are found below it.
  const found = new Float64Array(MISSED_THRESHOLDS.length + 1);
  let all = 0;
  truths.forEach(({ data: truth }, index) => {
    for (let at = 0; at < truth.length; at++) {
      if (truth[at] === 0 || (ignored !== undefined && ignored.data[at] !== 0)) continue;
      let value = maps[index]!.data[at]!;
      if (head === "softmax") { for (const { data } of maps) value = Math.max(value, data[at]!); }
      all++;
      found[thresholdsBelow(value)]!++;
    }
  });
  if (all === 0) return null;
  let missed = 0;
  return Float64Array.from(MISSED_THRESHOLDS, (_, at) => (missed += found[at]!) / all);
}

/** How many thresholds a probability exceeds. */
function thresholdsBelow(value: number): number {
  let [low, high] = [0, MISSED_THRESHOLDS.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value > MISSED_THRESHOLDS[middle]!) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The mean over images; null for none. Shares are rounded up, so that the promise is kept. */
export function missedCurve(images: readonly Float64Array[]): MissedCurve | null {
  if (images.length === 0) return null;
  const mean = (at: number) => images.reduce((sum, shares) => sum + shares[at]!, 0) / images.length;
  return {
    images: images.length,
    thresholds: [...MISSED_THRESHOLDS],
    shares: MISSED_THRESHOLDS.map((_, at) =>
      Math.min(1, Math.max(0, Math.ceil(mean(at) * 1e6 - 1e-6)) / 1e6)
    ),
  };
}

/** The fewest images with foreground by which a rate can be promised. */
export function imagesNeeded(rate: number): number {
  // Without the rounding of 1 / 0.1.
  return Math.ceil(1 / rate - 1 - 1e-9);
}

/**
 * The highest threshold at which the next image's share of missed foreground is at most `rate` in the mean, if it is
 * exchangeable with those of the curve: `(n * share + 1) / (n + 1) <= rate`.
 *
 * @throws {RangeError} if there are too few images, or the model misses too much at every threshold
 */
export function thresholdForMissRate(curve: MissedCurve, rate: number): number {
  const { images, thresholds, shares } = curve;
  if (!(rate > 0 && rate < 1)) {
    throw new RangeError(`Cannot promise a miss rate of ${rate}: expected a number between 0 and 1`);
  }
  const needed = imagesNeeded(rate);
  if (images < needed) {
    throw new RangeError(
      `Cannot promise a miss rate of ${rate}: the model was calibrated on ${images} images with foreground, ` +
        `${needed} are needed\nhint: a rate of ${leastMissRate(curve)} or more can be promised by these`,
    );
  }
  const at = shares.findLastIndex((share) => (images * share + 1) / (images + 1) <= rate + 1e-12);
  if (at >= 0) return thresholds[at]!;
  throw new RangeError(
    `Cannot promise a miss rate of ${rate}: even at threshold 0 the model misses ${
      shares[0]!.toFixed(3)
    } of the foreground\nhint: a rate of ${
      leastMissRate(curve)
    } or more can be promised; a better model misses less`,
  );
}

/** The least rate that a curve can promise, rounded up to three digits. */
export function leastMissRate({ images, shares }: MissedCurve): string {
  const least = (images * shares[0]! + 1) / (images + 1);
  return (Math.ceil(1000 * least - 1e-9) / 1000).toFixed(3);
}
