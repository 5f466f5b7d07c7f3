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
import { ceilDiv, flatGrid, grid, planeGrid, roundUp } from "../grid.ts";
import { type Dispatch, type Kernel, kernel } from "../kernel.ts";
import { packParams } from "../params.ts";
import type { Nchw } from "../shape.ts";
import { type Epilogue, epilogueFlags } from "./epilogue.ts";
import grad2Code from "./winograd2_grad.wgsl" with { type: "text" };
import input2Code from "./winograd2_input.wgsl" with { type: "text" };
import output2Code from "./winograd2_output.wgsl" with { type: "text" };
import weightGrad2Code from "./winograd2_weight_grad.wgsl" with { type: "text" };
import weight2Code from "./winograd2_weight.wgsl" with { type: "text" };
import grad4PairsCode from "./winograd4_grad_pairs.wgsl" with { type: "text" };
import grad4Code from "./winograd4_grad.wgsl" with { type: "text" };
import input4LanesCode from "./winograd4_input_lanes.wgsl" with { type: "text" };
import input4PairsCode from "./winograd4_input_pairs.wgsl" with { type: "text" };
import input4Code from "./winograd4_input.wgsl" with { type: "text" };
import output4LanesCode from "./winograd4_output_lanes.wgsl" with { type: "text" };
import output4PairsCode from "./winograd4_output_pairs.wgsl" with { type: "text" };
import output4Code from "./winograd4_output.wgsl" with { type: "text" };
import weightGrad4PairsCode from "./winograd4_weight_grad_pairs.wgsl" with { type: "text" };
import weightGrad4Code from "./winograd4_weight_grad.wgsl" with { type: "text" };
import weight4PairsCode from "./winograd4_weight_pairs.wgsl" with { type: "text" };
import weight4Code from "./winograd4_weight.wgsl" with { type: "text" };

const WORKGROUP = 64;

/** Values that the part `quotient.wgsl` divides are smaller. */
const MOST_QUOTIENT = 2 ** 24;

/** Invocations per workgroup of the kernels whose subgroups exchange values. */
const LANES_WORKGROUP = 256;

const CODE = {
  2: {
    input: input2Code,
    grad: grad2Code,
    weight: weight2Code,
    output: output2Code,
    weight_grad: weightGrad2Code,
  },
  4: {
    input: input4Code,
    grad: grad4Code,
    weight: weight4Code,
    output: output4Code,
    weight_grad: weightGrad4Code,
  },
} as const;

/** Kernels of F(4x4) that compute two neighboring values per invocation, by what they do. */
const PAIRS = {
  input: input4PairsCode,
  grad: grad4PairsCode,
  weight: weight4PairsCode,
  output: output4PairsCode,
  weight_grad: weightGrad4PairsCode,
} as const;

/** A kernel, and how many neighboring values each invocation computes. */
interface Form {
  readonly kernel: Kernel;
  readonly width: 1 | 2;
}

function formOf(
  side: 2 | 4,
  part: keyof typeof PAIRS,
  pairs: boolean,
  constants: Readonly<Record<string, boolean>> = {},
): Form {
  const label = `conv2d/winograd${side}_${part}`;
  if (pairs && side === 4) return { kernel: kernel(`${label}_pairs`, PAIRS[part], constants), width: 2 };
  return { kernel: kernel(label, CODE[side][part], constants), width: 1 };
}

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
  /** See {@linkcode tile}. */
  readonly pairs: boolean;
  /** See {@linkcode tile}. */
  readonly lanes: boolean;
}

/**
 * Cuts maps into tiles of `side` x `side` outputs.
 *
 * @param pairs whether transforms of F(4x4) compute two neighboring values per invocation, which software adapters load
 * and store as one word; the same bits
 * @param lanes whether those of input and output, with tiles innermost, exchange values within subgroups of exactly 8
 * instead; the same bits
 */
export function tile(
  shape: { batch: number; height: number; width: number },
  side: 2 | 4,
  pairs = false,
  lanes = false,
): Tiling {
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
    pairs,
    lanes: lanes && side === 4 && tiles < MOST_QUOTIENT,
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
  if (tiling.lanes && inner === "tiles") {
    const label = "conv2d/winograd4_input_lanes";
    return {
      kernel: kernel(label, input4LanesCode, { NORMALIZED: normalized }),
      params: transformParams(tiling, range),
      workgroups: flatGrid(label, (range.count ?? range.channels) * tiling.padded, LANES_WORKGROUP),
    };
  }
  const constants = { NORMALIZED: normalized, CHANNELS_INNER: inner === "channels" };
  return transform("input", constants, tiling, range, inner);
}

/** Transforms the output's gradient for the weight gradient; bindings gradient, d. */
export function winogradGrad(
  tiling: Tiling,
  range: ChannelRange,
  inner: InnerDimension = "channels",
): Dispatch {
  return transform("grad", { CHANNELS_INNER: inner === "channels" }, tiling, range, inner);
}

function transform(
  part: "input" | "grad",
  constants: Readonly<Record<string, boolean>>,
  tiling: Tiling,
  range: ChannelRange,
  inner: InnerDimension,
): Dispatch {
  const { channels, count = channels, first, depth } = range;
  // Tiles are padded, channels are not.
  const even = inner === "tiles" || [count, first, depth].every((value) => value % 2 === 0);
  const pairs = tiling.pairs && tiling.side === 4 && even;
  // With an even number of columns a pair of tiles lies in one row.
  const joined = part === "input" && pairs && inner === "tiles" && tiling.columns % 2 === 0;
  const all = joined ? { ...constants, JOINED: true } : constants;
  const { kernel, width } = formOf(tiling.side, part, pairs, all);
  return {
    kernel,
    params: transformParams(tiling, range),
    workgroups: inner === "tiles"
      ? planeGrid(kernel.label, tiling.padded / width, WORKGROUP, count)
      : planeGrid(kernel.label, count / width, WORKGROUP, tiling.padded),
  };
}

function transformParams(tiling: Tiling, range: ChannelRange): Uint8Array {
  const { channels, skipped = 0, count = channels, first, depth } = range;
  return packParams([
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
  ]);
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
  pairs = false,
): Dispatch {
  const { kernel, width } = formOf(side, "weight", pairs);
  return {
    kernel,
    params: packParams([layer.outputs, layer.inputs, rows.first, rows.padded, rows.used, flipped ? 1 : 0]),
    workgroups: grid(kernel.label, rows.padded / width, WORKGROUP, flipped ? layer.outputs : layer.inputs),
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
  const params = packParams([
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
    block.channels,
  ]);
  if (tiling.lanes) {
    const label = "conv2d/winograd4_output_lanes";
    const workgroups = flatGrid(label, block.channels * tiling.padded, LANES_WORKGROUP);
    return { kernel: kernel(label, output4LanesCode), params, workgroups };
  }
  const { kernel: form, width } = formOf(tiling.side, "output", tiling.pairs);
  return {
    kernel: form,
    params,
    workgroups: grid(form.label, ceilDiv(tiling.tiles, width), WORKGROUP, block.channels),
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
  pairs = false,
): Dispatch {
  const constants: Record<string, boolean> = side === 4 ? { ONE_SLICE: slices === 1 } : {};
  const { kernel, width } = formOf(side, "weight_grad", pairs, constants);
  return {
    kernel,
    params: packParams([
      layer.inputs,
      rows.first,
      rows.padded,
      columns,
      slices,
      ...accumulationFields(accumulation),
    ]),
    workgroups: grid(kernel.label, ceilDiv(layer.inputs, width), WORKGROUP, rows.used),
  };
}
