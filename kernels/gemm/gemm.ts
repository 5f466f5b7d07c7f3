/**
 * Batched matrix products, the core of the Winograd and im2col convolutions. Tiles are held in registers, best if memory
 * is close (software adapters), or go through workgroup memory, best if it is far (hardware).
 *
 * This module is browser compatible.
 *
 * @module
 */
import { type Accumulation, accumulationFields, REPLACE } from "../accumulation.ts";
import { ceilDiv, flatGrid, grid } from "../grid.ts";
import { type Dispatch, kernel } from "../kernel.ts";
import { packParams } from "../params.ts";
import nnHighCode from "./nn_high.wgsl" with { type: "text" };
import nnPanelCode from "./nn_panel.wgsl" with { type: "text" };
import nnUniformCode from "./nn_uniform.wgsl" with { type: "text" };
import nnWideCode from "./nn_wide.wgsl" with { type: "text" };
import nnCode from "./nn.wgsl" with { type: "text" };
import { SQUARE_TILE, type Tile, tiledKernel } from "./tile.ts";
import tiledCode from "./tiled.wgsl" with { type: "text" };
import transposeCode from "./transpose.wgsl" with { type: "text" };

const WORKGROUP = 64;

/** Rows and columns of the square that a workgroup transposes. */
const TRANSPOSE_SIDE = 32;

/** Invocations per workgroup if there are few tiles: a software adapter distributes workgroups over its cores. */
const SMALL_WORKGROUP = 8;

/** Workgroups that keep all cores of a software adapter busy. */
const ENOUGH_WORKGROUPS = 16;

/** Floats in the largest uniform that WebGPU guarantees, 64 KiB. */
export const UNIFORM_WINDOW = 16384;

/** Rows of a product are padded to a multiple of this. */
export const ROW_TILE = 16;

/** Rows of `rowBytes` bytes that fit `byteLength`, rounded down to a multiple of {@linkcode ROW_TILE}. */
export function rowsThatFit(byteLength: number, rowBytes: number): number {
  return Math.floor(byteLength / rowBytes / ROW_TILE) * ROW_TILE;
}

/** Columns of a product are padded to a multiple of this. */
export const COLUMN_TILE = 16;

/** Sizes of a batch of products `c[z][m][n] = sum_k a[z][k][m] b[z][k][n]`. */
export interface GemmShape {
  /** m, a multiple of 16. */
  readonly rows: number;
  /** n, a multiple of 16. */
  readonly columns: number;
  /** k. */
  readonly depth: number;
  /** z. */
  readonly layers: number;
}

/** Slices of the summed dimension k (split-K). */
export interface Slices {
  /** k per slice. */
  readonly depth: number;
  /** Number of slices. */
  readonly count: number;
  /** Index in the output of the first slice. */
  readonly first: number;
}

/**
 * `c[s][z][m][n] = sum over k in slice s of a[z][k][m] b[z][k][n]`, by default in one slice; bindings a, b, c.
 */
export function gemmNn(
  shape: GemmShape,
  slices: Slices = { depth: shape.depth, count: 1, first: 0 },
  accumulation: Accumulation = REPLACE,
): Dispatch {
  checkTiles(shape);
  const tiles = { rows: shape.rows / 8, columns: shape.columns / 16 };
  const count = tiles.rows * tiles.columns;
  const few = ceilDiv(count, WORKGROUP) * shape.layers * slices.count < ENOUGH_WORKGROUPS;
  const workgroup = few ? SMALL_WORKGROUP : WORKGROUP;
  return {
    kernel: kernel("gemm/nn", nnCode, { WORKGROUP: workgroup }),
    params: registerParams(tiles, shape, slices, accumulation),
    workgroups: grid("gemm/nn", count, workgroup, shape.layers, slices.count),
  };
}

/** Speed of the kernel that splits rows over a subgroup, relative to the one that splits columns, on lavapipe. */
const HIGH_SHARE = 0.8;

/** Vectors of 4 columns that share a panel of `a` in a workgroup. */
const PANEL_RUN = 256;

