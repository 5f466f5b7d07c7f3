/**
 * Counts lesions that are found, missed and falsely predicted.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { type Components, labelComponents, type Lesion } from "../image/components.ts";
import type { Mask } from "../image/mask.ts";
import { assertComparable } from "./pixel_counts.ts";

/** The lesions of one image, matched between prediction and truth. */
export interface LesionMatch {
  /** Lesions of the true mask. */
  readonly trueLesions: readonly Lesion[];
  /** Lesions of the predicted mask. */
  readonly predictedLesions: readonly Lesion[];
  /** True lesions without a predicted pixel. */
  readonly missedLesions: readonly Lesion[];
  /** Predicted lesions without a true pixel. */
  readonly falseLesions: readonly Lesion[];
}

/**
 * Matches lesions: one common pixel makes a true lesion found and a predicted one correct, so one predicted lesion may
 * find two true ones. Throws a TypeError if the masks differ in size.
 */
export function matchLesions(predicted: Mask, truth: Mask): LesionMatch {
  assertComparable(predicted, truth, "match lesions");
  const predictedParts = labelComponents(predicted);
  const trueParts = labelComponents(truth);
  return {
    trueLesions: trueParts.lesions,
    predictedLesions: predictedParts.lesions,
    missedLesions: untouched(trueParts, predicted),
    falseLesions: untouched(predictedParts, truth),
  };
}

/** The lesions that share no pixel with `other`. */
function untouched({ labels, lesions }: Components, other: Mask): Lesion[] {
  const touched = new Uint8Array(lesions.length + 1);
  labels.forEach((label, at) => {
    if (other.data[at] !== 0) touched[label] = 1;
  });
  return lesions.filter((_, index) => touched[index + 1] === 0);
}
