/**
 * From probabilities at the network's size to a mask at the image's own, and what is to be said of it.
 * This module is browser compatible.
 *
 * @module
 */
import { encodeRle } from "../coco/rle.ts";
import {
  boundingBox,
  type Box,
  countSet,
  keepLargest,
  labelComponents,
  type Lesion,
  removeSmall,
} from "../image/components.ts";
import type { Size } from "../image/image.ts";
import type { Mask } from "../image/mask.ts";
import type { Tensor } from "../tensor.ts";
import {
  assertProbabilities,
  type ProbabilityMap,
  resizeProbabilities,
  toProbabilityMap,
} from "./probability_map.ts";

/** How {@linkcode segment} decides. */
export interface SegmentOptions {
  /** A pixel belongs to the mask where its probability is above this, 0 to 1; 0.5 unless given. */
  readonly threshold?: number;
  /** Keeps the largest lesion alone. */
  readonly largest?: boolean;
  /** Removes lesions of fewer pixels of the image's own size; 0 unless given. */
  readonly minArea?: number;
}

/** A lesion, and how sure the network is of it. */
export interface PredictedLesion extends Lesion {
  /** The mean probability of its pixels. */
  readonly meanProbability: number;
}

/** What is to be said of a predicted mask: plain data, as it goes to a JSON file. Areas are in pixels. */
export interface SegmentationSummary {
  /** Pixels in a row, of the image and the mask. */
  readonly width: number;
  /** Rows, of the image and the mask. */
  readonly height: number;
  /** The threshold that was used. */
  readonly threshold: number;
  /** Pixels of the mask. */
  readonly area: number;
  /** The mask's share of all pixels, 0 to 1. */
  readonly share: number;
  /** The smallest rectangle around the mask, or null where it is empty. */
  readonly box: Box | null;
  /** The mean probability of the mask's pixels, or null where it is empty. */
  readonly meanProbability: number | null;
  /** The highest probability of the whole image. */
  readonly maxProbability: number;
  /** The mask's connected parts, the largest first. */
  readonly lesions: readonly PredictedLesion[];
  /** The mask in COCO's compressed run-length form. */
  readonly rle: { readonly size: readonly [height: number, width: number]; readonly counts: string };
}

/** An image's mask, the probabilities that it comes from, and what is to be said of it. */
export interface Segmentation {
  /** Which pixels belong to a tumor, at the image's own size. */
  readonly mask: Mask;
  /** The probabilities, at the image's own size; those of removed lesions stay. */
  readonly probabilities: ProbabilityMap;
  /** Area, box, lesions and the rest. */
  readonly summary: SegmentationSummary;
}

/**
 * Makes the mask of an image of `size` from the network's probabilities at any size: scales them bilinearly and
 * then compares with the threshold, so that outlines follow the probabilities and not the network's pixels. Small
 * lesions go first, then all but the largest.
 *
 * Throws a TypeError for a tensor that is not of one channel, a RangeError for probabilities, sizes, thresholds or
 * areas out of bounds.
 */
export function segment(
  probabilities: Tensor | ProbabilityMap,
  size: Size,
  options: SegmentOptions = {},
): Segmentation {
  const { threshold = 0.5, largest = false, minArea = 0 } = options;
  if (!(threshold >= 0 && threshold <= 1)) {
    throw new RangeError(
      `Cannot segment above a probability of ${threshold}: a number from 0 to 1 is wanted`,
    );
  }
  const answer = "shape" in probabilities ? toProbabilityMap(probabilities) : probabilities;
  assertProbabilities(answer, "segment an image");
  const map = resizeProbabilities(answer, size);
  let mask = thresholdMask(map, threshold);
  if (minArea !== 0) mask = removeSmall(mask, minArea);
  if (largest) mask = keepLargest(mask);
  return { mask, probabilities: map, summary: describe(mask, map, threshold) };
}

/** The pixels whose probability is above `threshold`. */
export function thresholdMask({ width, height, data }: ProbabilityMap, threshold: number): Mask {
  const mask = new Uint8Array(data.length);
  for (let at = 0; at < mask.length; at++) mask[at] = data[at]! > threshold ? 1 : 0;
  return { width, height, data: mask };
}

function describe(mask: Mask, { data }: ProbabilityMap, threshold: number): SegmentationSummary {
  const { width, height } = mask;
  const { labels, lesions } = labelComponents(mask);
  const sums = new Float64Array(lesions.length + 1);
  let maxProbability = 0;
  for (let at = 0; at < labels.length; at++) {
    sums[labels[at]!]! += data[at]!;
    if (data[at]! > maxProbability) maxProbability = data[at]!;
  }
  const area = countSet(mask);
  const total = sums.subarray(1).reduce((sum, value) => sum + value, 0);
  return {
    width,
    height,
    threshold,
    area,
    share: area / (width * height),
    box: boundingBox(mask),
    meanProbability: area === 0 ? null : total / area,
    maxProbability,
    lesions: lesions
      .map((lesion, index) => ({ ...lesion, meanProbability: sums[index + 1]! / lesion.area }))
      .sort((a, b) => b.area - a.area),
    rle: encodeRle(mask),
  };
}
