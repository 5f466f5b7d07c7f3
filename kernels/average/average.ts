/**
 * Weighted sums of flat blocks: gradient accumulation and the EMA of the weights.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { ceilDiv, flatGrid } from "../grid.ts";
import { type Dispatch, kernel } from "../kernel.ts";
import { f32, packParams } from "../params.ts";
import code from "./average.wgsl" with { type: "text" };
import moving from "./moving.wgsl" with { type: "text" };

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
 * `total += (1 - keep) * (value - total)` over `count` values, a multiple of 4, with `keep` from the uniform `step`;
 * bindings value, total, step.
 */
export function emaUpdate(count: number): Dispatch {
  return {
    kernel: kernel("average/moving", moving),
    params: packParams([count / 4]),
    workgroups: flatGrid("average/moving", count / 4, WORKGROUP),
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
