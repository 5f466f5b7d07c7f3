/**
 * How masks are made of probabilities, for all images alike, and what the fields for it take.
 * This module is browser compatible.
 *
 * @module
 */
import type { Spacing } from "../../../image/image.ts";

/** What the user set. */
export interface Settings {
  /** The probability above which a pixel is foreground; null for the model's own decision. */
  readonly threshold: number | null;
  /** Lesions of fewer pixels are removed. */
  readonly minArea: number;
  /** Whether only the largest lesion is kept. */
  readonly largest: boolean;
  /** Millimeters between rows and between columns; null for what the file states. */
  readonly spacing: Spacing | null;
}

/** Nothing changed. */
export const DEFAULT_SETTINGS: Settings = { threshold: null, minArea: 0, largest: false, spacing: null };

/**
 * Reads `0.5`, or `0.5,0.7` for columns and rows, in millimeters, as `--spacing` does; null for an empty text.
 *
 * @throws {SyntaxError} for anything else
 */
export function parseSpacing(text: string): Spacing | null {
  if (text.trim() === "") return null;
  const parts = text.split(",").map((part) => part.trim() === "" ? NaN : Number(part));
  const [x = NaN, y = x] = parts;
  if (parts.length > 2 || ![x, y].every((value) => Number.isFinite(value) && value > 0)) {
    throw new SyntaxError("Expected millimeters per pixel, such as 0.5, or 0.5,0.7 for columns and rows");
  }
  return [y, x];
}

/**
 * Reads the least area of a lesion in pixels; an empty text is 0.
 *
 * @throws {SyntaxError} for anything but an integer from 0 on
 */
export function parseMinArea(text: string): number {
  const value = text.trim() === "" ? 0 : Number(text);
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new SyntaxError("Expected a number of pixels from 0 on");
  }
  return value;
}
