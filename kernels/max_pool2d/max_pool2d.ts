/**
 * 2 x 2 max-pooling with stride 2.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { ceilDiv, flatGrid } from "../grid.ts";
import { type Dispatch, kernel } from "../kernel.ts";
import { packParams } from "../params.ts";
import backwardCode from "./backward.wgsl" with { type: "text" };
import forwardCode from "./forward.wgsl" with { type: "text" };

const WORKGROUP = 64;

/** Most pooled values per invocation: a division costs a software adapter as much as loading ten values. */
const LONGEST_RUN = 16;

/** Invocations that keep a device busy. */
const TARGET_INVOCATIONS = 4096;

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
  const run = Math.min(LONGEST_RUN, ceilDiv(values, TARGET_INVOCATIONS));
  return {
    kernel: kernel(label, code, { NORMALIZED: normalized }),
    params: packParams([height, width, values, run]),
    workgroups: flatGrid(label, ceilDiv(values, run), WORKGROUP),
  };
}
