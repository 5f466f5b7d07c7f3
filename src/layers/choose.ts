/**
 * The one place where layers choose among kernel variants: pure, from the device's facts and choices and the layer's
 * sizes. The variants, their classes and defaults are the table in `kernels/variants.ts`.
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
} from "../../kernels/variants.ts";
import type { PlanTarget } from "./builder.ts";

/** How a 3 x 3 convolution of maps of this shape is computed. */
export function chooseConv(
  { choices, strict }: PlanTarget,
  { batch, height, width }: { batch: number; height: number; width: number },
  weights: PackedWeights,
): ConvVariant {
  return CONV3X3.choose(choices, { batch, height, width, weights, strict });
}

/** A product in one dispatch, or so many layers of its left operand at a time as uniform windows. */
export type ChosenProduct = { readonly dispatch: Dispatch } | { readonly uniformLayers: number };

/** How a matrix product is computed. */
export function chooseProduct({ choices }: PlanTarget, shape: GemmShape): ChosenProduct {
  const variant = PRODUCT.choose(choices, shape);
  if (variant === "nn_uniform") return { uniformLayers: uniformLayers(shape) };
  return { dispatch: multiply(variant, shape) };
}

/** How a product of im2col is computed; bindings a, b, c. */
export function im2colProduct({ choices }: PlanTarget, shape: GemmShape, accumulation = REPLACE): Dispatch {
  return multiply(IM2COL_PRODUCT.choose(choices, shape), shape, undefined, accumulation);
}

/** A matrix product in slices: its dispatch, and which dimension of its operands runs fastest. */
export interface ChosenSlices {
  /** Bindings a, b, c. */
  readonly dispatch: Dispatch;
  /** Whether rows and columns run fastest, or what is summed over. */
  readonly inner: "k" | "mn";
}

/** How a matrix product whose sum is cut into slices is computed. */
export function slicedProduct({ choices }: PlanTarget, shape: GemmShape, slices: Slices): ChosenSlices {
  const variant = SPLIT_K_PRODUCT.choose(choices, { ...shape, slices });
  const inner = variant === "nn" || variant === "nn_subgroup" ? "mn" : GEMM_TILES[variant].inner;
  return { dispatch: multiply(variant, shape, slices), inner };
}

function multiply(
  variant: "nn" | "nn_subgroup" | GemmTileName,
  shape: GemmShape,
  slices?: Slices,
  accumulation?: Accumulation,
): Dispatch {
  if (variant === "nn") return gemmNn(shape, slices, accumulation);
  if (variant === "nn_subgroup") return gemmNnSubgroup(shape, slices, accumulation);
  return gemmTiled(variant, shape, slices, accumulation);
}

/** How a transposed convolution is computed. */
export function chooseTranspose({ choices }: PlanTarget, input: Nchw): TransposeForm {
  return CONV_TRANSPOSE.choose(choices, input);
}

/** The dispatch of sums of rows; bindings partial, total. */
export function rowSums({ choices }: PlanTarget, sums: RowSums): Dispatch {
  return ROW_SUMS.choose(choices, sums) === "rows" ? sumRows(sums) : sumRowsBySubgroups(sums);
}
