/**
 * The size of pixels on the command line.
 *
 * @module
 */
import { InvalidArgumentError } from "commander";

/** Parses `x,y`, or one number for both, in millimeters, as the spacing of rows and columns. */
export function parseSpacing(text: string): readonly [rows: number, columns: number] {
  const parts = text.split(",").map((part) => part.trim() === "" ? NaN : Number(part));
  const [x = NaN, y = x] = parts;
  if (parts.length > 2 || ![x, y].every((value) => Number.isFinite(value) && value > 0)) {
    throw new InvalidArgumentError("expected two positive numbers separated by a comma, such as 0.5,0.5.");
  }
  return [y, x];
}
