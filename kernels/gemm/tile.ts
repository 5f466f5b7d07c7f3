/**
 * Tiles of matrix products that go through workgroup memory, as kernels of several rooms multiply them on hardware.
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
  /** Vectors of 4 rows that an invocation owns. */
  readonly rowVectors: 1 | 2;
  /** Vectors of 4 columns that an invocation owns. */
  readonly columnVectors: 1 | 2;
  /** The k that are fetched at a time. */
  readonly step: 16 | 32;
}

/** The tile that is best for most sizes on an NVIDIA H200: four products for each read of workgroup memory. */
export const SQUARE_TILE = {
  rows: 64,
  columns: 64,
  rowVectors: 2,
  columnVectors: 2,
  step: 16,
} as const satisfies Tile;

/** Invocations of a workgroup, blocks that each must fetch, at most, and bytes of memory that they share. */
export function tileCost(tile: Tile): { invocations: number; blocks: number; byteLength: number } {
  const { rows, columns, rowVectors, columnVectors, step } = tile;
  const invocations = (rows / 4 / rowVectors) * (columns / 4 / columnVectors);
  return {
    invocations,
    blocks: Math.max(rows, columns) * step / 16 / invocations,
    byteLength: 4 * step * (rows + columns),
  };
}

/** A kernel of a text that has the part `tile.wgsl`, for tiles of this geometry. */
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