/** Columns from which loading a panel pays off. */
const PANEL_COLUMNS = 128;

/** Whether a sum is so short that a panel of `a` pays off. */
function panelServes(
  { rows, columns, depth }: GemmShape,
  slices: Slices,
  { keep, scale }: Accumulation,
): boolean {
  const whole = slices.count === 1 && slices.first === 0 && !keep && scale === 1;
  return whole && rows % 32 === 0 && columns >= PANEL_COLUMNS && (depth === 16 || depth === 32);
}

/** {@linkcode gemmNnSubgroup} for sums of 16 or 32 terms. */
function gemmNnPanel({ rows, columns, depth, layers }: GemmShape): Dispatch {
  const vectors = columns / 4;
  const runs = ceilDiv(vectors, PANEL_RUN);
  return {
    kernel: kernel("gemm/nn_panel", nnPanelCode, { DEPTH: depth }),
    params: packParams([rows / 4, vectors, runs, ceilDiv(vectors, runs)]),
    workgroups: grid("gemm/nn_panel", rows / 32 * runs, 1, layers),
  };
}

/**
 * {@linkcode gemmNn} with subgroups of 8 invocations, along columns or rows, whichever fills them better, or of 4, along
 * columns; the same bits. Bindings a, b, c.
 */
export function gemmNnSubgroup(
  shape: GemmShape,
  slices: Slices = { depth: shape.depth, count: 1, first: 0 },
  accumulation: Accumulation = REPLACE,
  size: 4 | 8 = 8,
): Dispatch {
  checkTiles(shape);
  const { rows, columns, layers } = shape;
  if (size === 4) {
    const tiles = { rows: rows / 16, columns: ceilDiv(columns, 32) };
    return {
      kernel: kernel("gemm/nn_wide", nnWideCode, { WORKGROUP: 4, ROW_VECTORS: 4 }),
      params: registerParams(tiles, shape, slices, accumulation),
      workgroups: grid("gemm/nn_wide", tiles.rows * tiles.columns, 1, layers, slices.count),
    };
  }
  if (panelServes(shape, slices, accumulation)) return gemmNnPanel(shape);
  const [across, down] = [ceilDiv(columns, 64), ceilDiv(rows, 64)];
  const high = columns / across < HIGH_SHARE * rows / down;
  const height = rows % 32 === 0 ? 32 : 16;
  const tiles = high ? { rows: down, columns: columns / 16 } : { rows: rows / height, columns: across };
  const label = high ? "gemm/nn_high" : "gemm/nn_wide";
  return {
    kernel: high ? kernel(label, nnHighCode) : kernel(label, nnWideCode, { ROW_VECTORS: height / 4 }),
    params: registerParams(tiles, shape, slices, accumulation),
    workgroups: grid(label, tiles.rows * tiles.columns, 1, layers, slices.count),
  };
}

/** Params of the register kernels. */
function registerParams(
  tiles: { readonly rows: number; readonly columns: number },
  { rows, columns, depth, layers }: GemmShape,
  slices: Slices,
  accumulation: Accumulation,
): Uint8Array {
  return packParams([
    rows / 4,
    columns / 4,
    depth,
    tiles.columns,
    tiles.rows,
    slices.depth,
    layers,
    slices.first,
    ...accumulationFields(accumulation),
  ]);
}

/** Layers of `a` that fit the uniform of {@linkcode gemmNnUniform}; 0 if none does. */
export function uniformLayers(shape: GemmShape): number {
  return Math.min(shape.layers, Math.floor(UNIFORM_WINDOW / (shape.rows * shape.depth)));
}

/**
 * {@linkcode gemmNn} for `shape.layers` layers from `first` on, with `a` bound as a 64 KiB uniform that begins at layer
 * `first`; bindings a, b, c.
 *
 * @throws {RangeError} if the layers do not fit the uniform
 */
