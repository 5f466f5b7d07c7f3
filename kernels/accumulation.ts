/**
 * How a kernel writes a sum to memory that may already hold one: gradients of micro-batches add up, and those of a
 * scaled loss are divided by its scale.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { f32, type Field } from "./params.ts";

/** `total = keep * total + scale * sum`. */
export interface Accumulation {
  /** Whether to add to the existing value; otherwise it is not read, and may be uninitialized or NaN. */
  readonly keep: boolean;
  /** Factor on the sum. */
  readonly scale: number;
}

/** Overwrites the existing value. */
export const REPLACE: Accumulation = { keep: false, scale: 1 };

/** The fields `keep: u32, scale: f32` of a kernel's `Params`. */
export function accumulationFields({ keep, scale }: Accumulation): Field[] {
  return [keep ? 1 : 0, f32(scale)];
}
