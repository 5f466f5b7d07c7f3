/**
 * 2 x 2 max-pooling with stride 2.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { flatGrid } from "../grid.ts";
import { type Dispatch, kernel } from "../kernel.ts";
import { packParams } from "../params.ts";
import backwardCode from "./backward.wgsl" with { type: "text" };
import forwardCode from "./forward.wgsl" with { type: "text" };

const WORKGROUP = 64;

/** The planes (image and channel) of a pooled tensor. */
export interface Planes {
  /** Height of the pooled maps. */
  readonly height: number;
  /** Width of the pooled maps. */
  readonly width: number;
  /** Number of planes. */
  readonly count: number;
}

/** Forward pass; bindings x, affine, y. */
export function maxPoolForward(planes: Planes, normalized: boolean): Dispatch {
  return dispatch("max_pool2d/forward", forwardCode, planes, normalized);
}

/** Input gradient, added to `grad_input`; bindings x, affine, gradient, grad_input. */
export function maxPoolBackward(planes: Planes, normalized: boolean): Dispatch {
  return dispatch("max_pool2d/backward", backwardCode, planes, normalized);
}

function dispatch(
  label: string,
  code: string,
  { height, width, count }: Planes,
  normalized: boolean,
): Dispatch {
  const values = count * height * width;
  return {
    kernel: kernel(label, code, { NORMALIZED: normalized }),
    params: packParams([height, width, values]),
    workgroups: flatGrid(label, values, WORKGROUP),
  };
}