export function gemmNnUniform(shape: GemmShape, first: number): Dispatch {
  checkTiles(shape);
  const { rows, columns, depth, layers } = shape;
  if (rows * depth * layers > UNIFORM_WINDOW) {
    throw new RangeError(
      `Cannot bind ${layers} layers of ${depth} x ${rows} as a uniform: more than 16384 values`,
    );
  }
  return {
    kernel: kernel("gemm/nn_uniform", nnUniformCode),
    params: packParams([rows / 4, columns / 4, depth, columns / 8, first]),
    workgroups: grid("gemm/nn_uniform", columns / 8, WORKGROUP, rows / 16, layers),
  };
}

/**
 * `b[k][m] = a[m][k]`; bindings a, b.
 *
 * @throws {RangeError} if rows or columns are not multiples of 4
 */
export function transpose(rows: number, columns: number): Dispatch {
  if (rows % 4 !== 0 || columns % 4 !== 0) {
    throw new RangeError(`Cannot transpose ${rows} x ${columns}: expected multiples of 4`);
  }
  return {
    kernel: kernel("gemm/transpose", transposeCode),
    params: packParams([rows / 4, columns / 4]),
    workgroups: flatGrid(
      "gemm/transpose",
      ceilDiv(rows, TRANSPOSE_SIDE) * ceilDiv(columns, TRANSPOSE_SIDE),
      1,
    ),
  };
}

/** A tile, and the innermost dimension of its operands: rows and columns, or k. */
interface GemmTile extends Tile {
  readonly inner: "mn" | "k";
}

/** Tiles of {@linkcode gemmTiled} by the names of their variants, which are stored in checkpoints. */
export const GEMM_TILES = {
  tiled: { ...SQUARE_TILE, inner: "mn" },
  /** For few rows, as in thin networks: a taller tile would mostly multiply padding. */
  tiled_32x128: { rows: 32, columns: 128, rowVectors: 2, columnVectors: 1, step: 16, inner: "mn" },
  turned: { ...SQUARE_TILE, inner: "k" },
  /** For few rows and columns, as in the weights of thin layers: many small tiles keep a device busy. */
  turned_32x32: { rows: 32, columns: 32, rowVectors: 1, columnVectors: 1, step: 32, inner: "k" },
} as const satisfies Record<string, GemmTile>;

/** A name in {@linkcode GEMM_TILES}. */
export type GemmTileName = keyof typeof GEMM_TILES;

/**
 * {@linkcode gemmNn} with tiles in workgroup memory; bindings a, b, c. Tiles named `turned` take transposed operands,
 * `a[z][m][k]` and `b[z][n][k]`.
 *
 * @throws {RangeError} if sizes are not multiples of 16, or the depth of transposed operands or slices not one of 4
 */
export function gemmTiled(
  name: GemmTileName,
  shape: GemmShape,
  slices: Slices = { depth: shape.depth, count: 1, first: 0 },
  accumulation: Accumulation = REPLACE,
): Dispatch {
  checkTiles(shape);
  const { rows, columns, depth, layers } = shape;
  const tile = GEMM_TILES[name];
  const kInner = tile.inner === "k";
  if (kInner && (depth % 4 !== 0 || slices.depth % 4 !== 0)) {
    throw new RangeError(`Cannot multiply slices of ${slices.depth} of ${depth}: expected multiples of 4`);
  }
  const columnTiles = ceilDiv(columns, tile.columns);
  return {
    kernel: tiledKernel("gemm/tiled", tiledCode, tile, { K_INNER: kInner }),
    params: packParams([
      rows / 4,
      columns / 4,
      depth,
      columnTiles,
      slices.depth,
      layers,
      slices.first,
      ...accumulationFields(accumulation),
    ]),
    workgroups: grid("gemm/tiled", ceilDiv(rows, tile.rows) * columnTiles, 1, layers, slices.count),
  };
}

function checkTiles(shape: GemmShape): void {
  if (shape.rows % ROW_TILE !== 0 || shape.columns % COLUMN_TILE !== 0) {
    throw new RangeError(`Cannot multiply to ${shape.rows} x ${shape.columns}: expected multiples of 16`);
  }
}
