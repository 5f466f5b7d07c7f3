/**
 * From the metrics of batches to those of an epoch.
 *
 * @module
 */
import type { Metrics } from "../tracking/sink.ts";
import type { BatchMetrics } from "./trainer.ts";

/** Sums over batches, in the order of the batches: a resumed epoch adds up to the same bits. */
export interface MetricSums {
  /** Batches. */
  batches: number;
  /** Samples. */
  samples: number;
  /** Sum of loss times samples. */
  loss: number;
  /** Sum of the loss's Dice part times samples. */
  dice: number;
  /** Sum of binary cross-entropy times samples. */
  bce: number;
  /** Sum of accuracy times samples. */
  accuracy: number;
  /** Sum of batches' losses. */
  batchLoss: number;
  /** Sum of batches' accuracies. */
  batchAccuracy: number;
  /** Pixels predicted and true. */
  overlap: number;
  /** Pixels predicted. */
  predicted: number;
  /** Pixels true. */
  truth: number;
}

/** Sums of nothing. */
export function emptySums(): MetricSums {
  return {
    batches: 0,
    samples: 0,
    loss: 0,
    dice: 0,
    bce: 0,
    accuracy: 0,
    batchLoss: 0,
    batchAccuracy: 0,
    overlap: 0,
    predicted: 0,
    truth: 0,
  };
}

/** Adds a batch of `samples` images. */
export function addBatch(sums: MetricSums, metrics: BatchMetrics, samples: number): void {
  sums.batches++;
  sums.samples += samples;
  sums.loss += metrics.loss * samples;
  sums.dice += metrics.dice * samples;
  sums.bce += metrics.bce * samples;
  sums.accuracy += metrics.accuracy * samples;
  sums.batchLoss += metrics.loss;
  sums.batchAccuracy += metrics.accuracy;
  sums.overlap += metrics.overlap;
  sums.predicted += metrics.predicted;
  sums.truth += metrics.truth;
}

/**
 * The epoch's metrics under names that begin with `part`:
 * - `loss`, `dice_loss`, `bce`, `accuracy`: means of the batches' values weighted by their samples, so that a short
 *   last batch counts as what it is;
 * - `loss_batch_mean`, `accuracy_batch_mean`: plain means of the batches' values, as the original computes them;
 * - `dice`, `iou`: of all predicted and true pixels of the epoch, `2 overlap / (predicted + truth)` and
 *   `overlap / union`, of rounded probabilities; NaN where nothing is predicted and nothing true.
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
