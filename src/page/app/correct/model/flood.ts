/**
 * Connected regions around a pixel: what flooding by a threshold covers, and a component of a mask.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Size } from "../../../../image/image.ts";
import { BitTiles } from "./bit_tiles.ts";
import type { Point } from "./brush.ts";

/** Which pixels touch: those at the four sides, or also those at the corners, as lesions are counted. */
export type Connectivity = 4 | 8;

/** One value per pixel, row-major: intensities or probabilities. */
export interface Values extends Size {
  readonly data: Uint8Array | Float32Array;
}

/** Which values belong together. */
export interface ValueRange {
  /** The least value. */
  readonly low: number;
  /** The greatest value. */
  readonly high: number;
}

/** The values that differ by at most `tolerance` from the one at a position; null outside the image. */
export function rangeAround(values: Values, { x, y }: Point, tolerance: number): ValueRange | null {
  const [column, row] = [Math.floor(x), Math.floor(y)];
  if (column < 0 || row < 0 || column >= values.width || row >= values.height) return null;
  const value = values.data[row * values.width + column]!;
  return { low: value - tolerance, high: value + tolerance };
}

/**
 * The pixels with values in the range that are connected to the one at `at`; none if its own value is out of the range
 * or it lies outside the image.
 */
export function floodRegion(
  values: Values,
  at: Point,
  { low, high }: ValueRange,
  connectivity: Connectivity = 8,
): BitTiles {
  const { width, data } = values;
  return connectedRegion(values, at, connectivity, (x, y) => {
    const value = data[y * width + x]!;
    return value >= low && value <= high;
  });
}

/** The component of a mask at a position; empty if no pixel is set there. */
export function componentAt(mask: BitTiles, at: Point, connectivity: Connectivity = 8): BitTiles {
  return connectedRegion(mask, at, connectivity, (x, y) => mask.get(x, y));
}

/** The pixels that `isMember` accepts and that are connected to the one at `at`, span by span. */
export function connectedRegion(
  size: Size,
  at: Point,
  connectivity: Connectivity,
  isMember: (x: number, y: number) => boolean,
): BitTiles {
  const region = new BitTiles(size);
  const { width, height } = size;
  const reach = connectivity === 8 ? 1 : 0;
  // Spans whose rows above and below are still to be searched: y, from, to.
  const spans: number[] = [];
  const addSpan = (x: number, y: number): number => {
    let [from, to] = [x, x + 1];
    while (from > 0 && isMember(from - 1, y)) from--;
    while (to < width && isMember(to, y)) to++;
    region.setSpan(y, from, to);
    spans.push(y, from, to);
    return to;
  };
  const [x, y] = [Math.floor(at.x), Math.floor(at.y)];
  if (x >= 0 && y >= 0 && x < width && y < height && isMember(x, y)) addSpan(x, y);
  while (spans.length > 0) {
    const [to, from, row] = [spans.pop()!, spans.pop()!, spans.pop()!];
    for (const next of [row - 1, row + 1]) {
      if (next < 0 || next >= height) continue;
      const end = Math.min(width, to + reach);
      for (let column = Math.max(0, from - reach); column < end; column++) {
        if (!region.get(column, next) && isMember(column, next)) column = addSpan(column, next);
      }
    }
  }
  return region;
}
