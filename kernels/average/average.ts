/**
 * Weighted sums of flat blocks: moving averages of weights, accumulation of gradients.
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
