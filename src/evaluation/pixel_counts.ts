/**
 * Right and wrong pixels, and the metrics that follow from their counts alone.
 *
 * @module
 */
import { assertImage } from "../image/image.ts";
import type { Mask } from "../image/mask.ts";

/** How many pixels a prediction gets right and wrong; a positive is a pixel of a tumor. */
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

/** What follows from {@linkcode PixelCounts}: each from 0 to 1, null where it would be 0 divided by 0. */
export interface OverlapMetrics {
  /** The share of all pixels that are right: `(TP + TN) / (TP + FP + FN + TN)`. */
  readonly accuracy: number | null;
  /** Dice's coefficient, also called F1: `2 TP / (2 TP + FP + FN)`. */
  readonly dice: number | null;
  /** Intersection over union, also called Jaccard's index: `TP / (TP + FP + FN)`. */
  readonly iou: number | null;
  /** The share of the tumor that is found, also called recall: `TP / (TP + FN)`. */
  readonly sensitivity: number | null;
  /** The share of the background that is left alone: `TN / (TN + FP)`. */
  readonly specificity: number | null;
  /** The share of the prediction that is tumor: `TP / (TP + FP)`. */
  readonly precision: number | null;
}

/** Counts nothing: what {@linkcode addCounts} begins with. */
export const NO_PIXELS: PixelCounts = {
  truePositives: 0,
  falsePositives: 0,
  falseNegatives: 0,
  trueNegatives: 0,
};

/** Throws a TypeError unless both masks have one size and as many bytes as it says. */
export function assertComparable(predicted: Mask, truth: Mask, action: string): void {
  assertImage(predicted, 1, action);
  assertImage(truth, 1, action);
  if (predicted.width !== truth.width || predicted.height !== truth.height) {
    throw new TypeError(
      `Cannot ${action}: the predicted mask has ${predicted.width} x ${predicted.height} pixels, ` +
        `the true one ${truth.width} x ${truth.height}\nhint: bring one to the other's size with resizeMask`,
    );
  }
}

/** Counts right and wrong pixels. Throws a TypeError for masks of different sizes. */
export function countPixels(predicted: Mask, truth: Mask): PixelCounts {
  assertComparable(predicted, truth, "compare masks");
  const pixels = truth.data.length;
  let both = 0, onlyPredicted = 0, onlyTrue = 0;
  for (let i = 0; i < pixels; i++) {
    if (predicted.data[i] !== 0) {
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

/** The counts of two images taken together. */
export function addCounts(a: PixelCounts, b: PixelCounts): PixelCounts {
  return {
    truePositives: a.truePositives + b.truePositives,
    falsePositives: a.falsePositives + b.falsePositives,
    falseNegatives: a.falseNegatives + b.falseNegatives,
    trueNegatives: a.trueNegatives + b.trueNegatives,
  };
}

/** The metrics of an image, or of many images' counts added up (pooled). */
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

/** A share, or null of nothing. */
export function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}
