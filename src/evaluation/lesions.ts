/**
 * Lesions found, missed and false.
 *
 * @module
 */
import { type Components, labelComponents, type Lesion } from "../image/components.ts";
import type { Mask } from "../image/mask.ts";
import { assertComparable } from "./pixel_counts.ts";

/** What a prediction makes of the lesions of one image. */
export interface LesionMatch {
  /** Lesions of the true mask. */
  readonly trueLesions: readonly Lesion[];
  /** Lesions of the predicted mask. */
  readonly predictedLesions: readonly Lesion[];
  /** True lesions of which no pixel is predicted. */
  readonly missedLesions: readonly Lesion[];
  /** Predicted lesions of which no pixel is true. */
  readonly falseLesions: readonly Lesion[];
}

/**
 * Matches lesions: one common pixel is enough for a true lesion to be found and for a predicted one to be real, so
 * one predicted lesion may find two true ones. Throws a TypeError for masks of different sizes.
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
