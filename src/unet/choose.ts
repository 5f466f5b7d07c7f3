/**
 * The one place that chooses among kernel variants: pure, from the device's facts and the layer's sizes.
 *
 * @module
 */
import { directServes, type PackedWeights } from "../../kernels/conv2d/direct.ts";
import { columnCount, im2colServes } from "../../kernels/conv2d/im2col.ts";
import { type GemmShape, uniformLayers } from "../../kernels/gemm/gemm.ts";
import type { Nchw } from "../../kernels/shape.ts";
import type { PlanTarget } from "./builder.ts";

/** How a 3 x 3 convolution is computed. */
export type ConvVariant = "direct" | "im2col" | "winograd2" | "winograd4";

/**
 * Products of input and output channels up to which the direct kernels win over Winograd's transforms: on lavapipe
 * they meet near 16 channels.
 */
const DIRECT_PRODUCT = 300;

/**
 * Pixels of a batch up to which plain products win on the software adapter: at 64 filters' worth of channels F(4x4) then
 * spends on transformed weights what it saves in multiplications.
 */
const IM2COL_PIXELS = 96;

/**
 * Direct for few channels, plain products for few pixels; else Winograd, whose F(4x4) loses digits and wants whole tiles, while F(2x2) serves every
 * size and strict arithmetic.
 */
export function chooseConv(
  target: PlanTarget,
  shape: Nchw,
  weights: PackedWeights,
): ConvVariant {
  if (target.uniformOperands && columnCount(shape) <= IM2COL_PIXELS && im2colServes(weights)) return "im2col";
  if (weights.inputs * weights.outputs <= DIRECT_PRODUCT && directServes(shape, weights)) return "direct";
  return !target.strict && shape.height % 4 === 0 && shape.width % 4 === 0 ? "winograd4" : "winograd2";
}

/**
 * Multiplications that a product must have for each dispatch that a uniform operand costs: on lavapipe the uniform
 * kernel does 30 billion a second where the other does 20, and a dispatch costs 60 microseconds.
 */
const MULTIPLICATIONS_PER_DISPATCH = 2e6;

/** Layers of a product's left operand that are bound as one uniform window; 0 for a storage buffer. */
export function chooseUniformLayers(target: PlanTarget, shape: GemmShape): number {
  const layers = target.uniformOperands ? uniformLayers(shape) : 0;
  if (layers === 0) return 0;
  const dispatches = Math.ceil(shape.layers / layers);
  const multiplications = shape.rows * shape.columns * shape.depth * shape.layers;
  return multiplications > dispatches * MULTIPLICATIONS_PER_DISPATCH ? layers : 0;
}
