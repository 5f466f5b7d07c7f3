/**
 * 2 x 2 transposed convolution with stride 2: each input pixel produces a separate 2 x 2 patch. Each direction is one kernel
 * that reads and writes the tensors in place. For input widths that are multiples of 4 there are two forms, in registers
 * or through workgroup memory; for even widths those of `subgroup.ts`; a last one serves any width.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { type Epilogue, epilogueFlags } from "../conv2d/epilogue.ts";
import { SQUARE_TILE, tiledKernel } from "../gemm/tile.ts";
import { ceilDiv, flatGrid, grid, roundUp } from "../grid.ts";
import { type Dispatch, kernel } from "../kernel.ts";
import { f32, packParams } from "../params.ts";
import type { Nchw } from "../shape.ts";
import dgradRaggedCode from "./dgrad_ragged.wgsl" with { type: "text" };
import dgradCode from "./dgrad.wgsl" with { type: "text" };
import forwardRaggedCode from "./forward_ragged.wgsl" with { type: "text" };
import forwardCode from "./forward.wgsl" with { type: "text" };
import {
  subgroupDgrad,
  subgroupForward,
  subgroupServes,
  type SubgroupSize,
  subgroupWeightTiles,
  subgroupWgrad,
} from "./subgroup.ts";
import tiledDgradCode from "./tiled_dgrad.wgsl" with { type: "text" };
import tiledForwardCode from "./tiled_forward.wgsl" with { type: "text" };
import tiledWgradCode from "./tiled_wgrad.wgsl" with { type: "text" };
import wgradRaggedCode from "./wgrad_ragged.wgsl" with { type: "text" };
import wgradCode from "./wgrad.wgsl" with { type: "text" };

const WORKGROUP = 64;

/** Pixels per invocation of a vector kernel. */
const PIXEL_TILE = 16;

/** Pixels per invocation of a ragged kernel. */
const COLUMN_TILE = 4;

/** Invocations of a weight gradient that keep a device busy. */
const TARGET_INVOCATIONS = 512;

/** Most pixels in one float32 sum of a weight gradient. */
const LONGEST_SUM = 2048;

/** Fewest pixels: each band costs partial sums as large as the weights. */
const SHORTEST_SUM = 256;

/** Workgroups of a weight gradient that keep the cores of a software adapter busy. */
const TARGET_WORKGROUPS = 16;

/** How it is computed if the input suits it; else by the kernels for any width. */
export type TransposeForm = "registers" | "shared" | "subgroup" | "subgroup4";

/** Invocations per subgroup of the forms that need them; undefined if the form or the input does not. */
function subgroupSize(form: TransposeForm, input: Nchw): SubgroupSize | undefined {
  if (!subgroupServes(input)) return undefined;
  return form === "subgroup" ? 8 : form === "subgroup4" ? 4 : undefined;
}

/** Whether the input gradient reads the weights transposed, as `w_transposed[outputs][2][2][inputs]`. */
export function readsTransposed(form: TransposeForm, input: Nchw): boolean {
  return subgroupSize(form, input) !== undefined;
}

/** Whether rows of this input are whole vectors of 4. */
export function rowsAreVectors(input: Nchw): boolean {
  return input.width % 4 === 0;
}

function isTiled(form: TransposeForm, input: Nchw): boolean {
  return form === "shared" && rowsAreVectors(input);
}

/** Tiles along the columns and the rows of a product; sizes in vectors of 4. */
function tilesOf(rowVectors: number, columnVectors: number): { across: number; down: number } {
  return {
    across: ceilDiv(4 * columnVectors, SQUARE_TILE.columns),
    down: ceilDiv(4 * rowVectors, SQUARE_TILE.rows),
  };
}

/** `input` to `[batch, outputs, 2 height, 2 width]`; bindings x, affine, w, bias, y. */
export function convTranspose2dForward(
  input: Nchw,
  outputs: number,
  normalized: boolean,
  form: TransposeForm = "registers",
): Dispatch {
  const { batch, channels, height, width } = input;
  const pixels = height * width;
  const size = subgroupSize(form, input);
  if (size !== undefined) return subgroupForward(input, outputs, normalized, size);
  if (isTiled(form, input)) {
    const label = "conv_transpose2d/tiled_forward";
    const { across, down } = tilesOf(outputs, pixels / 4);
    return {
      kernel: tiledKernel(label, tiledForwardCode, SQUARE_TILE, { NORMALIZED: normalized }),
      params: packParams([channels, outputs, width / 4, pixels / 4]),
      workgroups: grid(label, across, 1, batch, down),
    };
  }
  if (rowsAreVectors(input)) {
    const label = "conv_transpose2d/forward";
    const tiles = ceilDiv(pixels, PIXEL_TILE);
    return {
      kernel: kernel(label, forwardCode, { NORMALIZED: normalized }),
      params: packParams([channels, outputs, width / 4, pixels / 4, tiles, batch]),
      workgroups: flatGrid(label, batch * tiles * ceilDiv(outputs, 2), WORKGROUP),
    };
  }
  const label = "conv_transpose2d/forward_ragged";
  return {
    kernel: kernel(label, forwardRaggedCode, { NORMALIZED: normalized }),
    params: packParams([channels, outputs, width, pixels, batch * pixels]),
    workgroups: flatGrid(label, ceilDiv(batch * pixels, COLUMN_TILE) * ceilDiv(outputs, 4), WORKGROUP),
  };
}

/**
 * Input gradient, gated and multiplied by `scale`; bindings gradient, w (or w_transposed, see
 * {@linkcode readsTransposed}), gate, gate_affine, grad_input.
 */
