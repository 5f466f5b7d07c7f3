/**
 * From the metrics of batches to those of an epoch.
 *
 * @module
 */
import {
  CLASS_FIELDS,
  type ClassCounts,
  type LossRecord,
  RECORD_FIELDS,
  type RecordField,
} from "../../kernels/loss/definition.ts";
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
  /** The counts of each class; absent for a single one. */
  classes?: ClassCounts[];
}

const COMBINED_FIELDS = Object.entries(RECORD_FIELDS)
  .filter(([, combination]) => combination !== "none") as [CombinedField, "mean" | "sum"][];

/** The sums before the first batch. */
export function emptySums(classes = 1): MetricSums {
  const sums = { batches: 0, samples: 0, batchLoss: 0, batchAccuracy: 0 };
  return {
    ...sums,
    ...Object.fromEntries(COMBINED_FIELDS.map(([name]) => [name, 0])) as Record<CombinedField, number>,
    ...(classes > 1 ? { classes: Array.from({ length: classes }, emptyCounts) } : {}),
  };
}

function emptyCounts(): ClassCounts {
  return { overlap: 0, predicted: 0, truth: 0 };
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
  sums.classes?.forEach((counts, index) => {
    for (const name of CLASS_FIELDS) counts[name] += metrics.classes![index]![name];
  });
}

/**
 * The epoch's metrics under names that begin with `part`:
 * - `loss`, `dice_loss`, `bce`, `accuracy`: means of the batches' values weighted by their samples, so that a short
 *   last batch weighs less;
 * - `loss_batch_mean`, `accuracy_batch_mean`: plain means of the batches' values, as the original computes them;
 * - `dice`, `iou`: of all predicted and true pixels of the epoch, `2 overlap / (predicted + truth)` and
 *   `overlap / union`, of rounded probabilities; NaN if nothing is predicted and nothing is true.
 *
 * Of several classes, `dice` and `iou` are means over the classes that are predicted or true, those of each are
 * `dice/NAME` and `iou/NAME`, and `predicted` counts the pixels that are predicted as any of them.
 *
 * @param names of the classes; read only if there are several
 */
export function epochMetrics(
  part: "train" | "valid",
  sums: MetricSums,
  names: readonly string[] = [],
): Metrics {
  const { batches, samples, classes } = sums;
  const quality = classes ? meanQuality(classes, names) : qualityOf(sums);
  const values = {
    loss: sums.loss / samples,
    accuracy: sums.accuracy / samples,
    ...quality,
    dice_loss: sums.dice / samples,
    bce: sums.bce / samples,
    loss_batch_mean: sums.batchLoss / batches,
    accuracy_batch_mean: sums.batchAccuracy / batches,
  };
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${part}/${name}`, value]));
}

/** Dice and IoU of all pixels of a class; NaN if nothing is predicted and nothing is true. */
function qualityOf({ overlap, predicted, truth }: ClassCounts): { dice: number; iou: number } {
  return {
    dice: 2 * overlap / (predicted + truth),
    iou: overlap / (predicted + truth - overlap),
  };
}

/** Dice and IoU of each class, and their means over the classes that have any. */
/** A class's name as the end of a metric's, which neither dot nor slash may be. */
function keyOf(name: string): string {
  return name.replace(/[./]+$/, (end) => "_".repeat(end.length));
}

function meanQuality(classes: readonly ClassCounts[], names: readonly string[]): Record<string, number> {
  const qualities = classes.map(qualityOf);
  const mean = (name: "dice" | "iou") => {
    const defined = qualities.map((quality) => quality[name]).filter((value) => !Number.isNaN(value));
    return defined.reduce((sum, value) => sum + value, 0) / defined.length;
  };
  const each = (name: "dice" | "iou") =>
    qualities.map((quality, index) => [`${name}/${keyOf(names[index]!)}`, quality[name]] as const);
  return {
    dice: mean("dice"),
    iou: mean("iou"),
    predicted: classes.reduce((sum, { predicted }) => sum + predicted, 0),
    ...Object.fromEntries([...each("dice"), ...each("iou")]),
  };
}

/** A metric of each class by its name, in the order of the classes; none for a single class. */
export function metricByClass(
  metrics: Metrics,
  part: "train" | "valid",
  metric: "dice" | "iou",
): [string, number][] {
  const prefix = `${part}/${metric}/`;
  return Object.entries(metrics)
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, value]) => [key.slice(prefix.length), value ?? NaN]);
}

/** Most that means of 32-bit shares differ from the exact share. */
const ROUNDING = 1e-6;

/**
 * Whether validation predicted no foreground pixel. The metrics of a single class hold no count of them, but without any
 * the accuracy is the split's share of background; every wrong one lowers it.
 */
export function predictsNothing(metrics: Metrics, background: number): boolean {
  const { "valid/dice": dice, "valid/accuracy": accuracy, "valid/predicted": predicted } = metrics;
  if (predicted !== undefined) return predicted === 0;
  return !(dice! > 0) && background - accuracy! < ROUNDING;
}
