/**
 * Sums: of the rows of a matrix, and of a tensor's channels.
 *
 * @module
 */
import { flatGrid, grid } from "../grid.ts";
import type { PixelBands } from "../bands.ts";
import { type Dispatch, kernel } from "../kernel.ts";
import { packParams } from "../params.ts";
import type { Nchw } from "../shape.ts";
import channelSumsCode from "./channel_sums.wgsl" with { type: "text" };
import rowsCode from "./rows.wgsl" with { type: "text" };

const WORKGROUP = 64;

/** How {@linkcode sumRows} finds its items. */
export interface RowSums {
  /** Number of sums. */
  readonly rows: number;
  /** Items of each. */
  readonly length: number;
  /** Distance between the first items of two rows. */
  readonly rowStride: number;
  /** Distance between two items of a row. */
  readonly itemStride: number;
}

/** `total[r] = sum over i of partial[r * rowStride + i * itemStride]`; bindings partial, total. */
export function sumRows({ rows, length, rowStride, itemStride }: RowSums): Dispatch {
  return {
    kernel: kernel("reduce/rows", rowsCode),
    params: packParams([rows, length, rowStride, itemStride]),
    workgroups: flatGrid("reduce/rows", rows, WORKGROUP),
  };
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