export function convTranspose2dDgrad(
  input: Nchw,
  outputs: number,
  epilogue: Pick<Epilogue, "gate">,
  scale: number,
  form: TransposeForm = "registers",
): Dispatch {
  const { batch, channels, height, width } = input;
  const pixels = height * width;
  const size = subgroupSize(form, input);
  if (size !== undefined) return subgroupDgrad(input, outputs, epilogue, scale, size);
  const flags = epilogueFlags(epilogue);
  if (isTiled(form, input)) {
    const label = "conv_transpose2d/tiled_dgrad";
    const { across, down } = tilesOf(ceilDiv(channels, 4), pixels / 4);
    return {
      kernel: tiledKernel(label, tiledDgradCode, SQUARE_TILE),
      params: packParams([channels, outputs, width / 4, pixels / 4, flags, f32(scale)]),
      workgroups: grid(label, across, 1, batch, down),
    };
  }
  if (rowsAreVectors(input)) {
    const label = "conv_transpose2d/dgrad";
    const tiles = ceilDiv(pixels, PIXEL_TILE);
    return {
      kernel: kernel(label, dgradCode),
      params: packParams([channels, outputs, width / 4, pixels / 4, tiles, batch, flags, f32(scale)]),
      workgroups: flatGrid(label, batch * tiles * ceilDiv(channels, 8), WORKGROUP),
    };
  }
  const label = "conv_transpose2d/dgrad_ragged";
  return {
    kernel: kernel(label, dgradRaggedCode),
    params: packParams([channels, outputs, width, pixels, batch * pixels, flags, f32(scale)]),
    workgroups: flatGrid(label, ceilDiv(batch * pixels, COLUMN_TILE) * ceilDiv(channels, 4), WORKGROUP),
  };
}

/** How the pixels of a batch are cut into bands for the partial sums of the weight gradient. */
export interface TransposeBands {
  /** Images per band. */
  readonly images: number;
  /** Bands per image; 1 if a band has several images. */
  readonly perImage: number;
  /** Pixels of a band within an image; a multiple of 4 or 2 if the width is. */
  readonly pixels: number;
}

/** Tiles of the weight gradient in the register forms, one invocation each. */
function weightTiles(input: Nchw, outputs: number): number {
  return ceilDiv(input.channels, rowsAreVectors(input) ? 8 : 4) * ceilDiv(outputs, 4);
}

/**
 * Cuts a batch into few bands: each costs partial sums as large as the weights.
 *
 * @param input shape of the input
 * @param outputs output channels
 * @param form the form that is used
 * @param workgroups workgroups that keep the device busy, for the form `shared`
 */
export function transposeBands(
  input: Nchw,
  outputs: number,
  form: TransposeForm = "registers",
  workgroups = 0,
): TransposeBands {
  const { batch, channels, height, width } = input;
  const pixels = height * width;
  const size = subgroupSize(form, input);
  const { across, down } = tilesOf(ceilDiv(channels, 4), outputs);
  const target = size !== undefined
    ? ceilDiv(TARGET_WORKGROUPS, subgroupWeightTiles(input, outputs, size))
    : isTiled(form, input)
    ? ceilDiv(workgroups, across * down)
    : ceilDiv(TARGET_INVOCATIONS, weightTiles(input, outputs));
  const evenly = Math.ceil(batch * pixels / target);
  const length = Math.min(LONGEST_SUM, Math.max(SHORTEST_SUM, evenly));
  if (length >= pixels) return { images: Math.max(1, Math.floor(length / pixels)), perImage: 1, pixels };
  const perImage = ceilDiv(pixels, length);
  const cut = ceilDiv(pixels, perImage);
  const unit = rowsAreVectors(input) ? 4 : size !== undefined ? 2 : 1;
  const whole = roundUp(cut, unit);
  return { images: 1, perImage: ceilDiv(pixels, whole), pixels: whole };
}

/** Number of bands for this many images. */
export function bandCount(bands: TransposeBands, images: number): number {
  return ceilDiv(images, bands.images) * bands.perImage;
}

/**
 * Partial sums `[band][inputs][outputs][2][2]` of the weight gradient, starting at band `firstBand`; bindings x, affine,
 * gradient, partial.
 */
export function convTranspose2dWgrad(
  input: Nchw,
  outputs: number,
  normalized: boolean,
  bands: TransposeBands,
  firstBand: number,
  form: TransposeForm = "registers",
): Dispatch {
  const { batch, channels, height, width } = input;
  const count = bandCount(bands, batch);
  const size = subgroupSize(form, input);
  if (size !== undefined) return subgroupWgrad(input, outputs, normalized, bands, count, firstBand, size);
  const cut = [bands.images, bands.perImage];
  if (isTiled(form, input)) {
    const label = "conv_transpose2d/tiled_wgrad";
    const { across, down } = tilesOf(ceilDiv(channels, 4), outputs);
    const sizes = [channels, outputs, width / 4, height * width / 4, batch];
    return {
      kernel: tiledKernel(label, tiledWgradCode, SQUARE_TILE, { NORMALIZED: normalized }),
      params: packParams([...sizes, ...cut, bands.pixels / 4, firstBand]),
      workgroups: grid(label, across, 1, count, down),
    };
  }
  // The vector kernel counts in vectors of 4 pixels, the ragged one in pixels.
  const [name, code, unit] = rowsAreVectors(input)
    ? ["wgrad", wgradCode, 4] as const
    : ["wgrad_ragged", wgradRaggedCode, 1] as const;
  const label = `conv_transpose2d/${name}`;
  return {
    kernel: kernel(label, code, { NORMALIZED: normalized }),
    params: packParams([
      channels,
      outputs,
      width / unit,
      height * width / unit,
      batch,
      ...cut,
      bands.pixels / unit,
      firstBand,
    ]),
    workgroups: grid(label, weightTiles(input, outputs), WORKGROUP, count),
  };
}
