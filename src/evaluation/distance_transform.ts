/**
 * The distance of each pixel of an image to the nearest pixel of a set: exact and Euclidean, in linear time.
 *
 * After Felzenszwalb and Huttenlocher, Distance Transforms of Sampled Functions, Theory of Computing 8 (2012).
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { Spacing } from "../image/image.ts";

export type { Spacing } from "../image/image.ts";

/**
 * The squared distance from the center of each pixel to the center of the nearest pixel of `set` (row-major, non-zero):
 * `width * height` values in the squared unit of the spacing, 0 inside the set, all Infinity if it is empty. Equals
 * `scipy.ndimage.distance_transform_edt(set == 0, sampling=spacing)`, squared.
 */
export function squaredDistances(
  set: Uint8Array,
  width: number,
  height: number,
  spacing: Spacing = [1, 1],
): Float64Array {
  const distances = new Float64Array(width * height);
  for (let x = 0; x < width; x++) distancesInColumn(set, distances, x, width, height, spacing[0]);
  const envelope = new LowerEnvelope(width, spacing[1]);
  for (let y = 0; y < height; y++) {
    envelope.replace(distances.subarray(y * width, (y + 1) * width));
  }
  return distances;
}

/** Squared distances within one column, by a pass down and a pass up. */
function distancesInColumn(
  set: Uint8Array,
  distances: Float64Array,
  x: number,
  width: number,
  height: number,
  spacing: number,
): void {
  const end = x + height * width;
  let steps = Infinity;
  for (let at = x; at < end; at += width) {
    steps = set[at] !== 0 ? 0 : steps + 1;
    distances[at] = steps;
  }
  steps = Infinity;
  for (let at = end - width; at >= 0; at -= width) {
    steps = set[at] !== 0 ? 0 : steps + 1;
    distances[at] = (Math.min(steps, distances[at]!) * spacing) ** 2;
  }
}

/**
 * The lower envelope of the parabolas over a row, each rooted at its column's own value: the nearest pixel of the set
 * is found through the pixel's own column or through another column of the row.
 */
class LowerEnvelope {
  readonly #spacing: number;
  /** Columns whose parabolas are part of the envelope, from left to right. */
  readonly #columns: Int32Array;
  /** Where each of them becomes the lowest, in columns. */
  readonly #starts: Float64Array;
  /** The row's own values, which the result overwrites. */
  readonly #values: Float64Array;

  constructor(width: number, spacing: number) {
    this.#spacing = spacing;
    this.#columns = new Int32Array(width);
    this.#starts = new Float64Array(width);
    this.#values = new Float64Array(width);
  }

  /** Replaces the values of the row with the envelope. */
  replace(row: Float64Array): void {
    this.#values.set(row);
    const count = this.#build();
    if (count === 0) return;
    for (let x = 0, k = 0; x < row.length; x++) {
      while (k + 1 < count && this.#starts[k + 1]! < x) k++;
      const column = this.#columns[k]!;
      row[x] = this.#values[column]! + ((x - column) * this.#spacing) ** 2;
    }
  }

  /** Finds the parabolas of the envelope; returns their number. */
  #build(): number {
    const square = this.#spacing ** 2;
    let count = 0;
    for (let x = 0; x < this.#values.length; x++) {
      const value = this.#values[x]!;
      // A column without pixels of the set has no parabola; its infinity would make every intersection NaN.
      if (value === Infinity) continue;
      let start = -Infinity;
      while (count > 0) {
        const other = this.#columns[count - 1]!;
        start = ((value - this.#values[other]!) / square / (x - other) + x + other) / 2;
        if (start > this.#starts[count - 1]!) break;
        count--;
        start = -Infinity;
      }
      this.#columns[count] = x;
      this.#starts[count] = start;
      count++;
    }
    return count;
  }
}
