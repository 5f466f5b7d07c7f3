/**
 * How far each pixel of an image is from the nearest pixel of a set: exact Euclidean distances in linear time.
 *
 * After Felzenszwalb and Huttenlocher, Distance Transforms of Sampled Functions, Theory of Computing 8 (2012).
 *
 * @module
 */

import type { Spacing } from "../image/image.ts";

export type { Spacing } from "../image/image.ts";

/**
 * The squared distance from each pixel's centre to the centre of the nearest pixel of `set` (row-major, not 0):
 * `width * height` values in the square of the spacing's unit, 0 in the set, Infinity everywhere where it is
 * empty. `scipy.ndimage.distance_transform_edt(set == 0, sampling=spacing)`, squared.
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

/** Squared distances within one column alone, by a walk down and a walk up. */
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
 * The lowest, at each place of a row, of the parabolas that rise from each place's own value: a place's distance
 * to the set is its own column's, or reaches the set through another column of the same row.
 */
class LowerEnvelope {
  readonly #spacing: number;
  /** Columns whose parabolas are the lowest somewhere, from left to right. */
  readonly #columns: Int32Array;
  /** From where on each of them is the lowest, in columns. */
  readonly #starts: Float64Array;
  /** The row's own values, which the result overwrites. */
  readonly #values: Float64Array;

  constructor(width: number, spacing: number) {
    this.#spacing = spacing;
    this.#columns = new Int32Array(width);
    this.#starts = new Float64Array(width);
    this.#values = new Float64Array(width);
  }

  /** Replaces the row's values with the envelope's. */
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

  /** Finds the parabolas of the envelope; returns how many there are. */
  #build(): number {
    const square = this.#spacing ** 2;
    let count = 0;
    for (let x = 0; x < this.#values.length; x++) {
      const value = this.#values[x]!;
      // A column without any pixel of the set has no parabola; its infinity would make every crossing NaN.
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
