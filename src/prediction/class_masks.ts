/**
 * From the probabilities of several classes to a mask per class.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Size } from "../image/image.ts";
import type { Mask } from "../image/mask.ts";
import { classCount, type Head, headOf } from "../unet/config.ts";
import { type ModelDescription, ORIGINAL_INPUT } from "../unet/model_format.ts";
import type { ProbabilityMap } from "./probability_map.ts";

/** How certain a model is of a class in each pixel, row-major: see {@linkcode classMargins}. */
export type Margins = Float64Array;

/**
 * The threshold of a model's probabilities, its own unless one is given; null if it has several classes that exclude
 * each other and none is given: then the most probable one counts.
 */
export function decisionThreshold(
  { network, threshold }: ModelDescription,
  given: number | null | undefined,
): number | null {
  const exclusive = headOf(network) === "softmax" && classCount(network) > 1;
  return given ?? (exclusive ? null : threshold);
}

/**
 * The masks of the classes. With a softmax a pixel has the class of the highest probability, or none if that is not above
 * the threshold or, for null, above the background's; with a sigmoid every class whose probability is above the threshold.
 */
export function classMasks(maps: readonly ProbabilityMap[], head: Head, threshold: number | null): Mask[] {
  return classMargins(maps, head, threshold).map((margins, index) => marginMask(margins, maps[index]!));
}

/** The mask of the pixels in which a class is predicted. */
export function marginMask(margins: Margins, { width, height }: Size): Mask {
  return { width, height, data: Uint8Array.from(margins, (margin) => margin > 0 ? 1 : 0) };
}

/**
 * How certain a model is of each class: positive where it is predicted and negative elsewhere, 1 and -1 where the model
 * is certain, near 0 where it is undecided. With a softmax, the difference to the highest other probability, or to the
 * threshold, which takes the place of the background's; with a sigmoid, the distance from the threshold.
 */
export function classMargins(
  maps: readonly ProbabilityMap[],
  head: Head,
  threshold: number | null,
): Margins[] {
  if (head === "sigmoid" || maps.length === 1) {
    return maps.map((map) => thresholdMargins(map, threshold ?? ORIGINAL_INPUT.threshold));
  }
  const margins = maps.map(({ data }) => new Float64Array(data.length));
  const pixels = maps[0]?.data.length ?? 0;
  for (let at = 0; at < pixels; at++) {
    let winner = -1;
    let sum = 0;
    for (const { data } of maps) sum += data[at]!;
    let [best, second] = [threshold ?? 1 - sum, -Infinity];
    maps.forEach(({ data }, index) => {
      const value = data[at]!;
      if (value > best) [winner, best, second] = [index, value, best];
      else second = Math.max(second, value);
    });
    // The winner's margin is positive even if the next class is as probable: some class is predicted.
    margins.forEach((margin, index) => {
      margin[at] = index === winner
        ? Math.max(best - second, Number.MIN_VALUE)
        : maps[index]!.data[at]! - best;
    });
  }
  return margins;
}

function thresholdMargins({ data }: ProbabilityMap, threshold: number): Margins {
  return Float64Array.from(
    data,
    (value) => value > threshold ? (value - threshold) / (1 - threshold) : (value - threshold) / threshold,
  );
}
