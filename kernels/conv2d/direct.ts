/**
 * Direct 3 x 3 convolution with zero padding 1, for few channels: forward and input gradient by one kernel, weight
 * gradient by another.
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

/** Packed weights of one direct convolution: `count` floats from `depth` summed channels to `rows` results. */
export interface PackedWeights {
  /** Channels of the layer's output. */
  readonly outputs: number;
  /** Channels of the layer's input. */
  readonly inputs: number;
  /** Whether the weights serve the input gradient. */
  readonly flipped: boolean;
  /** First of the channels that are computed. */
  readonly firstRow: number;
  /** Number of the channels that are computed. */
  readonly rows: number;
}

/** Floats of packed weights. */
export function packedSize(weights: PackedWeights): number {
  return roundUp(weights.rows, OUTPUT_TILE) * (weights.flipped ? weights.outputs : weights.inputs) * 9;
}

/** Whether the direct kernels serve maps of this size and weights of these channels. */
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
  /** Images, height and width; channels are those of the result. */
  readonly output: Nchw;
  /** Channels of the tensor that is read. */
  readonly channels: number;
  /** Where they stand among those that the weights have. */
  readonly firstChannel: number;
  /** Channels that the weights have. */
  readonly depth: number;
  /** Whether the tensor is read through a normalisation and ReLU. */
  readonly normalized: boolean;
  /** What is done with the sums. */
  readonly epilogue: Epilogue;
}

/** Forward or input gradient; bindings x, affine, weights, bias, gate, gate_affine, y. */
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

/** Bands that the direct weight gradient of one image is cut into. */
export interface Bands {
  /** Rows of a band. */
  readonly rows: number;
  /** Bands of an image. */
  readonly perImage: number;
  /** Bands of the whole batch, padded to a multiple of 4: the last dimension of the partial sums. */
  readonly total: number;
}

/** Bands of a batch that keep cores busy, and are few enough that adding them up costs little. */
const WANTED_BANDS = 256;

/** Cuts images into bands: more than usual where a device with many cores wants more in the batch. */
export function directBands(shape: Nchw, wanted = 0): Bands {
  const wantedPerImage = Math.ceil(Math.max(wanted, WANTED_BANDS) / shape.batch);
  const rows = Math.max(4, ceilDiv(shape.height, wantedPerImage));
  const perImage = ceilDiv(shape.height, rows);
  return { rows, perImage, total: roundUp(perImage * shape.batch, 4) };
}

/** Arguments of {@linkcode directWgrad}. */
export interface DirectWgrad {
  /** The part of the input that is read: its images and its channels. */
  readonly input: Nchw;
  /** Where its channels begin among the layer's. */
  readonly firstChannel: number;
  /** Channels of the layer's input. */
  readonly inputs: number;
  /** Channels of the layer's output. */
  readonly outputs: number;
  /** How images are cut. */
  readonly bands: Bands;
  /** First image bound here. */
  readonly firstImage: number;
  /** Whether the input is read through a normalisation and ReLU. */
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
