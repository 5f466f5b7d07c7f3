/**
 * 3 x 3 convolution as plain matrix products over columns of pixels, for deep layers: their weights are many and their
 * pixels few, so that what Winograd does with the weights costs more than it saves. The weights serve as they stand.
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

const WORKGROUP = 64;

/** Columns of the matrix of a batch of maps. */
export function columnCount(shape: { batch: number; height: number; width: number }): number {
  return roundUp(shape.batch * shape.height * shape.width, COLUMN_TILE);
}

/** Whether the products serve a layer: its channels must be whole tiles. */
export function im2colServes(layer: { inputs: number; outputs: number }): boolean {
  return layer.inputs % COLUMN_TILE === 0 && layer.outputs % ROW_TILE === 0;
}

/** How {@linkcode im2col} lays pixels out. */
export interface Im2Col {
  /** The tensor that is read. */
  readonly input: Nchw;
  /** Where its channels begin in the matrix. */
  readonly firstChannel: number;
  /** Channels of the matrix. */
  readonly depth: number;
  /** The 3 x 3 neighbourhood of every pixel, or the pixel alone. */
  readonly taps: 9 | 1;
  /** Whether pixels are the matrix's outer dimension. */
  readonly pixelsOuter: boolean;
  /** Whether the tensor is read through a normalisation and ReLU. */
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

/** Columns to tensor, from channel `firstChannel` of the matrix on; bindings products, bias, gate, gate_affine, y. */
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
