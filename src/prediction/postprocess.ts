/**
 * Turns probabilities at the network's size into a mask at the image's own size, with a summary.
 * This module is browser compatible.
 *
 * @module
 */
import { encodeRle } from "../coco/rle.ts";
import {
  type Box,
  keepLargest,
  labelComponents,
  type Lesion,
  removeSmall,
  unionBox,
} from "../image/components.ts";
import type { Size } from "../image/image.ts";
import type { Mask } from "../image/mask.ts";
import type { Tensor } from "../tensor.ts";
import { ORIGINAL_INPUT } from "../unet/model_format.ts";
import {
  assertProbabilities,
  type ProbabilityMap,
  resizeProbabilities,
  toProbabilityMap,
} from "./probability_map.ts";

/** Options of {@linkcode segment}. */
export interface SegmentOptions {
  /** The probability above which a pixel belongs to the mask, 0 to 1; defaults to 0.5. */
  readonly threshold?: number;
  /** Whether to keep only the largest lesion. */
  readonly largest?: boolean;
  /** Removes lesions of fewer pixels at the image's own size; defaults to 0. */
  readonly minArea?: number;
}

/** A lesion with its probability. */
export interface PredictedLesion extends Lesion {
  /** The mean probability of its pixels. */
  readonly meanProbability: number;
}

/** A predicted mask in numbers: plain data for JSON. Areas are in pixels. */
export interface SegmentationSummary {
  /** Width of image and mask in pixels. */
  readonly width: number;
  /** Height of image and mask in pixels. */
  readonly height: number;
  /** The threshold; null if each pixel has its most probable class. */
  readonly threshold: number | null;
  /** The area of the mask in pixels. */
  readonly area: number;
  /** The share of the mask in all pixels, 0 to 1. */
  readonly share: number;
  /** The bounding box of the mask; null if it is empty. */
  readonly box: Box | null;
  /** The mean probability within the mask; null if it is empty. */
  readonly meanProbability: number | null;
  /** The highest probability in the image. */
  readonly maxProbability: number;
  /** The connected components of the mask, largest first. */
  readonly lesions: readonly PredictedLesion[];
  /** The mask in COCO's compressed run-length form. */
  readonly rle: { readonly size: readonly [height: number, width: number]; readonly counts: string };
}

/** The mask of an image with its probabilities and summary. */
export interface Segmentation {
  /** The foreground, at the image's own size. */
  readonly mask: Mask;
  /** The probabilities at the image's own size, including those of removed lesions. */
  readonly probabilities: ProbabilityMap;
  /** Area, box, lesions and the rest. */
  readonly summary: SegmentationSummary;
  /** Row-major, which pixel is in which lesion: 0 outside the mask, `k` in `summary.lesions[k - 1]`. */
  readonly lesionMap: Int32Array;
}

/**
 * Makes the mask of an image of `size` from probabilities at any size: resizes them bilinearly and then applies the
 * threshold, so that outlines follow the probabilities and not the network's pixels. Small lesions are removed first,
 * then all but the largest.
 *
 * @throws {TypeError} if the tensor does not have exactly one channel
 * @throws {RangeError} if probabilities, size, threshold or area are out of bounds
 */
export function segment(
  probabilities: Tensor | ProbabilityMap,
  size: Size,
  options: SegmentOptions = {},
): Segmentation {
  const { threshold = ORIGINAL_INPUT.threshold } = options;
  assertThreshold(threshold);
  const output = "shape" in probabilities ? toProbabilityMap(probabilities) : probabilities;
  assertProbabilities(output, "segment an image");
  const map = resizeProbabilities(output, size);
  return finishMask(thresholdMask(map, threshold), map, threshold, options);
}

/** Throws a RangeError for a threshold that is not from 0 to 1. */
export function assertThreshold(threshold: number): void {
  if (threshold >= 0 && threshold <= 1) return;
  throw new RangeError(`Cannot segment at threshold ${threshold}: expected a number from 0 to 1`);
}

/** Removes lesions from a mask as the options say, and describes the rest. Throws a RangeError for a negative area. */
export function finishMask(
  mask: Mask,
  probabilities: ProbabilityMap,
  threshold: number | null,
  { largest = false, minArea = 0 }: SegmentOptions,
): Segmentation {
  if (minArea !== 0) mask = removeSmall(mask, minArea);
  if (largest) mask = keepLargest(mask);
  return { mask, probabilities, ...describe(mask, probabilities, threshold) };
}

/** The pixels whose probability is above `threshold`. */
export function thresholdMask({ width, height, data }: ProbabilityMap, threshold: number): Mask {
  const mask = new Uint8Array(data.length);
  for (let at = 0; at < mask.length; at++) mask[at] = data[at]! > threshold ? 1 : 0;
  return { width, height, data: mask };
}

function describe(
  mask: Mask,
  { data }: ProbabilityMap,
  threshold: number | null,
): Pick<Segmentation, "summary" | "lesionMap"> {
  const { width, height } = mask;
  const { labels, lesions } = labelComponents(mask);
  const sums = new Float64Array(lesions.length + 1);
  let maxProbability = 0;
  for (let at = 0; at < labels.length; at++) {
    sums[labels[at]!]! += data[at]!;
    if (data[at]! > maxProbability) maxProbability = data[at]!;
  }
  const area = lesions.reduce((sum, { area }) => sum + area, 0);
  const total = sums.subarray(1).reduce((sum, value) => sum + value, 0);
  const order = lesions.map((_, index) => index).sort((a, b) => lesions[b]!.area - lesions[a]!.area);
  const places = new Int32Array(lesions.length + 1);
  order.forEach((index, place) => places[index + 1] = place + 1);
  const summary = {
    width,
    height,
    threshold,
    area,
    share: area / (width * height),
    box: unionBox(lesions.map(({ box }) => box)),
    meanProbability: area === 0 ? null : total / area,
    maxProbability,
    lesions: order.map((index) => ({
      ...lesions[index]!,
      meanProbability: sums[index + 1]! / lesions[index]!.area,
    })),
    rle: encodeRle(mask),
  };
  // Of a single lesion they are the same.
  if (lesions.length > 1) { for (let at = 0; at < labels.length; at++) labels[at] = places[labels[at]!]!; }
  return { summary, lesionMap: labels };
}
