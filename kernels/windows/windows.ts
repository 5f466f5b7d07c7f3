/**
 * Sliding windows over an image: adding up their weighted logits, band by band.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { ceilDiv } from "../grid.ts";
import { type Dispatch, kernel } from "../kernel.ts";
import { packParams } from "../params.ts";
import code from "./accumulate.wgsl" with { type: "text" };

const WORKGROUP = 64;

/** Windows of an image. */
export interface WindowShape {
  /** Rows and columns of a window. */
  readonly side: number;
  /** Columns of the image, at least `side`. */
  readonly width: number;
  /** Channels of the logits. */
  readonly classes: number;
  /** Most windows that are added together. */
  readonly most: number;
}

/** Windows that are added together, of one row of windows; all numbers are in pixels of the image. */
export interface WindowPlaces {
  /** First row of the windows. */
  readonly top: number;
  /** First row, counted from `top`, that no earlier window has written. */
  readonly newRow: number;
  /** First column that no earlier window of this row of windows has written. */
  readonly newColumn: number;
  /** Weight of each row. */
  readonly rows: Float32Array;
  /** First column of each window, ascending. */
  readonly starts: readonly number[];
  /** Weights of the columns of each window. */
  readonly columns: readonly Float32Array[];
}

/** Values of the packed places. */
export function placesLength({ side, most }: Pick<WindowShape, "side" | "most">): number {
  return 4 + side + most + most * side;
}

/** Packs places for the kernel. */
export function packPlaces(
  { top, newRow, newColumn, rows, starts, columns }: WindowPlaces,
  { side, most }: Pick<WindowShape, "side" | "most">,
): Float32Array<ArrayBuffer> {
  const packed = new Float32Array(placesLength({ side, most }));
  packed.set([starts.length, top % side, newRow, newColumn]);
  packed.set(rows, 4);
  packed.set(starts, 4 + side);
  columns.forEach((weights, window) => packed.set(weights, 4 + side + most + window * side));
  return packed;
}

/** Adds windows to a band of `side` rows; `span` is the most columns that they cover; bindings logits, places, sums. */
export function accumulateWindows({ side, width, classes, most }: WindowShape, span: number): Dispatch {
  return {
    kernel: kernel("windows/accumulate", code),
    params: packParams([side, width, classes, most]),
    workgroups: [ceilDiv(Math.min(span, width), WORKGROUP), side, classes],
  };
}
