/**
 * Tables for spreadsheets and data frames.
 * This module is browser compatible.
 *
 * @module
 */
import { escapeControls } from "./escape.ts";

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
