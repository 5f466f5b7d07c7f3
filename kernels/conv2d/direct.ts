/**
 * Direct 3 x 3 convolution with zero padding 1, for few channels. One kernel for the forward pass and the input gradient,
 * one for the weight gradient.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { ceilDiv, grid, roundUp } from "../grid.ts";
import { UNIFORM_WINDOW } from "../gemm/gemm.ts";
import { type Dispatch, kernel } from "../kernel.ts";
import { packParams } from "../params.ts";
import type { Nchw } from "../shape.ts";
import packCode from "./direct_pack.wgsl" with { type: "text" };
import wgradCode from "./direct_wgrad.wgsl" with { type: "text" };
import forwardCode from "./direct.wgsl" with { type: "text" };
import { type Epilogue, epilogueFlags } from "./epilogue.ts";

const WORKGROUP = 64;
const OUTPUT_TILE = 8;
const PATCH_ROWS = 4;
const PATCH_COLUMNS = 8;

/** Which weights of a layer a direct convolution packs. */
export interface PackedWeights {
  /** Output channels of the layer. */
  readonly outputs: number;
  /** Input channels of the layer. */
  readonly inputs: number;
  /** Whether to flip them for the input gradient: inputs and outputs swap, taps rotate by 180 degrees. */
  readonly flipped: boolean;
  /** First channel to compute. */
  readonly firstRow: number;
  /** Channels to compute. */
  readonly rows: number;
}

/** Number of packed values, padded. */
export function packedSize(weights: PackedWeights): number {
  return roundUp(weights.rows, OUTPUT_TILE) * (weights.flipped ? weights.outputs : weights.inputs) * 9;
}

/** Whether the direct kernels support maps of this size and these weights. */
export function directServes(shape: { height: number; width: number }, weights: PackedWeights): boolean {
  return shape.height % PATCH_ROWS === 0 && shape.width % PATCH_COLUMNS === 0 &&
    packedSize(weights) <= UNIFORM_WINDOW;
}

/** Packs OIHW weights for {@linkcode directConv2d}; bindings w, packed. */
export function directPack(weights: PackedWeights): Dispatch {
  const count = packedSize(weights);
  const { outputs, inputs, firstRow, rows, flipped } = weights;
  return {
    kernel: kernel("conv2d/direct_pack", packCode),
    params: packParams([outputs, inputs, firstRow, rows, flipped ? 1 : 0, count]),
    workgroups: grid("conv2d/direct_pack", count, WORKGROUP),
  };
}

/** Arguments of {@linkcode directConv2d}. */
export interface DirectConv2d {
  /** Shape of the output. */
  readonly output: Nchw;
  /** Channels of the tensor that is read. */
  readonly channels: number;
  /** Where these begin among the channels of the weights. */
  readonly firstChannel: number;
  /** Input channels of the weights. */
  readonly depth: number;
  /** Whether the tensor is read through a normalization and ReLU. */
  readonly normalized: boolean;
  /** What happens to the sums before they are stored. */
  readonly epilogue: Epilogue;
}

/** Forward pass or input gradient; bindings x, affine, weights, bias, gate, gate_affine, y. */
export function directConv2d(args: DirectConv2d): Dispatch {
  const { output, channels, firstChannel, depth, normalized, epilogue } = args;
  const { batch, height, width } = output;
  const patches = batch * (height / PATCH_ROWS) * (width / PATCH_COLUMNS);
  return {
    kernel: kernel("conv2d/direct", forwardCode, { NORMALIZED: normalized }),
    params: packParams([
      height,
      width,
      patches,
      channels,
      firstChannel,
      depth,
      output.channels,
      epilogueFlags(epilogue),
    ]),
    workgroups: grid("conv2d/direct", patches, WORKGROUP, ceilDiv(output.channels, OUTPUT_TILE)),
  };
}

/** How the rows of an image are cut into bands for the weight gradient. */
export interface Bands {
  /** Rows per band. */
  readonly rows: number;
  /** Bands per image. */
  readonly perImage: number;
  /** Bands in the batch, padded to a multiple of 4: the last dimension of the partial sums. */
  readonly total: number;
}

/** Bands per batch: enough to keep the cores busy, few enough to be cheap to add. */
const TARGET_BANDS = 256;

/** Cuts images into bands. `atLeast` asks for more bands per batch than the default, for devices with many cores. */
export function directBands(shape: Nchw, atLeast = 0): Bands {
  const targetPerImage = Math.ceil(Math.max(atLeast, TARGET_BANDS) / shape.batch);
  const rows = Math.max(4, ceilDiv(shape.height, targetPerImage));
  const perImage = ceilDiv(shape.height, rows);
  return { rows, perImage, total: roundUp(perImage * shape.batch, 4) };
}

/** Arguments of {@linkcode directWgrad}. */
export interface DirectWgrad {
  /** Shape of the tensor that is read. */
  readonly input: Nchw;
  /** Where its channels begin among the layer's inputs. */
  readonly firstChannel: number;
  /** Input channels of the layer. */
  readonly inputs: number;
  /** Output channels of the layer. */
  readonly outputs: number;
  /** Bands of the images. */
  readonly bands: Bands;
  /** Index in the batch of the first image bound. */
  readonly firstImage: number;
  /** Whether the input is read through a normalization and ReLU. */
  readonly normalized: boolean;
}

/** Partial sums of the weight gradient; bindings x, affine, gradient, partial. */
export function directWgrad(args: DirectWgrad): Dispatch {
  const { batch, channels, height, width } = args.input;
  const { bands } = args;
  return {
    kernel: kernel("conv2d/direct_wgrad", wgradCode, { NORMALIZED: args.normalized }),
    params: packParams([
      height,
      width,
      batch,
      channels,
      args.firstChannel,
      args.inputs,
      args.outputs,
      bands.rows,
      bands.total,
      args.firstImage * bands.perImage,
    ]),
    workgroups: grid(
      "conv2d/direct_wgrad",
      batch * bands.perImage,
      WORKGROUP,
      channels,
      ceilDiv(args.outputs, OUTPUT_TILE),
    ),
  };
}
