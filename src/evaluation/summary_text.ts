/**
 * The summary of an evaluation as text for the terminal.
 *
 * @module
 */
import { formatClassTable } from "./class_text.ts";
import { METRIC_NAMES, METRICS } from "./metrics.ts";
import type { MetricSummary } from "./metric_summary.ts";
import type { EvaluationSummary } from "./summary.ts";

/** Options of {@linkcode formatSummary}. */
export interface SummaryTextOptions {
  /** The unit of distances; defaults to `px`. */
  readonly unit?: string;
}

/**
 * Formats the summary as plain text in lines of at most 80 characters; undefined values are a dash. Several classes have
 * a line each, and one of their means.
 */
export function formatSummary(summary: EvaluationSummary, options: SummaryTextOptions = {}): string {
  const { unit = "px" } = options;
  const { withForeground, withoutForeground, lesions, classes, classMeans } = summary;
  const lines = [
    `${count(summary.images, "image")}: ${withForeground.images} with foreground, ` +
    `${withoutForeground.images} without`,
    "",
    ...classes && classMeans ? formatClassTable(classes, classMeans, unit) : pooledTable(summary),
  ];
  if (withForeground.images > 0 && !classes) lines.push("", ...imageTable(summary, unit));
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
    ...names.map((name) => `  ${METRICS[name].label.padEnd(17)}${fixed(pooled[name], 4)}`),
    `  ${METRICS.accuracy.label.padEnd(17)}${fixed(pooled.accuracy, 4)}   ` +
    `(all background: ${fixed(baselineAccuracy, 4)})`,
  ];
}

function imageTable({ withForeground, bootstrap }: EvaluationSummary, unit: string): string[] {
  const { images, metrics } = withForeground;
  const title = "per image with foreground";
  const interval = `${Number((100 * bootstrap.level).toFixed(2))} % interval of the mean`;
  const rows = METRIC_NAMES.map((name) => {
    const { label, isDistance } = METRICS[name];
    return imageRow(isDistance ? `${label} ${unit}` : label, metrics[name], isDistance ? 2 : 4, images);
  });
  return [`${title.padEnd(25)}${cell("mean")}${cell("median")}   ${interval}`, ...rows];
}

/** The line of a metric; if it is undefined for some images, with the number of those that count. */
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
