/**
 * The metrics per image as a table for spreadsheets and data frames.
 *
 * @module
 */
import { type Cell, formatCsv } from "../csv_text.ts";
import { METRIC_NAMES } from "./metrics.ts";
import { type ImageScore, type MaskScore, predictedArea, trueArea } from "./image_score.ts";

/** The name of rows that hold means over classes, and sums of pixels and lesions. */
export const MEAN_OF_CLASSES = "mean of classes";

/**
 * One row per image below a header: name, size, true and predicted pixels, lesions, and all metrics; empty where
 * undefined. The first column is called `picture`, as in version 0.1.0. Of several classes, each image has a row per
 * class, named in the second column, and one of their means and sums.
 */
export function formatScores(scores: readonly ImageScore[]): string {
  const several = scores.some(({ classes }) => classes !== undefined);
  const judged = scores.some(({ appearance }) => appearance !== undefined);
  const changed = scores.some(({ adapted }) => adapted !== undefined);
  const last = ({ appearance, adapted }: Pick<ImageScore, "appearance" | "adapted">): Cell[] => [
    ...(judged ? [appearance?.distance ?? null] : []),
    ...(changed ? [adapted ?? null] : []),
  ];
  const header = [
    "picture",
    ...(several ? ["class"] : []),
    "width",
    "height",
    "true_pixels",
    "predicted_pixels",
    "true_lesions",
    "predicted_lesions",
    "missed_lesions",
    "false_lesions",
    ...METRIC_NAMES.map(snakeCase),
    ...(judged ? ["appearance_distance"] : []),
    ...(changed ? ["adapted"] : []),
  ];
  const rows = scores.flatMap((score): Cell[][] => {
    const { name, width, height, classes } = score;
    if (classes === undefined) return [[name, width, height, ...scoreCells(score), ...last(score)]];
    return [...classes, { ...score, name: MEAN_OF_CLASSES }].map((part) => [
      name,
      part.name,
      width,
      height,
      ...scoreCells(part),
      ...last(score),
    ]);
  });
  return formatCsv([header, ...rows]);
}

function scoreCells(score: MaskScore): Cell[] {
  const { metrics, lesions } = score;
  return [
    trueArea(score),
    predictedArea(score),
    lesions.truth,
    lesions.predicted,
    lesions.missed,
    lesions.false,
    ...METRIC_NAMES.map((metric) => metrics[metric]),
  ];
}

/** The name of a column: `true_pixels` for `truePixels`. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
