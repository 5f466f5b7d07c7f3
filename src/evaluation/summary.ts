/**
 * From the images' metrics to those of a whole split.
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

/** What one image's prediction is worth. */
export interface ImageScore {
  /** The image's name. */
  readonly name: string;
  /** Pixels in a row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** Its metrics; null where undefined. */
  readonly metrics: MaskMetrics;
  /** Its right and wrong pixels. */
  readonly pixels: PixelCounts;
  /** Its lesions. */
  readonly lesions: LesionCounts;
}

/** How many lesions are found, missed and false. */
export interface LesionCounts {
  /** Lesions of the true masks. */
  readonly truth: number;
  /** Lesions of the predicted masks. */
  readonly predicted: number;
  /** True lesions of which no pixel is predicted. */
  readonly missed: number;
  /** Predicted lesions of which no pixel is true. */
  readonly false: number;
}

/** One metric over images. */
export interface MetricSummary {
  /** Images of which it is defined; the others are left out. */
  readonly count: number;
  /** Its mean, or null of no images. */
  readonly mean: number | null;
  /** Its median, or null of no images. */
  readonly median: number | null;
  /** The bootstrap interval of the mean, or null of no images. */
  readonly interval: readonly [low: number, high: number] | null;
}

/** What a prediction of a whole split is worth. */
export interface EvaluationSummary {
  /** Images. */
  readonly images: number;
  /** All images' pixels. */
  readonly pixels: PixelCounts;
  /** The metrics of all pixels of all images taken together. */
  readonly pooled: OverlapMetrics;
  /** The accuracy of an answer that marks nothing anywhere: what `pooled.accuracy` must be compared with. */
  readonly baselineAccuracy: number;
  /** All images' lesions. */
  readonly lesions: LesionCounts;
  /** Images whose true mask is not empty. */
  readonly withForeground: {
    /** How many. */
    readonly images: number;
    /** How many of them are predicted empty: their distances and precision are undefined. */
    readonly predictedEmpty: number;
    /** Each metric over these images. */
    readonly metrics: Readonly<Record<MetricName, MetricSummary>>;
  };
  /** Images whose true mask is empty. */
  readonly withoutForeground: {
    /** How many. */
    readonly images: number;
    /** How many of them are predicted empty, rightly. */
    readonly predictedEmpty: number;
    /** Pixels that are predicted in the others. */
    readonly falsePixels: number;
    /** Lesions that are predicted in the others. */
    readonly falseLesions: number;
  };
  /** What the intervals were drawn with. */
  readonly bootstrap: Required<BootstrapOptions>;
}

/** Measures one image's prediction; the errors are those of {@linkcode maskMetrics}. */
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

/** Pixels of the image's true mask. */
export function trueArea({ pixels }: ImageScore): number {
  return pixels.truePositives + pixels.falseNegatives;
}

/** Pixels of the image's predicted mask. */
export function predictedArea({ pixels }: ImageScore): number {
  return pixels.truePositives + pixels.falsePositives;
}

/**
 * Sums images up: pooled over all pixels; by image, over those with tumor alone, since the metrics of an empty
 * truth are undefined or tell another story; and the images without tumor apart. Throws a RangeError for no
 * images and for {@linkcode BootstrapOptions} out of bounds.
 */
export function summarize(
  scores: readonly ImageScore[],
  options: BootstrapOptions = {},
): EvaluationSummary {
  if (scores.length === 0) throw new RangeError("Cannot sum up an evaluation of no images");
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
