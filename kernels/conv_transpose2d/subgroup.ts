/**
 * The 2 x 2 transposed convolution with stride 2 for software adapters with subgroups: matrix products whose shared
 * operand is broadcast within the subgroup. A load costs such an adapter ten multiply-adds, a broadcast next to
 * nothing.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { type Epilogue, epilogueFlags } from "../conv2d/epilogue.ts";
import { ceilDiv, flatGrid, grid } from "../grid.ts";
import { type Dispatch, kernel } from "../kernel.ts";
import { f32, packParams } from "../params.ts";
import type { Nchw } from "../shape.ts";
import subgroupDgradCode from "./subgroup_dgrad.wgsl" with { type: "text" };
import subgroupForwardCode from "./subgroup_forward.wgsl" with { type: "text" };
import subgroupWgradCode from "./subgroup_wgrad.wgsl" with { type: "text" };
import type { TransposeBands } from "./conv_transpose2d.ts";

/** Invocations per workgroup, at most a subgroup. With 16, which the kernels allow, lavapipe was no faster than in registers. */
export type SubgroupSize = 4 | 8;

/** Whether the kernels can compute an input. */
export function subgroupServes({ channels, width }: Nchw): boolean {
  return channels % 4 === 0 && width % 2 === 0;
}

/** Pairs of neighboring pixels per invocation. */
const PAIRS = 4;

function pairsOf({ batch, height, width }: Nchw): { row: number; plane: number; all: number } {
  const plane = height * width / 2;
  return { row: width / 2, plane, all: batch * plane };
}

/** Tiles of 8 vectors of rows, or of 4 if there are no more or the subgroup has no more invocations to load them. */
function rowVectors(vectors: number, size: SubgroupSize): 4 | 8 {
  return vectors <= 4 || size === 4 ? 4 : 8;
}

/** `input` to `[batch, outputs, 2 height, 2 width]`; bindings x, affine, w, bias, y. */
export function subgroupForward(
  input: Nchw,
  outputs: number,
  normalized: boolean,
  size: SubgroupSize,
): Dispatch {
  const label = "conv_transpose2d/subgroup_forward";
  const pairs = pairsOf(input);
  const height = rowVectors(outputs, size);
  const tiles = ceilDiv(outputs, height);
  return {
    kernel: kernel(label, subgroupForwardCode, { WORKGROUP: size, OUTPUTS: height, NORMALIZED: normalized }),
    params: packParams([input.channels, outputs, pairs.row, pairs.plane, pairs.all, tiles]),
    workgroups: flatGrid(label, tiles * ceilDiv(pairs.all, PAIRS * size), 1),
  };
}

/**
 * Input gradient, gated and multiplied by `scale`; bindings gradient, w_transposed, gate, gate_affine, grad_input.
 */
export function subgroupDgrad(
  input: Nchw,
  outputs: number,
  epilogue: Pick<Epilogue, "gate">,
  scale: number,
  size: SubgroupSize,
): Dispatch {
  const label = "conv_transpose2d/subgroup_dgrad";
  const pairs = pairsOf(input);
  const { channels } = input;
  const height = rowVectors(channels / 4, size);
  const tiles = ceilDiv(channels / 4, height);
  const sizes = [channels, outputs, pairs.row, pairs.plane, pairs.all, tiles];
  return {
    kernel: kernel(label, subgroupDgradCode, { WORKGROUP: size, CHANNEL_VECTORS: height }),
    params: packParams([...sizes, epilogueFlags(epilogue), f32(scale)]),
    workgroups: flatGrid(label, tiles * ceilDiv(pairs.all, PAIRS * size), 1),
  };
}

/** Channels and outputs of a tile of the weight gradient. */
function weightTile(
  { channels }: Nchw,
  outputs: number,
  size: SubgroupSize,
): { vectors: 4 | 8; lanes: 1 | 2; across: number; down: number } {
  const vectors = channels <= 16 ? 4 : 8;
  const lanes = outputs <= size ? 1 : 2;
  return { vectors, lanes, across: ceilDiv(outputs, lanes * size), down: ceilDiv(channels, 4 * vectors) };
}

/** Tiles of the weight gradient. */
export function subgroupWeightTiles(input: Nchw, outputs: number, size: SubgroupSize): number {
  const { across, down } = weightTile(input, outputs, size);
  return across * down;
}

/** See `convTranspose2dWgrad`; bindings x, affine, gradient, partial. */
export function subgroupWgrad(
  input: Nchw,
  outputs: number,
  normalized: boolean,
  bands: TransposeBands,
  count: number,
  firstBand: number,
  size: SubgroupSize,
): Dispatch {
  const label = "conv_transpose2d/subgroup_wgrad";
  const pairs = pairsOf(input);
  const { vectors, lanes, across, down } = weightTile(input, outputs, size);
  return {
    kernel: kernel(label, subgroupWgradCode, {
      WORKGROUP: size,
      CHANNEL_VECTORS: vectors,
      OUTPUTS: lanes,
      NORMALIZED: normalized,
    }),
    params: packParams([
      input.channels,
      outputs,
      pairs.row,
      pairs.plane,
      input.batch,
      bands.images,
      bands.perImage,
      bands.pixels / 2,
      firstBand,
      across,
    ]),
    workgroups: grid(label, across * down, 1, count),
  };
}
