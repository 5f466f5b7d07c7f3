/**
 * 3 x 3 convolution with zero padding 1 by Winograd F(4x4, 3x3) in registers, for few channels on software adapters with
 * subgroups of 8: transforms and products in one kernel. It needs 4 times fewer multiplications than the direct form and
 * loses some digits.
 *
 * Source: Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, CVPR 2016.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { ceilDiv, grid, roundUp } from "../grid.ts";
import { type Dispatch, kernel } from "../kernel.ts";
import { packParams } from "../params.ts";
import type { Nchw } from "../shape.ts";
import { type Epilogue, epilogueFlags } from "./epilogue.ts";
import dgradCode from "./fused_dgrad.wgsl" with { type: "text" };
import forwardCode from "./fused_forward.wgsl" with { type: "text" };
import wgradCode from "./fused_wgrad.wgsl" with { type: "text" };

/** Outputs of a tile along a side. */
const SIDE = 4;

/** Channels that a subgroup works on, and a dispatch sums over. */
export const FUSED_CHANNELS = 8;

/** Workgroups: enough to keep the cores busy, few enough for transforms of weights to be rare. */
const WORKGROUPS = 64;

/** Workgroups per pair of ranges of channels in the weight gradient, at least. */
const LEAST_BANDS = 8;

/** Tiles per partial sum: a longer sum would lose digits. */
const MOST_TILES = 512;

/** Whether the kernels support maps of this size. */
export function fusedServes({ height, width }: { height: number; width: number }): boolean {
  return height % SIDE === 0 && width % SIDE === 0;
}

/** Arguments of {@linkcode fusedForward}. */
export interface FusedForward {
  /** Shape of the output. */
  readonly output: Nchw;
  /** Input channels of the weights. */
  readonly inputs: number;
  /** Channels of the tensor that is read. */
  readonly channels: number;
  /** First of them that is summed over. */
  readonly first: number;
  /** Channels that are summed over, at most 8. */
  readonly count: number;
  /** First of these among the inputs of the weights. */
  readonly firstInput: number;
  /** Whether the tensor is read through a normalization and ReLU. */
  readonly normalized: boolean;
  /** What happens to the sums before they are stored. */
  readonly epilogue: Epilogue;
}

/** Forward pass over at most 8 channels; bindings x, affine, w, bias, y. */
export function fusedForward(args: FusedForward): Dispatch {
  const { output, epilogue } = args;
  const { tileRows, rows } = rowsOf(output);
  return {
    kernel: kernel("conv2d/fused_forward", forwardCode, {
      CHANNELS: registers(args.count),
      NORMALIZED: args.normalized,
      ADDS: epilogue.add ?? false,
    }),
    params: packParams([
      output.height,
      output.width,
      tileRows,
      rows,
      args.channels,
      args.first,
      args.count,
      args.firstInput,
      args.inputs,
      output.channels,
      epilogueFlags(epilogue),
    ]),
    workgroups: grid(
      "conv2d/fused_forward",
      ceilDiv(tileRows, rows),
      1,
      ceilDiv(output.channels, FUSED_CHANNELS),
    ),
  };
}

/** Arguments of {@linkcode fusedDgrad}. */
export interface FusedDgrad {
  /** Shape of the input. */
  readonly input: Nchw;
  /** Where its channels begin among the layer's inputs. */
  readonly firstInput: number;
  /** Input channels of the layer. */
  readonly inputs: number;
  /** Output channels of the layer. */
  readonly outputs: number;
  /** First output channel that is summed over. */
  readonly first: number;
  /** Output channels that are summed over, at most 8. */
  readonly count: number;
  /** What happens to the sums before they are stored; no bias and no ReLU. */
  readonly epilogue: Pick<Epilogue, "gate" | "add">;
}

