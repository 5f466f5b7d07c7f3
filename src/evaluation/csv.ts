/**
 * The metrics per image as a table for spreadsheets and data frames.
 *
 * @module
 */
import { escapeControls } from "../escape.ts";
import { METRIC_NAMES } from "./metrics.ts";
import { type ImageScore, type MaskScore, predictedArea, trueArea } from "./image_score.ts";

/** The name of rows that hold means over classes, and sums of pixels and lesions. */
export const MEAN_OF_CLASSES = "mean of classes";

/** A cell: a text, a number, or empty. */
export type Cell = string | number | null;

/**
 * Writes rows as CSV according to RFC 4180: commas, CR LF after each row, quotes around texts with a comma, a quote or
 * a line break; null is an empty cell.
 *
 * A text that a spreadsheet would run as a formula (one that begins, after any blanks, with `=`, `+`, `-`, `@` or one
 * of their full-width forms, or with a tab or line break) gets a leading `'`, as OWASP's page on CSV injection advises:
 * file names come from anywhere. Control and bidi characters are escaped. Numbers are written as they are.
 *
 * @throws {RangeError} for NaN and infinities
 */
export function formatCsv(rows: readonly (readonly Cell[])[]): string {
  return rows.map((row) => row.map(formatCell).join(",") + "\r\n").join("");
}

function formatCell(cell: Cell): string {
  if (cell === null) return "";
  if (typeof cell === "number") {
    if (!Number.isFinite(cell)) throw new RangeError(`Cannot write ${cell} to a CSV file`);
    return String(cell);
  }
  const text = /^[\t\r\n]|^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]/.test(cell) ? `'${cell}` : cell;
  const shown = escapeControls(text);
  return /[",\r\n]/.test(shown) ? `"${shown.replaceAll('"', '""')}"` : shown;
}

/**
 * One row per image below a header: name, size, true and predicted pixels, lesions, and all metrics; empty where
 * undefined. The first column is called `picture`, as in version 0.1.0. Of several classes, each image has a row per
 * class, named in the second column, and one of their means and sums.
 */
export function formatScores(scores: readonly ImageScore[]): string {
  const several = scores.some(({ classes }) => classes !== undefined);
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
  ];
  const rows = scores.flatMap((score): Cell[][] => {
    const { name, width, height, classes } = score;
    if (classes === undefined) return [[name, width, height, ...scoreCells(score)]];
    return [...classes, { ...score, name: MEAN_OF_CLASSES }].map((part) => [
      name,
      part.name,
      width,
      height,
      ...scoreCells(part),
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
