/**
 * The one place where layers choose among kernel variants, from facts about the device and the sizes of the layer.
 * The variants, their classes and defaults are the table in `kernels/variants.ts`.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { type Accumulation, REPLACE } from "../../kernels/accumulation.ts";
import type { PackedWeights } from "../../kernels/conv2d/direct.ts";
import type { TransposeForm } from "../../kernels/conv_transpose2d/conv_transpose2d.ts";
import {
  GEMM_TILES,
  gemmNn,
  gemmNnSubgroup,
  type GemmShape,
  gemmTiled,
  type GemmTileName,
  type Slices,
  uniformLayers,
} from "../../kernels/gemm/gemm.ts";
import type { Dispatch } from "../../kernels/kernel.ts";
import { type RowSums, sumRows, sumRowsBySubgroups } from "../../kernels/reduce/reduce.ts";
import type { Nchw } from "../../kernels/shape.ts";
import {
  CONV3X3,
  CONV_TRANSPOSE,
  type ConvVariant,
  IM2COL_PRODUCT,
  PRODUCT,
  ROW_SUMS,
  SPLIT_K_PRODUCT,
  TRANSFORM,
} from "../../kernels/variants.ts";
import type { PlanTarget } from "./plan_target.ts";

/** The variant that computes a 3 x 3 convolution of feature maps of this shape. */
export function chooseConv(
  { choices, strict, precision }: PlanTarget,
  { batch, height, width }: { batch: number; height: number; width: number },
  weights: PackedWeights,
): ConvVariant {
  return CONV3X3.choose(choices, { batch, height, width, weights, strict, half: precision === "f16" });
}

/** Whether invocations of Winograd's transforms exchange values, for feature maps of this shape. */
export function exchanges({ choices }: PlanTarget, shape: Nchw): boolean {
  return TRANSFORM.choose(choices, shape) === "lanes";
}

/** A product in one dispatch, or in dispatches of `uniformLayers` layers each, with the left operand as a uniform. */
export type ChosenProduct = { readonly dispatch: Dispatch } | { readonly uniformLayers: number };

/** The dispatch or dispatches of a batched matrix product. */
export function chooseProduct({ choices }: PlanTarget, shape: GemmShape): ChosenProduct {
  const variant = PRODUCT.choose(choices, shape);
  if (variant === "nn_uniform") return { uniformLayers: uniformLayers(shape) };
  return { dispatch: multiply(variant, shape) };
}

/** The dispatch of a matrix product of im2col; bindings a, b, c. */
export function im2colProduct({ choices }: PlanTarget, shape: GemmShape, accumulation = REPLACE): Dispatch {
  return multiply(IM2COL_PRODUCT.choose(choices, shape), shape, undefined, accumulation);
}

/** A split-K GEMM: its dispatch, and which dimension of its operands is contiguous. */
export interface ChosenSplitK {
  /** Bindings a, b, c. */
  readonly dispatch: Dispatch;
  /** `k` if the dimension that is summed over is contiguous, `mn` if rows and columns are. */
  readonly inner: "k" | "mn";
}

/** The dispatch of a split-K GEMM, whose sum over K is split into slices. */
export function splitKProduct({ choices }: PlanTarget, shape: GemmShape, slices: Slices): ChosenSplitK {
  const variant = SPLIT_K_PRODUCT.choose(choices, { ...shape, slices });
  const inner = variant in GEMM_TILES ? GEMM_TILES[variant as GemmTileName].inner : "mn";
  return { dispatch: multiply(variant, shape, slices), inner };
}

function multiply(
  variant: "nn" | "nn_subgroup" | "nn_subgroup4" | GemmTileName,
  shape: GemmShape,
  slices?: Slices,
  accumulation?: Accumulation,
): Dispatch {
  if (variant === "nn") return gemmNn(shape, slices, accumulation);
  if (variant === "nn_subgroup") return gemmNnSubgroup(shape, slices, accumulation);
  if (variant === "nn_subgroup4") return gemmNnSubgroup(shape, slices, accumulation, 4);
  return gemmTiled(variant, shape, slices, accumulation);
}

/** The form of the kernels of a transposed convolution. */
export function chooseTranspose({ choices }: PlanTarget, input: Nchw): TransposeForm {
  return CONV_TRANSPOSE.choose(choices, input);
}

/** The dispatch of sums of rows; bindings partial, total. */
export function rowSums({ choices }: PlanTarget, sums: RowSums): Dispatch {
  return ROW_SUMS.choose(choices, sums) === "rows" ? sumRows(sums) : sumRowsBySubgroups(sums);
}
