/**
 * How well a predicted mask fits the true one.
 *
 * @module
 */
import type { Mask } from "../image/mask.ts";
import type { Spacing } from "./distance_transform.ts";
import { countPixels, type OverlapMetrics, overlapMetrics } from "./pixel_counts.ts";
import { type SurfaceMetrics, surfaceMetrics } from "./surface.ts";

/** All metrics of one image; null where undefined, see {@linkcode maskMetrics}. */
export interface MaskMetrics extends OverlapMetrics, SurfaceMetrics {}

/** The name of a metric. */
export type MetricName = keyof MaskMetrics;

/** All metrics, in the order in which reports list them. */
export const METRIC_NAMES: readonly MetricName[] = [
  "dice",
  "iou",
  "sensitivity",
  "precision",
  "specificity",
  "accuracy",
  "hausdorff95",
  "averageSurfaceDistance",
];

/** How {@linkcode maskMetrics} measures. */
export interface MetricOptions {
  /**
   * Distance between two rows and between two columns, in this order, as in DICOM's PixelSpacing: the unit of the
   * distances. Pixels, `[1, 1]`, unless given.
   */
  readonly spacing?: Spacing;
}

/**
 * Compares a predicted mask with the true one; every byte that is not 0 belongs to the mask.
 *
 * A metric that would be 0 divided by 0 is null: sensitivity where the truth is empty, precision where the
 * prediction is, Dice and IoU where both are, specificity where the truth covers all. Where one of two masks is
 * empty, Dice and IoU are 0; the distances are null as soon as one is, since there is nothing to be far from.
 * `docs/metrics.md` has the definitions and their sources.
 *
 * Throws a TypeError for masks of different sizes or a spacing of another kind, a RangeError for a spacing that is
 * not positive.
 */
export function maskMetrics(predicted: Mask, truth: Mask, options: MetricOptions = {}): MaskMetrics {
  const spacing = options.spacing ?? [1, 1];
  assertSpacing(spacing);
  const counts = countPixels(predicted, truth);
  return { ...overlapMetrics(counts), ...surfaceMetrics(predicted, truth, spacing) };
}

function assertSpacing(spacing: Spacing): void {
  if (!Array.isArray(spacing) || spacing.length !== 2) {
    throw new TypeError(
      `Cannot measure with a spacing of ${JSON.stringify(spacing)}: ` +
        "two numbers are wanted, from row to row and from column to column",
    );
  }
  for (const step of spacing) {
    if (!(Number.isFinite(step) && step > 0)) {
      throw new RangeError(`Cannot measure with a spacing of ${step}: positive numbers are wanted`);
    }
  }
}
