/**
 * Medical image segmentation that trains and runs anywhere Deno runs: a UNet in hand-written WGSL on WebGPU,
 * with its data road from COCO annotations to masks.
 *
 * @module
 */
export type { StateDict, Tensor } from "./src/tensor.ts";
