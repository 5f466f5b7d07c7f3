/**
 * Weighted sums of flat blocks for gradient accumulation, and the decay of the EMA of the weights.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { ceilDiv, flatGrid } from "../grid.ts";
import { type Dispatch, kernel } from "../kernel.ts";
import { f32, packParams } from "../params.ts";
import code from "./average.wgsl" with { type: "text" };

const WORKGROUP = 64;

/** `total = keep * total + add * value` over `count` values; bindings value, total. */
export function weightedSum(count: number, keep: number, add: number): Dispatch {
  return {
    kernel: kernel("average/average", code),
    params: packParams([count, f32(keep), f32(add)]),
    workgroups: flatGrid("average/average", ceilDiv(count, 4), WORKGROUP),
  };
}

/**
 * Decay of the EMA at an update, counted from 1: `min(decay, (1 + t) / (10 + t))`. With a constant decay of 0.99, the
 * initial weights would still be half of the average after 69 updates; with this ramp they are less than a thousandth
 * after 10.
 */
export function emaDecay(decay: number, update: number): number {
  return Math.min(decay, (1 + update) / (10 + update));
}
