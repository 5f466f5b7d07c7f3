/**
 * Summarizes the scores of a split.
 *
 * @module
 */
import { type ClassMeans, type ClassSummary, meanOfClasses, summarizeClasses } from "./class_summary.ts";
import { addLesions, type ImageScore, type LesionCounts, predictedArea, trueArea } from "./image_score.ts";
import { type MetricSummary, summarizeMetrics } from "./metric_summary.ts";
import type { MetricName } from "./metrics.ts";
import {
  addCounts,
  NO_PIXELS,
  type OverlapMetrics,
  overlapMetrics,
  type PixelCounts,
  ratio,
  totalPixels,
} from "./pixel_counts.ts";
import { BOOTSTRAP_DEFAULTS, type BootstrapOptions } from "./statistics.ts";

/**
 * The scores of a whole split. Of several classes, pixels and lesions are summed over them, the pooled metrics are the
 * mean of theirs, and those by image are of the means over the classes of each image.
 */
export interface EvaluationSummary {
  /** The number of images. */
  readonly images: number;
  /** The confusion matrix over all images. */
  readonly pixels: PixelCounts;
  /** The metrics over all pixels of all images. */
  readonly pooled: OverlapMetrics;
  /** The accuracy of an empty prediction: what `pooled.accuracy` must be compared with; null if no pixel counts. */
  readonly baselineAccuracy: number | null;
  /** The lesions of all images. */
  readonly lesions: LesionCounts;
  /** Images whose true mask is not empty. */
  readonly withForeground: {
    /** Their number. */
    readonly images: number;
    /** How many of them are predicted empty, so that distances and precision are undefined. */
    readonly predictedEmpty: number;
    /** Each metric over these images. */
    readonly metrics: Readonly<Record<MetricName, MetricSummary>>;
  };
  /** Images whose true mask is empty. */
  readonly withoutForeground: {
    /** Their number. */
    readonly images: number;
    /** How many of them are predicted empty, which is correct. */
    readonly predictedEmpty: number;
    /** Pixels predicted in the others. */
    readonly falsePixels: number;
    /** Lesions predicted in the others. */
    readonly falseLesions: number;
  };
  /** The options of the bootstrap intervals. */
  readonly bootstrap: Required<BootstrapOptions>;
  /** The scores of each class, if there are several. */
  readonly classes?: readonly ClassSummary[];
  /** The means over the classes. */
  readonly classMeans?: ClassMeans;
}

/**
 * Summarizes images: pooled over all pixels; per image over those with foreground only, since the metrics of an empty
 * truth are undefined or mean something else; and the images without foreground separately. Throws a RangeError for
 * no images and for {@linkcode BootstrapOptions} out of bounds.
 */
export function summarize(
  scores: readonly ImageScore[],
  options: BootstrapOptions = {},
): EvaluationSummary {
  if (scores.length === 0) throw new RangeError("Cannot summarize an evaluation of no images");
  const bootstrap = { ...BOOTSTRAP_DEFAULTS, ...options };
  const pixels = scores.reduce((sum, score) => addCounts(sum, score.pixels), NO_PIXELS);
  const classes = summarizeClasses(scores, bootstrap);
  const classMeans = classes.length === 0 ? null : meanOfClasses(classes);
  const total = (of: (score: ImageScore) => number, among: readonly ImageScore[]) =>
    among.reduce((sum, score) => sum + of(score), 0);
  const withForeground = scores.filter((score) => trueArea(score) > 0);
  const withoutForeground = scores.filter((score) => trueArea(score) === 0);
  const empty = (among: readonly ImageScore[]) => among.filter((score) => predictedArea(score) === 0).length;
  return {
    images: scores.length,
    pixels,
    pooled: classMeans?.pooled ?? overlapMetrics(pixels),
    baselineAccuracy: ratio(pixels.trueNegatives + pixels.falsePositives, totalPixels(pixels)),
    lesions: addLesions(scores.map(({ lesions }) => lesions)),
    withForeground: {
      images: withForeground.length,
      predictedEmpty: empty(withForeground),
      metrics: summarizeMetrics(withForeground, bootstrap),
    },
    withoutForeground: {
      images: withoutForeground.length,
      predictedEmpty: empty(withoutForeground),
      falsePixels: total(predictedArea, withoutForeground),
      falseLesions: total(({ lesions }) => lesions.false, withoutForeground),
    },
    bootstrap,
    ...(classMeans && { classes, classMeans }),
  };
}
