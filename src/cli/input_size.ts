/**
 * The size of a network's input on the command line: one number for a square, or WIDTHxHEIGHT.
 *
 * @module
 */
import { InvalidArgumentError } from "commander";
import type { InputExtents } from "../image/input_frame.ts";
import { INPUT_CHOICES } from "../prediction/load_model.ts";
import { integer } from "./task.ts";

/** A size as settings take it. */
export type SizeFlag = Required<Pick<InputExtents, "size">> & { readonly height: number };

/** Parses `256`, or `256x192`: the width first. */
export function sizeFlag(text: string): SizeFlag {
  const sides = text.trim().split(/x/i);
  if (sides.length > 2) {
    throw new InvalidArgumentError("expected one number, or WIDTHxHEIGHT such as 256x192.");
  }
  const [size, height = size] = sides.map(square) as [number, number?];
  return { size, height: height! };
}

/** Parses one side. */
export function square(text: string): number {
  const { step, max } = INPUT_CHOICES;
  const value = integer(step, max)(text);
  if (value % step !== 0) {
    throw new InvalidArgumentError(
      "expected a multiple of 32 (or of 2 ** depth, if the network has another than 5).",
    );
  }
  return value;
}
