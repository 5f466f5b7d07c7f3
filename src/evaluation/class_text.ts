/**
 * The scores of several classes as tables: text for the terminal, CSV for spreadsheets.
 *
 * @module
 */
import { escapeLine } from "../escape.ts";
import type { ClassMeans, ClassSummary } from "./class_summary.ts";
import { type Cell, formatCsv } from "../csv_text.ts";
import { MEAN_OF_CLASSES, snakeCase } from "./csv.ts";
import { METRIC_NAMES, METRICS } from "./metrics.ts";
import type { OverlapMetrics } from "./pixel_counts.ts";

/** Room for the name of a class in the text. */
const NAME_WIDTH = 22;

/** One line per class and one of means, at most 80 characters wide; undefined values are a dash. */
export function formatClassTable(
  classes: readonly ClassSummary[],
  means: ClassMeans,
  unit: string,
): string[] {
  const heads = ["Dice", "IoU", "sens.", "prec.", "Dice", `HD95 ${unit}`, "images"];
  const widths = [9, 8, 8, 8, 9, 9, 7];
  const cells = (values: readonly string[]) => values.map((text, at) => text.padStart(widths[at]!)).join("");
  const row = (
    name: string,
    { dice, iou, sensitivity, precision }: OverlapMetrics,
    [perImage, distance]: readonly (number | null)[],
    images: string,
  ) =>
    "  " + shorten(escapeLine(name)).padEnd(NAME_WIDTH - 2) + cells([
      ...[dice, iou, sensitivity, precision, perImage!].map((value) => fixed(value, 4)),
      fixed(distance!, 2),
      images,
    ]);
  return [
    "".padEnd(NAME_WIDTH) + "all pixels together".padStart(33) + "mean per image".padStart(18),
    "class".padEnd(NAME_WIDTH) + cells(heads),
    ...classes.map(({ name, pooled, perImage: { dice, hausdorff95 }, present }) =>
      row(name, pooled, [dice.mean, hausdorff95.mean], String(present.images))
    ),
    row(MEAN_OF_CLASSES, means.pooled, [means.perImage.dice, means.perImage.hausdorff95], ""),
  ];
}

/**
 * One row per class and one of means, below a header: images that have the class, pixels and lesions, metrics over all
 * pixels (`pooled_`) and their means over images; empty where undefined.
 */
export function formatClasses(classes: readonly ClassSummary[], means: ClassMeans): string {
  const pooledNames = METRIC_NAMES.filter((name) => !METRICS[name].isDistance) as (keyof OverlapMetrics)[];
  const header = [
    "class",
    "images",
    "true_pixels",
    "predicted_pixels",
    "true_lesions",
    "predicted_lesions",
    "missed_lesions",
    "false_lesions",
    ...pooledNames.map((name) => `pooled_${snakeCase(name)}`),
    ...METRIC_NAMES.map(snakeCase),
  ];
  const rows = classes.map(({ name, present, pixels, lesions, pooled, perImage }): Cell[] => [
    name,
    present.images,
    pixels.truePositives + pixels.falseNegatives,
    pixels.truePositives + pixels.falsePositives,
    lesions.truth,
    lesions.predicted,
    lesions.missed,
    lesions.false,
    ...pooledNames.map((metric) => pooled[metric]),
    ...METRIC_NAMES.map((metric) => perImage[metric].mean),
  ]);
  const counts: Cell[] = new Array(7).fill(null);
  const mean: Cell[] = [
    MEAN_OF_CLASSES,
    ...counts,
    ...pooledNames.map((metric) => means.pooled[metric]),
    ...METRIC_NAMES.map((metric) => means.perImage[metric]),
  ];
  return formatCsv([header, ...rows, mean]);
}

function shorten(name: string): string {
  const letters = [...name];
  return letters.length <= NAME_WIDTH - 2 ? name : `${letters.slice(0, NAME_WIDTH - 3).join("")}…`;
}

function fixed(value: number | null, digits: number): string {
  return value === null ? "-" : value.toFixed(digits);
}
