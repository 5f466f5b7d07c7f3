/**
 * Instance normalisation of each image's channel, affine, without running statistics (Ulyanov et al., 2016).
 * Forward it ends as a scale and a shift for each plane, which whoever reads the tensor applies with the ReLU.
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

/** Planes (image and channel) that one dispatch covers. */
export interface NormPlanes {
  /** Height * width. */
  readonly pixels: number;
  /** Where the bound planes begin among all. */
  readonly first: number;
  /** Number of planes, at most 65,535. */
  readonly count: number;
}

/** Means and squared deviations of bands; bindings z, z_vectors (the same memory), partial. */
export function normBands(planes: NormPlanes, bands: PixelBands): Dispatch {
  return bandDispatch("instance_norm/bands", bandsCode, planes, bands);
}

/** Scale and shift of every plane; bindings partial, weight, bias, statistics, affine. */
export function normAffine(shape: Nchw, bands: PixelBands): Dispatch {
  const planes = shape.batch * shape.channels;
  return {
    kernel: kernel("instance_norm/affine", affineCode),
    params: packParams([planes, shape.channels, shape.height * shape.width, bands.pixels, bands.perImage]),
    workgroups: grid("instance_norm/affine", planes, WORKGROUP),
  };
}

/** Sums behind the gradient, of bands; bindings z, z_vectors, gradient, gradient_vectors, statistics, partial. */
export function normBackwardBands(planes: NormPlanes, bands: PixelBands): Dispatch {
  return bandDispatch("instance_norm/backward_bands", backwardBandsCode, planes, bands);
}

/** Sums of planes and gradients of weight and bias; bindings partial, sums, grad_weight, grad_bias. */
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

/** Gradient by the input, in place; bindings z, statistics, affine, sums, gradient. */
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
