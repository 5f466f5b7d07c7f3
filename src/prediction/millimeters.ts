/**
 * Pixels in millimeters.
 * This module is browser compatible.
 *
 * @module
 */
import type { Box } from "../image/components.ts";
import type { Spacing } from "../image/image.ts";

/** A rectangle in millimeters from the upper left corner of the image. */
export interface BoxInMillimeters {
  /** Its left side. */
  readonly x: number;
  /** Its upper side. */
  readonly y: number;
  /** From left to right. */
  readonly width: number;
  /** From top to bottom. */
  readonly height: number;
}

/** A rectangle of pixels in millimeters. */
export function boxInMillimeters(box: Box, [rows, columns]: Spacing): BoxInMillimeters {
  return { x: box.x * columns, y: box.y * rows, width: box.width * columns, height: box.height * rows };
}

/** The spacing as the command line takes it: `0.5`, or `0.5,0.7` for columns and rows that differ. */
export function spacingText([rows, columns]: Spacing): string {
  return rows === columns ? String(rows) : `${columns},${rows}`;
}
