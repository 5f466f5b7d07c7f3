/**
 * Tiles of matrix products in workgroup memory, shared by the kernels that contain the part tile.wgsl.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { type Kernel, kernel } from "../kernel.ts";

/** Geometry of a tile. */
export interface Tile {
  /** Rows of the tile. */
  readonly rows: number;
  /** Columns of the tile. */
  readonly columns: number;
  /** Vectors of 4 rows per invocation. */
  readonly rowVectors: 1 | 2;
  /** Vectors of 4 columns per invocation. */
  readonly columnVectors: 1 | 2;
  /** k loaded per step. */
  readonly step: 16 | 32;
}

/** Fastest for most sizes on an NVIDIA H200: four products per read of workgroup memory. */
export const SQUARE_TILE = {
  rows: 64,
  columns: 64,
  rowVectors: 2,
  columnVectors: 2,
  step: 16,
} as const satisfies Tile;

/** Invocations per workgroup, most blocks loaded per invocation, and bytes of workgroup memory. */
export function tileCost(tile: Tile): { invocations: number; blocks: number; byteLength: number } {
  const { rows, columns, rowVectors, columnVectors, step } = tile;
  const invocations = (rows / 4 / rowVectors) * (columns / 4 / columnVectors);
  return {
    invocations,
    blocks: Math.max(rows, columns) * step / 16 / invocations,
    byteLength: 4 * step * (rows + columns),
  };
}

/** A kernel whose code contains the part `tile.wgsl`, specialized to a tile. */
export function tiledKernel(
  label: string,
  code: string,
  tile: Tile,
  constants: Readonly<Record<string, number | boolean>> = {},
): Kernel {
  return kernel(label, code, {
    TILE_ROWS: tile.rows,
    TILE_COLUMNS: tile.columns,
    ROW_VECTORS: tile.rowVectors,
    COLUMN_VECTORS: tile.columnVectors,
    STEP: tile.step,
    ...constants,
  });
}
