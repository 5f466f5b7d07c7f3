/**
 * 3 x 3 convolution as matrix products over im2col columns, for deep layers. These have many weights and few pixels, so
 * that transforming the weights for Winograd costs more than it saves. The weights are used as stored.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { COLUMN_TILE, ROW_TILE } from "../gemm/gemm.ts";
import { flatGrid, roundUp } from "../grid.ts";
import { type Dispatch, kernel } from "../kernel.ts";
import { packParams } from "../params.ts";
import type { Nchw } from "../shape.ts";
import col2imCode from "./col2im.wgsl" with { type: "text" };
import { type Epilogue, epilogueFlags } from "./epilogue.ts";
import im2colCode from "./im2col.wgsl" with { type: "text" };

/** Large, for invocations that do little: a software adapter pays for every workgroup. */
const WORKGROUP = 256;

/** Columns of the matrix: the pixels of the batch, padded. */
export function columnCount(shape: { batch: number; height: number; width: number }): number {
  return roundUp(shape.batch * shape.height * shape.width, COLUMN_TILE);
}

/** Whether the products support a layer: its channels must be whole tiles. */
export function im2colServes(layer: { inputs: number; outputs: number }): boolean {
  return layer.inputs % COLUMN_TILE === 0 && layer.outputs % ROW_TILE === 0;
}

/** Arguments of {@linkcode im2col}. */
export interface Im2Col {
  /** Shape of the tensor that is read. */
  readonly input: Nchw;
  /** Where its channels begin in the matrix. */
  readonly firstChannel: number;
  /** Channels of the matrix. */
  readonly depth: number;
  /** The 3 x 3 neighborhood of each pixel, or only the pixel. */
  readonly taps: 9 | 1;
  /** Whether pixels are the outer dimension of the matrix. */
  readonly pixelsOuter: boolean;
  /** Whether the tensor is read through a normalization and ReLU. */
  readonly normalized: boolean;
}

/** Tensor to columns; bindings x, affine, columns. */
export function im2col(args: Im2Col): Dispatch {
  const { batch, channels, height, width } = args.input;
  const padded = columnCount(args.input);
  const constants = { NORMALIZED: args.normalized, PIXELS_OUTER: args.pixelsOuter, TAPS: args.taps };
  return {
    kernel: kernel("conv2d/im2col", im2colCode, constants),
    params: packParams([
      channels,
      args.firstChannel,
      args.depth,
      height,
      width,
      batch * height * width,
      padded,
    ]),
    workgroups: flatGrid("conv2d/im2col", channels * padded, WORKGROUP),
  };
}

/** Columns to tensor, starting at channel `firstChannel` of the matrix; bindings products, bias, gate, gate_affine, y. */
export function col2im(target: Nchw, firstChannel: number, taps: 9 | 1, epilogue: Epilogue): Dispatch {
  const { batch, channels, height, width } = target;
  const pixels = batch * height * width;
  const flags = epilogueFlags(epilogue);
  return {
    kernel: kernel("conv2d/col2im", col2imCode, { TAPS: taps }),
    params: packParams([channels, firstChannel, height, width, pixels, columnCount(target), flags]),
    workgroups: flatGrid("conv2d/col2im", channels * pixels, WORKGROUP),
  };
}
