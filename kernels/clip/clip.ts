/**
 * Gradient clipping by the norm of the whole gradient.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { ceilDiv, grid } from "../grid.ts";
import { type Dispatch, kernel } from "../kernel.ts";
import { f32, packParams } from "../params.ts";
import scaleCode from "./scale.wgsl" with { type: "text" };
import squaresCode from "./squares.wgsl" with { type: "text" };

const WORKGROUP = 64;

/** Values per band of the sum of squares. */
export const CLIP_BAND = 4096;

/** Partial sums of squares of `count` values, a multiple of 4; bindings gradient, partial. */
export function gradientSquares(count: number, firstBand: number): Dispatch {
  return {
    kernel: kernel("clip/squares", squaresCode),
    params: packParams([count / 4, CLIP_BAND / 4, firstBand]),
    workgroups: grid("clip/squares", ceilDiv(count, CLIP_BAND), WORKGROUP),
  };
}

/** Factor that clips the gradient to the norm `limit`; bindings partial, gradient_scale. */
export function clipScale(bands: number, limit: number): Dispatch {
  return {
    kernel: kernel("clip/scale", scaleCode),
    params: packParams([bands, f32(limit)]),
    workgroups: [1, 1, 1],
  };
}
