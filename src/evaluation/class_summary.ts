/**
 * Summarizes each of several classes over the images of a split.
 *
 * @module
 */
import {
  addLesions,
  type ClassScore,
  type ImageScore,
  type LesionCounts,
  meanOverClasses,
  predictedArea,
  trueArea,
} from "./image_score.ts";
import { type MetricSummary, summarizeMetrics } from "./metric_summary.ts";
import { METRIC_NAMES, type MetricName } from "./metrics.ts";
import {
  addCounts,
  NO_PIXELS,
  type OverlapMetrics,
  overlapMetrics,
  type PixelCounts,
  ratio,
  totalPixels,
} from "./pixel_counts.ts";
import type { BootstrapOptions } from "./statistics.ts";

/** The scores of one class over a split. */
export interface ClassSummary {
  /** The name of the class. */
  readonly name: string;
  /** Its confusion matrix over all images. */
  readonly pixels: PixelCounts;
  /** Its metrics over all pixels of all images. */
  readonly pooled: OverlapMetrics;
  /** The accuracy of predicting none of it; null if no pixel counts. */
  readonly baselineAccuracy: number | null;
  /** Its lesions in all images. */
  readonly lesions: LesionCounts;
  /**
   * Each metric over the images that have the class in truth or prediction. Where only one of them has it, Dice and
   * IoU are 0, as in nnU-Net.
   */
  readonly perImage: Readonly<Record<MetricName, MetricSummary>>;
  /** Images that have the class. */
  readonly present: {
    /** Their number. */
    readonly images: number;
    /** In how many of them none of it is predicted. */
    readonly predictedEmpty: number;
  };
  /** Images that do not have it. */
  readonly absent: {
    /** Their number. */
    readonly images: number;
    /** In how many of them none of it is predicted, which is correct. */
    readonly predictedEmpty: number;
    /** Pixels predicted in the others. */
    readonly falsePixels: number;
    /** Lesions predicted in the others. */
    readonly falseLesions: number;
  };
}

/** What the classes of a split have in common. */
export interface ClassMeans {
  /** The means over the classes of their pooled metrics. */
  readonly pooled: OverlapMetrics;
  /** The means over the classes of the means over images: nnU-Net's `foreground_mean`. */
  readonly perImage: Readonly<Record<MetricName, number | null>>;
}

/**
 * Summarizes each class of images that have the same ones.
 *
 * @throws {RangeError} for {@linkcode BootstrapOptions} out of bounds
 */
export function summarizeClasses(scores: readonly ImageScore[], bootstrap: BootstrapOptions): ClassSummary[] {
  return (scores[0]?.classes ?? []).map(({ name }, index) =>
    summarizeClass(name, scores.map(({ classes }) => classes![index]!), bootstrap)
  );
}

function summarizeClass(
  name: string,
  scores: readonly ClassScore[],
  bootstrap: BootstrapOptions,
): ClassSummary {
  const pixels = scores.reduce((sum, score) => addCounts(sum, score.pixels), NO_PIXELS);
  const present = scores.filter((score) => trueArea(score) > 0);
  const absent = scores.filter((score) => trueArea(score) === 0);
  const falsely = absent.filter((score) => predictedArea(score) > 0);
  return {
    name,
    pixels,
    pooled: overlapMetrics(pixels),
    baselineAccuracy: ratio(pixels.trueNegatives + pixels.falsePositives, totalPixels(pixels)),
    lesions: addLesions(scores.map(({ lesions }) => lesions)),
    perImage: summarizeMetrics([...present, ...falsely], bootstrap),
    present: {
      images: present.length,
      predictedEmpty: present.filter((score) => predictedArea(score) === 0).length,
    },
    absent: {
      images: absent.length,
      predictedEmpty: absent.length - falsely.length,
      falsePixels: falsely.reduce((sum, score) => sum + predictedArea(score), 0),
      falseLesions: falsely.reduce((sum, { lesions }) => sum + lesions.predicted, 0),
    },
  };
}

/** The means over classes; those that no image has, in truth or prediction, are left out. */
export function meanOfClasses(classes: readonly ClassSummary[]): ClassMeans {
  const names = Object.keys(classes[0]!.pooled) as (keyof OverlapMetrics)[];
  return {
    pooled: meanOverClasses(names, classes, ({ pooled }, name) => pooled[name]),
    perImage: meanOverClasses(METRIC_NAMES, classes, ({ perImage }, name) => perImage[name].mean),
  };
}
