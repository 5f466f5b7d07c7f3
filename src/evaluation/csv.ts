/**
 * The images' metrics as a table that spreadsheets and data frames read.
 *
 * @module
 */
import { METRIC_NAMES } from "./metrics.ts";
import { type ImageScore, predictedArea, trueArea } from "./summary.ts";

/** A cell: a text, a number, or nothing. */
export type Cell = string | number | null;

/**
 * Writes rows as CSV after RFC 4180: commas, CR LF after each row, texts with a comma, a quote or a line break in
 * quotes; null is an empty cell.
 *
 * A text that a spreadsheet would run as a formula (after any blanks, `=`, `+`, `-`, `@` or one of their full-width
 * forms; or a leading tab or line break) gets a leading `'`, as OWASP's CSV Injection page advises: file names come
 * from anywhere. Numbers stay as they are. Throws a RangeError for NaN and infinities.
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
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * One row an image, under a row of names: the image, its size, true and predicted pixels, lesions, and all
 * metrics; empty where undefined.
 */
export function formatScores(scores: readonly ImageScore[]): string {
  const header = [
    "picture",
    "width",
    "height",
    "true_pixels",
    "predicted_pixels",
    "true_lesions",
    "predicted_lesions",
    "missed_lesions",
    "false_lesions",
    ...METRIC_NAMES.map((name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)),
  ];
  const rows = scores.map((score): Cell[] => {
    const { name, width, height, metrics, lesions } = score;
    return [
      name,
      width,
      height,
      trueArea(score),
      predictedArea(score),
      lesions.truth,
      lesions.predicted,
      lesions.missed,
      lesions.false,
      ...METRIC_NAMES.map((metric) => metrics[metric]),
    ];
  });
  return formatCsv([header, ...rows]);
}
