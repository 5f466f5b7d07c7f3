/**
 * An evaluation as people read it on a terminal.
 *
 * @module
 */
import type { MetricName } from "./metrics.ts";
import type { EvaluationSummary, MetricSummary } from "./summary.ts";

/** How {@linkcode formatSummary} writes. */
export interface SummaryTextOptions {
  /** The unit of the distances; `px` unless given. */
  readonly unit?: string;
}

const LABELS: Readonly<Record<MetricName, string>> = {
  dice: "Dice",
  iou: "IoU",
  sensitivity: "sensitivity",
  precision: "precision",
  specificity: "specificity",
  accuracy: "accuracy",
  hausdorff95: "HD95",
  averageSurfaceDistance: "avg surface dist",
};

const DISTANCES: readonly MetricName[] = ["hausdorff95", "averageSurfaceDistance"];

/** Writes the summary as lines of plain text, none longer than 80 characters; undefined values are a dash. */
export function formatSummary(summary: EvaluationSummary, options: SummaryTextOptions = {}): string {
  const { unit = "px" } = options;
  const { withForeground, withoutForeground, lesions } = summary;
  const lines = [
    `${count(summary.images, "image")}: ${withForeground.images} with foreground, ` +
    `${withoutForeground.images} without`,
    "",
    ...pooledTable(summary),
  ];
  if (withForeground.images > 0) lines.push("", ...imageTable(summary, unit));
  lines.push(
    "",
    `lesions      ${lesions.truth} true, ${lesions.predicted} predicted: ` +
      `${lesions.missed} missed, ${lesions.false} false`,
  );
  if (withForeground.predictedEmpty > 0) {
    lines.push(
      `foreground   ${withForeground.predictedEmpty} of ${
        count(withForeground.images, "image")
      } predicted empty`,
    );
  }
  const { images, predictedEmpty, falseLesions, falsePixels } = withoutForeground;
  if (images > 0) {
    const others = predictedEmpty === images
      ? ""
      : `; in the others ${count(falseLesions, "lesion")}, ${count(falsePixels, "pixel")}`;
    lines.push(`background   ${predictedEmpty} of ${count(images, "image")} predicted empty${others}`);
  }
  return lines.map((line) => line.trimEnd() + "\n").join("");
}

function pooledTable({ pooled, baselineAccuracy }: EvaluationSummary): string[] {
  const names = ["dice", "iou", "sensitivity", "precision", "specificity"] as const;
  return [
    "all pixels together",
    ...names.map((name) => `  ${LABELS[name].padEnd(17)}${fixed(pooled[name], 4)}`),
    `  ${LABELS.accuracy.padEnd(17)}${fixed(pooled.accuracy, 4)}   ` +
    `(all background: ${fixed(baselineAccuracy, 4)})`,
  ];
}

function imageTable({ withForeground, bootstrap }: EvaluationSummary, unit: string): string[] {
  const { images, metrics } = withForeground;
  const title = "per image with foreground";
  const interval = `${Number((100 * bootstrap.level).toFixed(2))} % interval of the mean`;
  const entries = Object.entries(LABELS) as [MetricName, string][];
  const rows = entries.map(([name, label]) => {
    const distance = DISTANCES.includes(name);
    return imageRow(
      distance ? `${label} ${unit}` : label,
      metrics[name],
      distance ? 2 : 4,
      images,
    );
  });
  return [`${title.padEnd(25)}${cell("mean")}${cell("median")}   ${interval}`, ...rows];
}

/** A metric's line; where it is undefined for some images, the line says of how many it speaks. */
function imageRow(label: string, metric: MetricSummary, digits: number, images: number): string {
  const [low, high] = metric.interval ?? [null, null];
  const numbers = cell(fixed(metric.mean, digits)) + cell(fixed(metric.median, digits));
  const some = metric.count < images ? `   (of ${metric.count})` : "";
  return `  ${label.padEnd(23)}${numbers}   ${fixed(low, digits)} to ${fixed(high, digits)}${some}`;
}

function cell(text: string): string {
  return text.padStart(10);
}

function fixed(value: number | null, digits: number): string {
  return value === null ? "-" : value.toFixed(digits);
}

function count(number: number, noun: string): string {
  return `${number.toLocaleString("en-US")} ${noun}${number === 1 ? "" : "s"}`;
}
