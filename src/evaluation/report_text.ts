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
  const { tumor, noTumor, lesions } = summary;
  const lines = [
    `${count(summary.images, "image")}: ${tumor.images} with tumor, ${noTumor.images} without`,
    "",
    ...pooledTable(summary),
  ];
  if (tumor.images > 0) lines.push("", ...imageTable(summary, unit));
  lines.push(
    "",
    `lesions      ${lesions.truth} true, ${lesions.predicted} predicted: ` +
      `${lesions.missed} missed, ${lesions.false} false`,
  );
  if (tumor.predictedEmpty > 0) {
    lines.push(`with tumor   ${tumor.predictedEmpty} of ${tumor.images} predicted empty`);
  }
  if (noTumor.images > 0) {
    const others = noTumor.predictedEmpty === noTumor.images
      ? ""
      : `; in the others ${count(noTumor.falseLesions, "lesion")}, ${count(noTumor.falsePixels, "pixel")}`;
    lines.push(`no tumor     ${noTumor.predictedEmpty} of ${noTumor.images} predicted empty${others}`);
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

function imageTable({ tumor, bootstrap }: EvaluationSummary, unit: string): string[] {
  const title = tumor.images === 1 ? "the image with tumor" : `the ${tumor.images} images with tumor`;
  const interval = `${Number((100 * bootstrap.level).toFixed(2))} % interval of the mean`;
  const entries = Object.entries(LABELS) as [MetricName, string][];
  const rows = entries.map(([name, label]) => {
    const distance = DISTANCES.includes(name);
    return imageRow(
      distance ? `${label} ${unit}` : label,
      tumor.metrics[name],
      distance ? 2 : 4,
      tumor.images,
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
