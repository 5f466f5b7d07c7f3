/**
 * Metrics of a predicted mask against the true one. A new metric is a field of {@linkcode MaskMetrics}, an entry of
 * {@linkcode METRICS}, and its computation in {@linkcode maskMetrics}.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Size } from "../image/image.ts";
import type { Mask } from "../image/mask.ts";
import type { Spacing } from "./distance_transform.ts";
import { countPixels, type OverlapMetrics, overlapMetrics, withoutPixels } from "./pixel_counts.ts";
import { type SurfaceMetrics, surfaceMetrics } from "./surface.ts";

/** All metrics of one image; null where undefined, see {@linkcode maskMetrics}. */
export interface MaskMetrics extends OverlapMetrics, SurfaceMetrics {}

/** The name of a metric. */
export type MetricName = keyof MaskMetrics;

/** How reports show a metric. */
export interface MetricDefinition {
  /** Its label. */
  readonly label: string;
  /** Whether it is a distance, in pixels or the unit of the spacing; the others are shares from 0 to 1. */
  readonly isDistance: boolean;
}

/** All metrics, in the order in which reports list them. */
export const METRICS: Readonly<Record<MetricName, MetricDefinition>> = {
  dice: { label: "Dice", isDistance: false },
  iou: { label: "IoU", isDistance: false },
  sensitivity: { label: "sensitivity", isDistance: false },
  precision: { label: "precision", isDistance: false },
  specificity: { label: "specificity", isDistance: false },
  accuracy: { label: "accuracy", isDistance: false },
  hausdorff95: { label: "HD95", isDistance: true },
  averageSurfaceDistance: { label: "avg surface dist", isDistance: true },
};

/** The names of all metrics, in the order of {@linkcode METRICS}. */
export const METRIC_NAMES: readonly MetricName[] = Object.keys(METRICS) as MetricName[];

/** Options of {@linkcode maskMetrics}. */
export interface MetricOptions {
  /**
   * The distance between adjacent rows and between adjacent columns, in this order, as in DICOM's PixelSpacing.
   * Defaults to pixels, `[1, 1]`.
   */
  readonly spacing?: Spacing;
  /** Pixels that count in nothing, such as those that nobody labeled: they belong to neither mask. */
  readonly ignored?: Mask | undefined;
}

/**
 * Compares a predicted mask with the true one; every non-zero byte is foreground.
 *
 * A metric that would be 0 / 0 is null: sensitivity if the truth is empty, precision if the prediction is, Dice and IoU
 * if both are, specificity if the truth covers everything. If only one of the masks is empty, Dice and IoU are 0 and
 * the distances are null. `docs/metrics.md` has the definitions and their sources. Masks are compared without the
 * `ignored` pixels: an outline that crosses them ends at their border, in both masks alike.
 *
 * @throws {TypeError} if the masks differ in size or the spacing is not a pair of numbers
 * @throws {RangeError} if the spacing is not positive
 */
export function maskMetrics(predicted: Mask, truth: Mask, options: MetricOptions = {}): MaskMetrics {
  const { spacing = [1, 1], ignored } = options;
  assertSpacing(spacing);
  const counts = countPixels(predicted, truth, ignored);
  const [inner, outer] = ignored === undefined
    ? [predicted, truth]
    : [withoutPixels(predicted, ignored), withoutPixels(truth, ignored)];
  return { ...overlapMetrics(counts), ...surfaceMetrics(inner!, outer!, spacing) };
}

/** The spacing of the network's pixels, `size` x `size`: they cover the extent of the image. */
export function networkSpacing([rows, columns]: Spacing, image: Size, size: Size): Spacing {
  return [rows * image.height / size.height, columns * image.width / size.width];
}

function assertSpacing(spacing: Spacing): void {
  if (!Array.isArray(spacing) || spacing.length !== 2) {
    throw new TypeError(
      `Cannot measure with a spacing of ${JSON.stringify(spacing)}: ` +
        "expected two numbers, between rows and between columns",
    );
  }
  for (const step of spacing) {
    if (!(Number.isFinite(step) && step > 0)) {
      throw new RangeError(`Cannot measure with a spacing of ${step}: expected positive numbers`);
    }
  }
}
