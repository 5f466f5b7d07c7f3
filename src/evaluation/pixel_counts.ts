/**
 * The confusion matrix of a mask, and the metrics that follow from it.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { assertImage } from "../image/image.ts";
import type { Mask } from "../image/mask.ts";

/** The confusion matrix in pixels; positive means foreground. */
export interface PixelCounts {
  /** Predicted and true. */
  readonly truePositives: number;
  /** Predicted, not true. */
  readonly falsePositives: number;
  /** True, not predicted. */
  readonly falseNegatives: number;
  /** Neither. */
  readonly trueNegatives: number;
}

/** Metrics from {@linkcode PixelCounts}: each from 0 to 1, null where it would be 0 / 0. */
export interface OverlapMetrics {
  /** The share of correct pixels: `(TP + TN) / (TP + FP + FN + TN)`. */
  readonly accuracy: number | null;
  /** The Dice coefficient, also called F1: `2 TP / (2 TP + FP + FN)`. */
  readonly dice: number | null;
  /** Intersection over union, also called the Jaccard index: `TP / (TP + FP + FN)`. */
  readonly iou: number | null;
  /** The share of the foreground that is found, also called recall: `TP / (TP + FN)`. */
  readonly sensitivity: number | null;
  /** The share of the background that is predicted as background: `TN / (TN + FP)`. */
  readonly specificity: number | null;
  /** The share of the prediction that is foreground: `TP / (TP + FP)`. */
  readonly precision: number | null;
}

/** The counts of no pixels, for sums with {@linkcode addCounts}. */
export const NO_PIXELS: PixelCounts = {
  truePositives: 0,
  falsePositives: 0,
  falseNegatives: 0,
  trueNegatives: 0,
};

/** Throws a TypeError unless both masks have the same size and the matching number of bytes. */
export function assertComparable(predicted: Mask, truth: Mask, action: string): void {
  assertImage(predicted, 1, action);
  assertImage(truth, 1, action);
  if (predicted.width !== truth.width || predicted.height !== truth.height) {
    throw new TypeError(
      `Cannot ${action}: the predicted mask has ${predicted.width} x ${predicted.height} pixels, ` +
        `the true one ${truth.width} x ${truth.height}\nhint: resize one of them with resizeMask`,
    );
  }
}

/** Counts the pixels of two masks, without those of `ignored`. Throws a TypeError if they differ in size. */
export function countPixels(predicted: Mask, truth: Mask, ignored?: Mask): PixelCounts {
  assertComparable(predicted, truth, "compare masks");
  if (ignored !== undefined) assertComparable(ignored, truth, "ignore pixels");
  let pixels = truth.data.length;
  let both = 0, onlyPredicted = 0, onlyTrue = 0;
  for (let i = 0; i < truth.data.length; i++) {
    if (ignored !== undefined && ignored.data[i] !== 0) pixels--;
    else if (predicted.data[i] !== 0) {
      if (truth.data[i] !== 0) both++;
      else onlyPredicted++;
    } else if (truth.data[i] !== 0) onlyTrue++;
  }
  return {
    truePositives: both,
    falsePositives: onlyPredicted,
    falseNegatives: onlyTrue,
    trueNegatives: pixels - both - onlyPredicted - onlyTrue,
  };
}

/** A mask without the pixels of another one of the same size. */
export function withoutPixels(mask: Mask, ignored: Mask): Mask {
  assertComparable(ignored, mask, "ignore pixels");
  return { ...mask, data: mask.data.map((value, at) => ignored.data[at] === 0 ? value : 0) };
}

/** All pixels that are counted. */
export function totalPixels(counts: PixelCounts): number {
  return counts.truePositives + counts.falsePositives + counts.falseNegatives + counts.trueNegatives;
}

/** The sum of two counts. */
export function addCounts(a: PixelCounts, b: PixelCounts): PixelCounts {
  return {
    truePositives: a.truePositives + b.truePositives,
    falsePositives: a.falsePositives + b.falsePositives,
    falseNegatives: a.falseNegatives + b.falseNegatives,
    trueNegatives: a.trueNegatives + b.trueNegatives,
  };
}

/** The metrics of an image, or of the summed (pooled) counts of several. */
export function overlapMetrics(counts: PixelCounts): OverlapMetrics {
  const { truePositives: tp, falsePositives: fp, falseNegatives: fn, trueNegatives: tn } = counts;
  return {
    accuracy: ratio(tp + tn, tp + fp + fn + tn),
    dice: ratio(2 * tp, 2 * tp + fp + fn),
    iou: ratio(tp, tp + fp + fn),
    sensitivity: ratio(tp, tp + fn),
    specificity: ratio(tn, tn + fp),
    precision: ratio(tp, tp + fp),
  };
}

/** The quotient, or null for a denominator of 0. */
export function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}
