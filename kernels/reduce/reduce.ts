/**
 * Sums of the rows of a matrix, and of the channels of a tensor.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { type Accumulation, accumulationFields, REPLACE } from "../accumulation.ts";
import { flatGrid, grid } from "../grid.ts";
import type { PixelBands } from "../bands.ts";
import { type Dispatch, kernel } from "../kernel.ts";
import { packParams } from "../params.ts";
import type { Nchw } from "../shape.ts";
import channelSumsCode from "./channel_sums.wgsl" with { type: "text" };
import channelTotalsCode from "./channel_totals.wgsl" with { type: "text" };
import rowsSubgroupCode from "./rows_subgroup.wgsl" with { type: "text" };
import rowsCode from "./rows.wgsl" with { type: "text" };

const WORKGROUP = 64;

/** Layout of the rows that {@linkcode sumRows} adds. */
export interface RowSums {
  /** Number of sums. */
  readonly rows: number;
  /** Items per row. */
  readonly length: number;
  /** Rows per group; defaults to all. */
  readonly group?: number;
  /** Stride between groups; defaults to 0. */
  readonly groupStride?: number;
  /** Stride between rows of a group. */
  readonly rowStride: number;
  /** Stride between items of a row. */
  readonly itemStride: number;
  /** Whether to add to existing values, and a factor; defaults to overwriting. */
  readonly accumulation?: Accumulation;
}

/** Sums of strided rows; bindings partial, total. */
export function sumRows(sums: RowSums): Dispatch {
  return {
    kernel: kernel("reduce/rows", rowsCode),
    params: rowParams(sums),
    workgroups: flatGrid("reduce/rows", sums.rows, WORKGROUP),
  };
}

/** {@linkcode sumRows} with one workgroup per row, on a device with subgroups; bindings partial, total. */
export function sumRowsBySubgroups(sums: RowSums): Dispatch {
  return {
    kernel: kernel("reduce/rows_subgroup", rowsSubgroupCode),
    params: rowParams(sums),
    workgroups: flatGrid("reduce/rows_subgroup", sums.rows, 1),
  };
}

function rowParams(
  { rows, length, group = rows, groupStride = 0, rowStride, itemStride, accumulation = REPLACE }: RowSums,
): Uint8Array {
  return packParams([
    rows,
    length,
    group,
    groupStride,
    rowStride,
    itemStride,
    ...accumulationFields(accumulation),
  ]);
}

/** Partial sums `[channel][band]` of an NCHW tensor; bindings x, x_vectors (the same memory), partial. */
export function channelSums(shape: Nchw, bands: PixelBands, firstImage: number): Dispatch {
  return {
    kernel: kernel("reduce/channel_sums", channelSumsCode),
    params: packParams([
      shape.channels,
      shape.height * shape.width,
      shape.batch,
      bands.pixels,
      bands.total,
      firstImage * bands.perImage,
    ]),
    workgroups: grid("reduce/channel_sums", shape.batch * bands.perImage, WORKGROUP, shape.channels),
  };
}

/** Values per channel up to which {@linkcode channelTotals} is as fast and as accurate as sums by bands. */
export const SMALL_CHANNEL = 1024;

/** Sums `[channel]` of an NCHW tensor in one dispatch; bindings x, x_vectors (the same memory), total. */
export function channelTotals(shape: Nchw, accumulation: Accumulation = REPLACE): Dispatch {
  return {
    kernel: kernel("reduce/channel_totals", channelTotalsCode),
    params: packParams([
      shape.channels,
      shape.height * shape.width,
      shape.batch,
      ...accumulationFields(accumulation),
    ]),
    workgroups: grid("reduce/channel_totals", shape.channels, WORKGROUP),
  };
}
