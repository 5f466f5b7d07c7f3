/**
 * The calibration kernel: multiply-adds in registers only, the peak of what an adapter can do in WGSL.
 * This module is browser compatible.
 *
 * @module
 */
import { grid } from "../grid.ts";
import { type Dispatch, kernel } from "../kernel.ts";
import { packParams } from "../params.ts";
import code from "./multiply_add.wgsl" with { type: "text" };

const WORKGROUP = 64;

/** Multiply-adds per invocation and round: 8 turns of 3 vectors of 4. */
const PER_ROUND = 96;

/** Runs `invocations` (a multiple of 64) of `rounds` rounds each; `out` holds one value per invocation, and keeps it. */
export function multiplyAdd(invocations: number, rounds: number): Dispatch {
  return {
    kernel: kernel("probe/multiply_add", code),
    params: packParams([rounds]),
    workgroups: grid("probe/multiply_add", invocations, WORKGROUP),
  };
}

/** Floating-point operations of a run; a multiply-add counts as two. */
export function multiplyAddOperations(invocations: number, rounds: number): number {
  return 2 * PER_ROUND * invocations * rounds;
}
