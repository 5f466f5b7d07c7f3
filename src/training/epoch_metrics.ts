/**
 * From the metrics of batches to those of an epoch.
 *
 * @module
 */
import { type LossRecord, RECORD_FIELDS, type RecordField } from "../../kernels/loss/definition.ts";
import type { Metrics } from "../tracking/backend.ts";

/** Fields of the record that combine over batches. */
type CombinedField = Exclude<RecordField, "pixels">;

/**
 * Sums over batches, in the order of the batches, so that a resumed epoch has the same bits: of means (loss, dice, bce,
 * accuracy) times samples, and of counts (overlap, predicted, truth).
 */
export interface MetricSums extends Record<CombinedField, number> {
  /** Batches. */
  batches: number;
  /** Samples. */
  samples: number;
  /** Sum of the batches' losses. */
  batchLoss: number;
  /** Sum of the batches' accuracies. */
  batchAccuracy: number;
}

const COMBINED_FIELDS = Object.entries(RECORD_FIELDS)
  .filter(([, combination]) => combination !== "none") as [CombinedField, "mean" | "sum"][];

/** The sums before the first batch. */
export function emptySums(): MetricSums {
  const sums = { batches: 0, samples: 0, batchLoss: 0, batchAccuracy: 0 };
  return { ...sums, ...Object.fromEntries(COMBINED_FIELDS.map(([name]) => [name, 0])) } as MetricSums;
}

/** Adds a batch of `samples` images. */
export function addBatch(sums: MetricSums, metrics: LossRecord, samples: number): void {
  sums.batches++;
  sums.samples += samples;
  sums.batchLoss += metrics.loss;
  sums.batchAccuracy += metrics.accuracy;
  for (const [name, combination] of COMBINED_FIELDS) {
    sums[name] += combination === "mean" ? metrics[name] * samples : metrics[name];
  }
}

/**
 * The epoch's metrics under names that begin with `part`:
 * - `loss`, `dice_loss`, `bce`, `accuracy`: means of the batches' values weighted by their samples, so that a short
 *   last batch weighs less;
 * - `loss_batch_mean`, `accuracy_batch_mean`: plain means of the batches' values, as the original computes them;
 * - `dice`, `iou`: of all predicted and true pixels of the epoch, `2 overlap / (predicted + truth)` and
 *   `overlap / union`, of rounded probabilities; NaN if nothing is predicted and nothing is true.
 */
export function epochMetrics(part: "train" | "valid", sums: MetricSums): Metrics {
  const { batches, samples, overlap, predicted, truth } = sums;
  const values = {
    loss: sums.loss / samples,
    accuracy: sums.accuracy / samples,
    dice: 2 * overlap / (predicted + truth),
    iou: overlap / (predicted + truth - overlap),
    dice_loss: sums.dice / samples,
    bce: sums.bce / samples,
    loss_batch_mean: sums.batchLoss / batches,
    accuracy_batch_mean: sums.batchAccuracy / batches,
  };
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${part}/${name}`, value]));
}

/** Most that means of 32-bit shares differ from the exact share. */
const ROUNDING = 1e-6;

/**
 * Whether validation predicted no foreground pixel. The metrics hold no count of them, but without any the accuracy is
 * the split's share of background; every wrong one lowers it.
 */
export function predictsNothing(metrics: Metrics, background: number): boolean {
  const { "valid/dice": dice, "valid/accuracy": accuracy } = metrics;
  return !(dice! > 0) && background - accuracy! < ROUNDING;
}
