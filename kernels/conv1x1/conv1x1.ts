/**
 * 1 x 1 convolution to few channels: the network's last layer.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { PixelBands } from "../bands.ts";
import { type Epilogue, epilogueFlags } from "../conv2d/epilogue.ts";
import { ceilDiv, grid } from "../grid.ts";
import { type Dispatch, kernel } from "../kernel.ts";
import { packParams } from "../params.ts";
import type { Nchw } from "../shape.ts";
import dgradCode from "./dgrad.wgsl" with { type: "text" };
import forwardCode from "./forward.wgsl" with { type: "text" };
import wgradCode from "./wgrad.wgsl" with { type: "text" };

const WORKGROUP = 64;

/** Channels per invocation of the input gradient. */
const CHANNELS = 8;

/** Forward pass; bindings x, affine, w, bias, y. Height * width is a multiple of 4. */
export function conv1x1Forward(input: Nchw, outputs: number, normalized: boolean): Dispatch {
  const vectors = (input.height * input.width) / 4;
  return {
    kernel: kernel("conv1x1/forward", forwardCode, { NORMALIZED: normalized }),
    params: packParams([input.channels, outputs, vectors]),
    workgroups: grid("conv1x1/forward", vectors, WORKGROUP, outputs, input.batch),
  };
}

/** Input gradient; bindings gradient, w, gate, gate_affine, grad_input. */
export function conv1x1Dgrad(input: Nchw, outputs: number, epilogue: Epilogue): Dispatch {
  const vectors = (input.height * input.width) / 4;
  return {
    kernel: kernel("conv1x1/dgrad", dgradCode),
    params: packParams([input.channels, outputs, vectors, epilogueFlags(epilogue)]),
    workgroups: grid("conv1x1/dgrad", vectors, WORKGROUP, ceilDiv(input.channels, CHANNELS), input.batch),
  };
}

/** Partial sums of the weight gradient; bindings x, affine, gradient, partial. */
export function conv1x1Wgrad(
  input: Nchw,
  outputs: number,
  bands: PixelBands,
  firstImage: number,
  normalized: boolean,
): Dispatch {
  return {
    kernel: kernel("conv1x1/wgrad", wgradCode, { NORMALIZED: normalized }),
    params: packParams([
      input.channels,
      outputs,
      (input.height * input.width) / 4,
      input.batch,
      bands.pixels / 4,
      bands.total,
      firstImage * bands.perImage,
    ]),
    workgroups: grid("conv1x1/wgrad", input.batch * bands.perImage, WORKGROUP, input.channels, outputs),
  };
}
