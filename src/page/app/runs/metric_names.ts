/**
 * Names of a log's metrics, as the page calls them. This module is browser compatible.
 *
 * @module
 */

const NAMES: Readonly<Record<string, string>> = {
  loss: "Loss",
  dice: "Dice",
  iou: "IoU",
  accuracy: "Accuracy",
  dice_loss: "Dice loss",
  bce: "Cross-entropy",
  loss_batch_mean: "Loss, mean of batches",
  accuracy_batch_mean: "Accuracy, mean of batches",
  predicted: "Predicted pixels",
  learning_rate: "Learning rate",
  seconds: "Seconds per epoch",
  samples_per_second: "Samples per second",
};

const PARTS: Readonly<Record<string, string>> = { train: "training", valid: "validation" };

/** What the page calls a metric: `valid/dice/tumor` is `Dice of tumor (validation)`; unknown ones keep their name. */
export function metricName(key: string): string {
  const [first, second, ...rest] = key.split("/");
  const part = PARTS[first!];
  if (part === undefined || second === undefined) return NAMES[key] ?? key;
  const name = NAMES[second] ?? second;
  return `${name}${rest.length === 0 ? "" : ` of ${rest.join("/")}`} (${part})`;
}

/** The metrics that come first in a list. */
const FIRST = ["valid/dice", "valid/loss", "train/dice", "train/loss", "learning_rate", "samples_per_second"];

/** The metrics of several logs, the usual ones first. */
export function metricKeys(
  logs: readonly { readonly metrics: Readonly<Record<string, unknown>> }[],
): string[] {
  const found = new Set(logs.flatMap(({ metrics }) => Object.keys(metrics)));
  const others = [...found].filter((key) => !FIRST.includes(key)).sort();
  return [...FIRST.filter((key) => found.has(key)), ...others];
}
