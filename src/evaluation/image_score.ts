/**
 * Scores the prediction of an image: as a whole, or per class.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { ImageAppearance } from "../appearance/appearance.ts";
import type { Mask } from "../image/mask.ts";
import type { Adaptation } from "../prediction/adapt.ts";
import { matchLesions } from "./lesions.ts";
import { type MaskMetrics, maskMetrics, METRIC_NAMES, type MetricOptions } from "./metrics.ts";
import { addCounts, countPixels, NO_PIXELS, type PixelCounts, withoutPixels } from "./pixel_counts.ts";

/** What is measured of the masks of one class, or of all classes of an image together. */
export interface MaskScore {
  /** The metrics; null where undefined. */
  readonly metrics: MaskMetrics;
  /** The confusion matrix. */
  readonly pixels: PixelCounts;
  /** The lesions. */
  readonly lesions: LesionCounts;
}

/**
 * The scores of one image. Of several classes, the metrics are means over those that the truth or the prediction has,
 * and pixels and lesions are sums.
 */
export interface ImageScore extends MaskScore {
  /** The image's name. */
  readonly name: string;
  /** Width in pixels. */
  readonly width: number;
  /** Height in pixels. */
  readonly height: number;
  /** The scores of each class, if there are several, in the order of the classes. */
  readonly classes?: readonly ClassScore[];
  /** How far the image is from the training images; absent if the model's file does not tell. */
  readonly appearance?: ImageAppearance;
  /** What was done to its intensities, by one model at least; absent for nothing. */
  readonly adapted?: Adaptation;
}

/** The score of one of several classes. */
export interface ClassScore extends MaskScore {
  /** The name of the class. */
  readonly name: string;
}

/** Numbers of lesions. */
export interface LesionCounts {
  /** Lesions of the true masks. */
  readonly truth: number;
  /** Lesions of the predicted masks. */
  readonly predicted: number;
  /** True lesions without a predicted pixel. */
  readonly missed: number;
  /** Predicted lesions without a true pixel. */
  readonly false: number;
}

/** The predicted and the true mask of a class. */
export interface ClassMasks {
  /** The name of the class. */
  readonly name: string;
  /** Its predicted pixels. */
  readonly predicted: Mask;
  /** Its true pixels. */
  readonly truth: Mask;
}

/** Scores the prediction of one image. Throws as {@linkcode maskMetrics}. */
export function scoreImage(
  name: string,
  predicted: Mask,
  truth: Mask,
  options: MetricOptions = {},
): ImageScore {
  const { width, height } = truth;
  return { name, width, height, ...scoreMasks(predicted, truth, options) };
}

/**
 * Scores an image of several classes, each against its own mask. Throws as {@linkcode maskMetrics}, and a RangeError
 * for no classes.
 */
export function scoreClasses(
  name: string,
  masks: readonly ClassMasks[],
  options: MetricOptions = {},
): ImageScore {
  if (masks.length === 0) throw new RangeError("Cannot score an image of no classes");
  const classes = masks.map(({ name, predicted, truth }): ClassScore => ({
    name,
    ...scoreMasks(predicted, truth, options),
  }));
  const { width, height } = masks[0]!.truth;
  return {
    name,
    width,
    height,
    metrics: meanOverClasses(METRIC_NAMES, classes, ({ metrics }, metric) => metrics[metric]),
    pixels: classes.reduce((sum, { pixels }) => addCounts(sum, pixels), NO_PIXELS),
    lesions: addLesions(classes.map(({ lesions }) => lesions)),
    classes,
  };
}

function scoreMasks(predicted: Mask, truth: Mask, options: MetricOptions): MaskScore {
  const metrics = maskMetrics(predicted, truth, options);
  const { ignored } = options;
  const pixels = countPixels(predicted, truth, ignored);
  const match = ignored === undefined
    ? matchLesions(predicted, truth)
    : matchLesions(withoutPixels(predicted, ignored), withoutPixels(truth, ignored));
  return {
    metrics,
    pixels,
    lesions: {
      truth: match.trueLesions.length,
      predicted: match.predictedLesions.length,
      missed: match.missedLesions.length,
      false: match.falseLesions.length,
    },
  };
}

/**
 * Means of values over classes. A class that neither the truth nor the prediction has is left out, as in nnU-Net and
 * Metrics Reloaded: its Dice is undefined, and its specificity of 1 says nothing. A value that is null is left out, too.
 */
export function meanOverClasses<Name extends string, Class extends { readonly pixels: PixelCounts }>(
  names: readonly Name[],
  classes: readonly Class[],
  valueOf: (of: Class, name: Name) => number | null,
): Record<Name, number | null> {
  const present = classes.filter((score) => trueArea(score) + predictedArea(score) > 0);
  const counted = present.length > 0 ? present : classes;
  const entries = names.map((name) => {
    const values = counted.map((score) => valueOf(score, name)).filter((value) => value !== null);
    return [name, values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length];
  });
  return Object.fromEntries(entries) as Record<Name, number | null>;
}

/** The area of the true mask in pixels. */
export function trueArea({ pixels }: Pick<MaskScore, "pixels">): number {
  return pixels.truePositives + pixels.falseNegatives;
}

/** The area of the predicted mask in pixels. */
export function predictedArea({ pixels }: Pick<MaskScore, "pixels">): number {
  return pixels.truePositives + pixels.falsePositives;
}

/** The sums of lesion counts. */
export function addLesions(counts: readonly LesionCounts[]): LesionCounts {
  const total = (of: keyof LesionCounts) => counts.reduce((sum, lesions) => sum + lesions[of], 0);
  return {
    truth: total("truth"),
    predicted: total("predicted"),
    missed: total("missed"),
    false: total("false"),
  };
}
