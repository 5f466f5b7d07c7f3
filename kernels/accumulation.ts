/**
 * How a kernel puts a sum where others may be: gradients of the parts of a batch add up, and those of a scaled loss
 * are divided by its scale.
 *
 * @module
 */
import { f32, type Field } from "./params.ts";

/** `total = keep * total + scale * sum`. */
export interface Accumulation {
  /** Whether what is there is kept; what is not kept may be anything, not even a number. */
  readonly keep: boolean;
  /** Factor on what is put there. */
  readonly scale: number;
}

/** The sum replaces what is there. */
export const REPLACE: Accumulation = { keep: false, scale: 1 };

/** The fields `keep: u32, scale: f32` of a kernel's `Params`. */
export function accumulationFields({ keep, scale }: Accumulation): Field[] {
  return [keep ? 1 : 0, f32(scale)];
}
