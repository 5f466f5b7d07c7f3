/**
 * From the probabilities of several classes to a mask per class at the image's own size, one class after the other:
 * probabilities of all classes at that size could fill the memory.
 * This module is browser compatible.
 *
 * @module
 */
import type { Size } from "../image/image.ts";
import type { Head } from "../unet/config.ts";
import {
  assertThreshold,
  finishMask,
  segment,
  type Segmentation,
  type SegmentOptions,
} from "./postprocess.ts";
import { assertProbabilities, type ProbabilityMap, resizeProbabilities } from "./probability_map.ts";

/** Options of {@linkcode segmentClasses}. */
export interface SegmentClassesOptions extends SegmentOptions {
  /** Whether classes may overlap (`sigmoid`, the default) or exclude each other. */
  readonly head?: Head;
}

/**
 * Makes the masks of the classes of an image of `size` from their probabilities at any size, as `segment` does for one.
 *
 * With a sigmoid, or a single class, each class has the pixels above the threshold. Several classes that exclude each
 * other: a pixel has the class of the highest probability unless the background's, what they leave to 1, is as high; or,
 * if a threshold is given, if its probability is above it. Lesions are removed per class.
 *
 * @throws {RangeError} if probabilities, size, threshold or area are out of bounds
 */
export function* segmentClasses(
  maps: readonly ProbabilityMap[],
  size: Size,
  { head = "sigmoid", ...options }: SegmentClassesOptions = {},
): Generator<Segmentation> {
  if (head === "sigmoid" || maps.length === 1) {
    for (const map of maps) yield segment(map, size, options);
    return;
  }
  const labels = mostProbable(maps, size, options.threshold);
  for (const [index, map] of maps.entries()) {
    const data = labels.map((label) => label === index + 1 ? 1 : 0);
    const mask = { width: size.width, height: size.height, data };
    yield finishMask(mask, resizeProbabilities(map, size), options.threshold ?? null, options);
  }
}

/** The most probable class of each pixel, from 1; 0 for the background. */
function mostProbable(
  maps: readonly ProbabilityMap[],
  size: Size,
  threshold: number | undefined,
): Uint8Array<ArrayBuffer> {
  if (threshold !== undefined) assertThreshold(threshold);
  const pixels = size.width * size.height;
  const labels = new Uint8Array(pixels);
  const best = new Float32Array(pixels);
  const sums = new Float64Array(pixels);
  for (const [index, map] of maps.entries()) {
    assertProbabilities(map, "segment an image");
    const { data } = resizeProbabilities(map, size);
    for (let at = 0; at < pixels; at++) {
      const value = data[at]!;
      sums[at]! += value;
      if (value <= best[at]!) continue;
      best[at] = value;
      labels[at] = index + 1;
    }
  }
  for (let at = 0; at < pixels; at++) {
    if (best[at]! <= (threshold ?? 1 - sums[at]!)) labels[at] = 0;
  }
  return labels;
}
