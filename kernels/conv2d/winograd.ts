/**
 * 3 x 3 convolution with zero padding 1 by Winograd's minimal filtering. F(4x4, 3x3) needs 4 times fewer multiplications
 * than the direct form and loses some digits; F(2x2, 3x3) needs 2.25 times fewer and is as accurate. Transformed tensors
 * are [z][channel][tile], z the positions of a transformed tile; the products sum over channels.
 *
 * Source: Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, CVPR 2016.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { type Accumulation, accumulationFields, REPLACE } from "../accumulation.ts";
import { COLUMN_TILE } from "../gemm/gemm.ts";
import { ceilDiv, grid, planeGrid, roundUp } from "../grid.ts";
import { type Dispatch, type Kernel, kernel } from "../kernel.ts";
import { packParams } from "../params.ts";
import type { Nchw } from "../shape.ts";
import { type Epilogue, epilogueFlags } from "./epilogue.ts";
import grad2Code from "./winograd2_grad.wgsl" with { type: "text" };
import input2Code from "./winograd2_input.wgsl" with { type: "text" };
import output2Code from "./winograd2_output.wgsl" with { type: "text" };
import weightGrad2Code from "./winograd2_weight_grad.wgsl" with { type: "text" };
import weight2Code from "./winograd2_weight.wgsl" with { type: "text" };
import grad4Code from "./winograd4_grad.wgsl" with { type: "text" };
import input4Code from "./winograd4_input.wgsl" with { type: "text" };
import output4Code from "./winograd4_output.wgsl" with { type: "text" };
import weightGrad4Code from "./winograd4_weight_grad.wgsl" with { type: "text" };
import weight4Code from "./winograd4_weight.wgsl" with { type: "text" };

const WORKGROUP = 64;

const CODE = {
  2: {
    input: input2Code,
    grad: grad2Code,
    weight: weight2Code,
    output: output2Code,
    weightGrad: weightGrad2Code,
  },
  4: {
    input: input4Code,
    grad: grad4Code,
    weight: weight4Code,
    output: output4Code,
    weightGrad: weightGrad4Code,
  },
} as const;

/** How maps are cut into tiles. */
export interface Tiling {
  /** Outputs along a side of a tile. */
  readonly side: 2 | 4;
  /** Positions of a transformed tile: 16 or 36. */
  readonly positions: number;
  /** Height of the maps. */
  readonly height: number;
  /** Width of the maps. */
  readonly width: number;
  /** Tiles along the height. */
  readonly rows: number;
  /** Tiles along the width. */
  readonly columns: number;
  /** First tile, counted over the bound images. */
  readonly first: number;
  /** Number of tiles. */
  readonly tiles: number;
  /** Tiles, padded to whole columns of the matrix product. */
  readonly padded: number;
}

/** Cuts maps into tiles of `side` x `side` outputs. */
export function tile(shape: { batch: number; height: number; width: number }, side: 2 | 4): Tiling {
  const { batch, height, width } = shape;
  const rows = ceilDiv(height, side);
  const columns = ceilDiv(width, side);
  const tiles = batch * rows * columns;
  return {
    side,
    positions: (side + 2) ** 2,
    height,
    width,
    rows,
    columns,
    first: 0,
    tiles,
    padded: roundUp(tiles, COLUMN_TILE),
  };
}

/** Cuts a tiling into equal runs of at most `most` tiles, so that transformed tensors stay small. */
export function splitTiles(tiling: Tiling, most: number): Tiling[] {
  const longest = Math.max(COLUMN_TILE, Math.floor(most / COLUMN_TILE) * COLUMN_TILE);
  const length = roundUp(ceilDiv(tiling.tiles, ceilDiv(tiling.tiles, longest)), COLUMN_TILE);
  const runs: Tiling[] = [];
  for (let first = 0; first < tiling.tiles; first += length) {
    const tiles = Math.min(length, tiling.tiles - first);
    runs.push({ ...tiling, first, tiles, padded: roundUp(tiles, COLUMN_TILE) });
  }
  return runs;
}

/** Which channels of a tensor are transformed, and to where. */
export interface ChannelRange {
  /** Channels of the tensor. */
  readonly channels: number;
  /** Channels before the transformed ones; defaults to 0. */
  readonly skipped?: number;
  /** Channels to transform; defaults to all. */
  readonly count?: number;
  /** Where these begin in the transformed tensor. */
  readonly first: number;
  /** Channels of the transformed tensor. */
  readonly depth: number;
}

