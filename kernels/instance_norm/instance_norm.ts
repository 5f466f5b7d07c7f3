/**
 * Affine instance normalization without running statistics (Ulyanov et al., 2016). The forward pass ends with a scale and
 * a shift per plane, which readers of the tensor apply together with the ReLU.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { type Accumulation, accumulationFields, REPLACE } from "../accumulation.ts";
import type { PixelBands } from "../bands.ts";
import { grid } from "../grid.ts";
import { type Dispatch, kernel } from "../kernel.ts";
import { packParams } from "../params.ts";
import type { Nchw } from "../shape.ts";
import affineCode from "./affine.wgsl" with { type: "text" };
import backwardBandsCode from "./backward_bands.wgsl" with { type: "text" };
import backwardSumsCode from "./backward_sums.wgsl" with { type: "text" };
import backwardCode from "./backward.wgsl" with { type: "text" };
import bandsCode from "./bands.wgsl" with { type: "text" };

const WORKGROUP = 64;

/** The planes (image and channel) of one dispatch. */
export interface NormPlanes {
  /** Height * width. */
  readonly pixels: number;
  /** Index of the first bound plane. */
  readonly first: number;
  /** Number of planes, at most 65,535. */
  readonly count: number;
}

/** Means and sums of squared deviations of bands; bindings z, z_vectors (the same memory), partial. */
export function normBands(planes: NormPlanes, bands: PixelBands): Dispatch {
  return bandDispatch("instance_norm/bands", bandsCode, planes, bands);
}

/** Scale and shift per plane; bindings partial, weight, bias, statistics, affine. */
export function normAffine(shape: Nchw, bands: PixelBands): Dispatch {
  const planes = shape.batch * shape.channels;
  return {
    kernel: kernel("instance_norm/affine", affineCode),
    params: packParams([planes, shape.channels, shape.height * shape.width, bands.pixels, bands.perImage]),
    workgroups: grid("instance_norm/affine", planes, WORKGROUP),
  };
}

/** Sums of bands for the gradient; bindings z, z_vectors, gradient, gradient_vectors, statistics, partial. */
export function normBackwardBands(planes: NormPlanes, bands: PixelBands): Dispatch {
  return bandDispatch("instance_norm/backward_bands", backwardBandsCode, planes, bands);
}

/** Sums per plane and the gradients of weight and bias; bindings partial, sums, grad_weight, grad_bias. */
export function normBackwardSums(
  shape: Nchw,
  bands: PixelBands,
  accumulation: Accumulation = REPLACE,
): Dispatch {
  return {
    kernel: kernel("instance_norm/backward_sums", backwardSumsCode),
    params: packParams([shape.batch, shape.channels, bands.perImage, ...accumulationFields(accumulation)]),
    workgroups: grid("instance_norm/backward_sums", shape.channels, WORKGROUP),
  };
}

/** Input gradient, in place; bindings z, statistics, affine, sums, gradient. */
export function normBackward(planes: NormPlanes): Dispatch {
  return {
    kernel: kernel("instance_norm/backward", backwardCode),
    params: packParams([planes.pixels, planes.first]),
    workgroups: grid(
      "instance_norm/backward",
      planes.pixels % 4 === 0 ? planes.pixels / 4 : planes.pixels,
      WORKGROUP,
      planes.count,
    ),
  };
}

function bandDispatch(label: string, code: string, planes: NormPlanes, bands: PixelBands): Dispatch {
  return {
    kernel: kernel(label, code),
    params: packParams([planes.pixels, bands.pixels, bands.perImage, planes.first]),
    workgroups: grid(label, bands.perImage, WORKGROUP, planes.count),
  };
}