/** Gradient of an input, over at most 8 outputs; bindings gradient, w, gate, gate_affine, grad_input. */
export function fusedDgrad(args: FusedDgrad): Dispatch {
  const { input, epilogue } = args;
  const { tileRows, rows } = rowsOf(input);
  return {
    kernel: kernel("conv2d/fused_dgrad", dgradCode, {
      CHANNELS: registers(args.count),
      GATED: (epilogue.gate ?? "none") !== "none",
      ADDS: epilogue.add ?? false,
    }),
    params: packParams([
      input.height,
      input.width,
      tileRows,
      rows,
      args.outputs,
      args.first,
      args.count,
      args.inputs,
      args.firstInput,
      input.channels,
      epilogueFlags(epilogue),
    ]),
    workgroups: grid(
      "conv2d/fused_dgrad",
      ceilDiv(tileRows, rows),
      1,
      ceilDiv(input.channels, FUSED_CHANNELS),
    ),
  };
}

/** How the rows of tiles of an image are cut into bands with a partial sum each. */
export interface FusedBands {
  /** Rows of tiles per band. */
  readonly rows: number;
  /** Bands per image. */
  readonly perImage: number;
  /** Bands in the batch, padded to a multiple of 4. */
  readonly total: number;
}

/** Cuts images into whole bands for the weight gradient of a layer. */
export function fusedBands(
  { batch, height, width }: { batch: number; height: number; width: number },
  { inputs, outputs }: { inputs: number; outputs: number },
): FusedBands {
  const pairs = ceilDiv(inputs, FUSED_CHANNELS) * ceilDiv(outputs, FUSED_CHANNELS);
  const bands = Math.max(LEAST_BANDS, Math.floor(WORKGROUPS / pairs));
  const tileRows = height / SIDE;
  const most = Math.min(tileRows * batch / bands, MOST_TILES * SIDE / width);
  let rows = Math.min(tileRows, Math.max(1, Math.floor(most)));
  while (tileRows % rows !== 0) rows--;
  const perImage = tileRows / rows;
  return { rows, perImage, total: roundUp(perImage * batch, 4) };
}

/** Rows of partial sums of a layer: weights, and from `bias` on biases, where another binding may begin. */
export function fusedRows({ inputs, outputs }: { inputs: number; outputs: number }): {
  readonly bias: number;
  readonly all: number;
} {
  const bias = roundUp(outputs * inputs * 9, 16);
  return { bias, all: bias + outputs };
}

/** Arguments of {@linkcode fusedWgrad}. */
export interface FusedWgrad {
  /** Shape of the tensor that is read. */
  readonly input: Nchw;
  /** Where its channels begin among the layer's inputs. */
  readonly firstInput: number;
  /** Input channels of the layer. */
  readonly inputs: number;
  /** Output channels of the layer. */
  readonly outputs: number;
  /** Bands of the images. */
  readonly bands: FusedBands;
  /** Index in the batch of the first image bound. */
  readonly firstImage: number;
  /** Whether the input is read through a normalization and ReLU. */
  readonly normalized: boolean;
}

/**
 * Partial sums of the weight gradient, and of the bias gradient if `firstInput` is 0; bindings x, affine, gradient,
 * partial.
 */
export function fusedWgrad(args: FusedWgrad): Dispatch {
  const { batch, channels, height, width } = args.input;
  const { bands } = args;
  return {
    kernel: kernel("conv2d/fused_wgrad", wgradCode, {
      NORMALIZED: args.normalized,
      CHANNELS: registers(channels),
    }),
    params: packParams([
      height,
      width,
      batch * height / SIDE,
      bands.rows,
      channels,
      args.firstInput,
      args.inputs,
      args.outputs,
      bands.total,
      args.firstImage * bands.perImage,
      fusedRows(args).bias,
    ]),
    workgroups: grid(
      "conv2d/fused_wgrad",
      batch * bands.perImage,
      1,
      ceilDiv(channels, FUSED_CHANNELS),
      ceilDiv(args.outputs, FUSED_CHANNELS),
    ),
  };
}

/** Channels that a kernel is compiled for. */
function registers(count: number): 4 | 8 {
  return count <= 4 ? 4 : 8;
}

/** Rows of tiles of a result, and how many of them a workgroup computes. */
function rowsOf({ batch, channels, height }: Nchw): { tileRows: number; rows: number } {
  const tileRows = batch * height / SIDE;
  return { tileRows, rows: ceilDiv(tileRows * ceilDiv(channels, FUSED_CHANNELS), WORKGROUPS) };
}