/** The innermost dimension of a transformed tensor. */
export type InnerDimension = "tiles" | "channels";

/** Transforms the input; bindings x, affine, v. */
export function winogradInput(
  tiling: Tiling,
  range: ChannelRange,
  normalized: boolean,
  inner: InnerDimension = "tiles",
): Dispatch {
  const label = `conv2d/winograd${tiling.side}_input`;
  const constants = { NORMALIZED: normalized, CHANNELS_INNER: inner === "channels" };
  return transform(label, kernel(label, CODE[tiling.side].input, constants), tiling, range, inner);
}

/** Transforms the output's gradient for the weight gradient; bindings gradient, d. */
export function winogradGrad(
  tiling: Tiling,
  range: ChannelRange,
  inner: InnerDimension = "channels",
): Dispatch {
  const label = `conv2d/winograd${tiling.side}_grad`;
  const constants = { CHANNELS_INNER: inner === "channels" };
  return transform(label, kernel(label, CODE[tiling.side].grad, constants), tiling, range, inner);
}

function transform(
  label: string,
  kernel: Kernel,
  tiling: Tiling,
  range: ChannelRange,
  inner: InnerDimension,
): Dispatch {
  const { channels, skipped = 0, count = channels, first, depth } = range;
  return {
    kernel,
    params: packParams([
      channels,
      skipped,
      count,
      first,
      depth,
      tiling.height,
      tiling.width,
      tiling.rows,
      tiling.columns,
      tiling.first,
      tiling.tiles,
      tiling.padded,
    ]),
    workgroups: inner === "tiles"
      ? planeGrid(label, tiling.padded, WORKGROUP, count)
      : planeGrid(label, count, WORKGROUP, tiling.padded),
  };
}

/** A block of the rows of transformed weights. */
export interface RowBlock {
  /** Channel of row 0. */
  readonly first: number;
  /** Rows that belong to a channel. */
  readonly used: number;
  /** Rows, padded. */
  readonly padded: number;
}

/** Transforms OIHW weights for a block of results, flipped for the input gradient; bindings w, u. */
export function winogradWeight(
  side: 2 | 4,
  layer: { outputs: number; inputs: number },
  rows: RowBlock,
  flipped: boolean,
): Dispatch {
  const label = `conv2d/winograd${side}_weight`;
  return {
    kernel: kernel(label, CODE[side].weight),
    params: packParams([layer.outputs, layer.inputs, rows.first, rows.padded, rows.used, flipped ? 1 : 0]),
    workgroups: grid(label, rows.padded, WORKGROUP, flipped ? layer.outputs : layer.inputs),
  };
}

/** A block of rows of a product that become channels of a tensor. */
export interface OutputBlock {
  /** Shape of the tensor that is written. */
  readonly target: Nchw;
  /** First channel to write. */
  readonly firstChannel: number;
  /** Channels to write. */
  readonly channels: number;
  /** Rows of the product, padded. */
  readonly rows: number;
  /** Row of the first channel. */
  readonly firstRow: number;
}

/** Transforms products to maps; bindings m, bias, gate, gate_affine, y. */
export function winogradOutput(tiling: Tiling, block: OutputBlock, epilogue: Epilogue): Dispatch {
  const label = `conv2d/winograd${tiling.side}_output`;
  return {
    kernel: kernel(label, CODE[tiling.side].output),
    params: packParams([
      block.target.channels,
      block.firstChannel,
      block.rows,
      block.firstRow,
      tiling.height,
      tiling.width,
      tiling.rows,
      tiling.columns,
      tiling.first,
      tiling.tiles,
      tiling.padded,
      epilogueFlags(epilogue),
    ]),
    workgroups: grid(label, tiling.tiles, WORKGROUP, block.channels),
  };
}

/** Adds the split-K slices and transforms the sum to the OIHW weight gradient; bindings partial, total. */
export function winogradWeightGrad(
  side: 2 | 4,
  layer: { inputs: number },
  rows: RowBlock,
  columns: number,
  slices: number,
  accumulation: Accumulation = REPLACE,
): Dispatch {
  const label = `conv2d/winograd${side}_weight_grad`;
  return {
    kernel: kernel(label, CODE[side].weightGrad, side === 4 ? { ONE_SLICE: slices === 1 } : {}),
    params: packParams([
      layer.inputs,
      rows.first,
      rows.padded,
      columns,
      slices,
      ...accumulationFields(accumulation),
    ]),
    workgroups: grid(label, layer.inputs, WORKGROUP, rows.used),
  };
}
