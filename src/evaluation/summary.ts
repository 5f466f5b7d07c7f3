/**
 * Scores images, and summarizes the scores of a split.
 *
 * @module
 */
import type { Mask } from "../image/mask.ts";
import { matchLesions } from "./lesions.ts";
import {
  type MaskMetrics,
  maskMetrics,
  METRIC_NAMES,
  type MetricName,
  type MetricOptions,
} from "./metrics.ts";
import {
  addCounts,
  countPixels,
  NO_PIXELS,
  type OverlapMetrics,
  overlapMetrics,
  type PixelCounts,
} from "./pixel_counts.ts";
import { BOOTSTRAP_DEFAULTS, bootstrapMean, type BootstrapOptions, mean, quantile } from "./statistics.ts";

/** The scores of one image. */
export interface ImageScore {
  /** The image's name. */
  readonly name: string;
  /** Width in pixels. */
  readonly width: number;
  /** Height in pixels. */
  readonly height: number;
  /** Its metrics; null where undefined. */
  readonly metrics: MaskMetrics;
  /** Its confusion matrix. */
  readonly pixels: PixelCounts;
  /** Its lesions. */
  readonly lesions: LesionCounts;
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

/** One metric over images. */
export interface MetricSummary {
  /** Images for which it is defined; the others are left out. */
  readonly count: number;
  /** Its mean; null without images. */
  readonly mean: number | null;
  /** Its median; null without images. */
  readonly median: number | null;
  /** The bootstrap interval of the mean; null without images. */
  readonly interval: readonly [low: number, high: number] | null;
}

/** The scores of a whole split. */
export interface EvaluationSummary {
  /** The number of images. */
  readonly images: number;
  /** The confusion matrix over all images. */
  readonly pixels: PixelCounts;
  /** The metrics over all pixels of all images. */
  readonly pooled: OverlapMetrics;
  /** The accuracy of an empty prediction: what `pooled.accuracy` must be compared with. */
  readonly baselineAccuracy: number;
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
}

/** Scores the prediction of one image. Throws as {@linkcode maskMetrics}. */
export function scoreImage(
  name: string,
  predicted: Mask,
  truth: Mask,
  options: MetricOptions = {},
): ImageScore {
  const metrics = maskMetrics(predicted, truth, options);
  const { trueLesions, predictedLesions, missedLesions, falseLesions } = matchLesions(predicted, truth);
  return {
    name,
    width: truth.width,
    height: truth.height,
    metrics,
    pixels: countPixels(predicted, truth),
    lesions: {
      truth: trueLesions.length,
      predicted: predictedLesions.length,
      missed: missedLesions.length,
      false: falseLesions.length,
    },
  };
}

/** The area of the true mask in pixels. */
export function trueArea({ pixels }: ImageScore): number {
  return pixels.truePositives + pixels.falseNegatives;
}

/** The area of the predicted mask in pixels. */
export function predictedArea({ pixels }: ImageScore): number {
  return pixels.truePositives + pixels.falsePositives;
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
  const total = (of: (score: ImageScore) => number, among = scores) =>
    among.reduce((sum, score) => sum + of(score), 0);
  const withForeground = scores.filter((score) => trueArea(score) > 0);
  const withoutForeground = scores.filter((score) => trueArea(score) === 0);
  const empty = (among: readonly ImageScore[]) => among.filter((score) => predictedArea(score) === 0).length;
  return {
    images: scores.length,
    pixels,
    pooled: overlapMetrics(pixels),
    baselineAccuracy: (pixels.trueNegatives + pixels.falsePositives) /
      total(({ width, height }) => width * height),
    lesions: {
      truth: total(({ lesions }) => lesions.truth),
      predicted: total(({ lesions }) => lesions.predicted),
      missed: total(({ lesions }) => lesions.missed),
      false: total(({ lesions }) => lesions.false),
    },
    withForeground: {
      images: withForeground.length,
      predictedEmpty: empty(withForeground),
      metrics: Object.fromEntries(
        METRIC_NAMES.map((name) => [name, summarizeMetric(withForeground, name, bootstrap)]),
      ) as Record<MetricName, MetricSummary>,
    },
    withoutForeground: {
      images: withoutForeground.length,
      predictedEmpty: empty(withoutForeground),
      falsePixels: total(predictedArea, withoutForeground),
      falseLesions: total(({ lesions }) => lesions.false, withoutForeground),
    },
    bootstrap,
  };
}

function summarizeMetric(
  scores: readonly ImageScore[],
  name: MetricName,
  bootstrap: BootstrapOptions,
): MetricSummary {
  const values = scores.map(({ metrics }) => metrics[name]).filter((value) => value !== null);
  if (values.length === 0) return { count: 0, mean: null, median: null, interval: null };
  return {
    count: values.length,
    mean: mean(values),
    median: quantile(values.toSorted((a, b) => a - b), 0.5),
    interval: bootstrapMean(values, bootstrap),
  };
}
