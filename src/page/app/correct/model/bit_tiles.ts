/**
 * Masks of one bit per pixel in tiles: an empty tile costs nothing, and a full mask of 8192 x 8192 pixels 8 MiB.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { RunList } from "../../../../coco/run_list.ts";
import type { Box } from "../../../../image/components.ts";
import { assertSize, type Size } from "../../../../image/image.ts";

/** Pixels per side of a tile. */
export const TILE_SIDE = 128;

/** 32-bit words per row of a tile. */
const ROW_WORDS = TILE_SIDE / 32;

/** 32-bit words per tile. */
export const TILE_WORDS: number = TILE_SIDE * ROW_WORDS;

/** Most pixels per side: a file may claim any size, and tiles at the edge are whole. */
export const MAX_SIDE = 2 ** 15;

/** Whether each pixel of an image is set. Bits of tiles that lie outside the image are never set. */
export class BitTiles implements Size {
  /** Pixels per row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** Tiles per row of tiles. */
  readonly columns: number;
  readonly #tiles: (Uint32Array | null)[];

  /** An empty mask. Throws a RangeError unless both sides are integers from 1 to {@linkcode MAX_SIDE}. */
  constructor({ width, height }: Size) {
    assertSize({ width, height }, "edit a mask");
    if (Math.max(width, height) > MAX_SIDE) {
      throw new RangeError(
        `Cannot edit a mask of ${width} x ${height} pixels: expected at most ${MAX_SIDE} per side`,
      );
    }
    this.width = width;
    this.height = height;
    this.columns = Math.ceil(width / TILE_SIDE);
    this.#tiles = new Array(this.columns * Math.ceil(height / TILE_SIDE)).fill(null);
  }

  /** The mask of checked run lengths in column-major order, as `rleRuns` returns them. */
  static fromRuns(size: Size, runs: readonly number[]): BitTiles {
    const tiles = new BitTiles(size);
    let start = 0;
    for (let i = 0; i < runs.length; i++) {
      const end = start + runs[i]!;
      if (i % 2 === 1) tiles.#setRun(start, end);
      start = end;
    }
    return tiles;
  }

  /** The number of tiles, with those that are empty. */
  get tileCount(): number {
    return this.#tiles.length;
  }

  /** The words of a tile, row by row, the leftmost pixel in the lowest bit; null if it is empty. Not to be changed. */
  tile(index: number): Readonly<Uint32Array> | null {
    return this.#tiles[index] ?? null;
  }

  /** Replaces a tile; the words are kept, not copied, and must not be changed afterwards. */
  setTile(index: number, words: Uint32Array | null): void {
    this.#tiles[index] = words;
  }

  /** Whether a pixel is set; those outside the image are not. */
  get(x: number, y: number): boolean {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) return false;
    const words = this.#tiles[Math.floor(y / TILE_SIDE) * this.columns + Math.floor(x / TILE_SIDE)];
    if (!words) return false;
    return (words[(y % TILE_SIDE) * ROW_WORDS + ((x % TILE_SIDE) >> 5)]! >>> (x & 31) & 1) === 1;
  }

  /** Sets the pixels of row `y` from column `from` up to, but without, `to`; what is outside the image is left out. */
  setSpan(y: number, from: number, to: number): void {
    if (y < 0 || y >= this.height) return;
    const row = (y % TILE_SIDE) * ROW_WORDS;
    const first = Math.floor(y / TILE_SIDE) * this.columns;
    const end = Math.min(this.width, to);
    for (let x = Math.max(0, from); x < end;) {
      const column = Math.floor(x / TILE_SIDE);
      const words = this.#own(first + column);
      const stop = Math.min(end, (column + 1) * TILE_SIDE);
      while (x < stop) {
        const bit = x & 31;
        const count = Math.min(32 - bit, stop - x);
        words[row + ((x % TILE_SIDE) >> 5)]! |= (count === 32 ? -1 : (1 << count) - 1) << bit;
        x += count;
      }
    }
  }

  /** Calls `visit` with every run of set pixels, row by row; `to` is the first column after it. */
  eachSpan(visit: (y: number, from: number, to: number) => void): void {
    for (let y = 0; y < this.height; y++) {
      const first = Math.floor(y / TILE_SIDE) * this.columns;
      const row = (y % TILE_SIDE) * ROW_WORDS;
      let from = -1;
      for (let column = 0; column < this.columns; column++) {
        const words = this.#tiles[first + column];
        const left = column * TILE_SIDE;
        if (!words) {
          if (from >= 0) visit(y, from, left);
          from = -1;
          continue;
        }
        for (let i = 0; i < ROW_WORDS; i++) {
          const x = left + 32 * i;
          let word = words[row + i]!;
          // Bits are complemented while a run is open: the lowest set bit is always the next change.
          if (from >= 0) word = ~word >>> 0;
          while (word !== 0) {
            const bit = 31 - Math.clz32(word & -word);
            if (from < 0) from = x + bit;
            else {
              visit(y, from, x + bit);
              from = -1;
            }
            word = bit === 31 ? 0 : (~word & (-1 << bit + 1)) >>> 0;
          }
        }
      }
      if (from >= 0) visit(y, from, this.width);
    }
  }

  /** The run lengths in column-major order, zeros first: those of COCO's RLE. */
  runs(): number[] {
    const { width, height, columns } = this;
    const list = new RunList();
    for (let x = 0; x < width; x++) {
      const shift = x & 31;
      const at = (x % TILE_SIDE) >> 5;
      let from = -1;
      for (let index = Math.floor(x / TILE_SIDE), top = 0; top < height; index += columns, top += TILE_SIDE) {
        const words = this.#tiles[index];
        // Of an empty tile the first pixel says all.
        const rows = words ? Math.min(TILE_SIDE, height - top) : 1;
        for (let y = 0; y < rows; y++) {
          const isSet = words ? (words[y * ROW_WORDS + at]! >>> shift & 1) === 1 : false;
          if (isSet && from < 0) from = top + y;
          else if (!isSet && from >= 0) {
            list.add(x * height + from, x * height + top + y);
            from = -1;
          }
        }
      }
      if (from >= 0) list.add(x * height + from, (x + 1) * height);
    }
    return list.finish(width * height);
  }

  /** Whether any pixel of row `y` from column `from` up to, but without, `to` is set. */
  some(y: number, from: number, to: number): boolean {
    for (let x = from; x < to;) {
      const column = Math.floor(x / TILE_SIDE);
      if (this.#tiles[Math.floor(y / TILE_SIDE) * this.columns + column] === null) {
        x = (column + 1) * TILE_SIDE;
      } else if (this.get(x++, y)) return true;
    }
    return false;
  }

  /** The number of set pixels. */
  count(): number {
    return this.#tiles.reduce((sum, words) => sum + (words ? countBits(words) : 0), 0);
  }

  /** The bounding box of the set pixels; null if there are none. */
  box(): Box | null {
    let left = Infinity, right = 0, top = Infinity, bottom = -1;
    this.eachSpan((y, from, to) => {
      left = Math.min(left, from);
      right = Math.max(right, to);
      top = Math.min(top, y);
      bottom = y;
    });
    return bottom < 0 ? null : { x: left, y: top, width: right - left, height: bottom - top + 1 };
  }

  /** A copy. */
  clone(): BitTiles {
    const copy = new BitTiles(this);
    this.#tiles.forEach((words, index) => copy.#tiles[index] = words && words.slice());
    return copy;
  }

  /** Sets the pixels of one run in column-major order. */
  #setRun(start: number, end: number): void {
    let x = Math.floor(start / this.height);
    let y = start - x * this.height;
    for (let left = end - start; left > 0; x++, y = 0) {
      const stop = Math.min(this.height, y + left);
      left -= stop - y;
      const at = (x % TILE_SIDE) >> 5;
      const bit = 1 << (x & 31);
      while (y < stop) {
        const row = Math.floor(y / TILE_SIDE);
        const words = this.#own(row * this.columns + Math.floor(x / TILE_SIDE));
        for (const below = Math.min(stop, (row + 1) * TILE_SIDE); y < below; y++) {
          words[(y % TILE_SIDE) * ROW_WORDS + at]! |= bit;
        }
      }
    }
  }

  #own(index: number): Uint32Array {
    return this.#tiles[index] ??= new Uint32Array(TILE_WORDS);
  }
}

/** The number of set bits. */
export function countBits(words: Readonly<Uint32Array>): number {
  let count = 0;
  for (let i = 0; i < words.length; i++) {
    let word = words[i]!;
    if (word === 0) continue;
    word -= word >>> 1 & 0x55555555;
    word = (word & 0x33333333) + (word >>> 2 & 0x33333333);
    count += Math.imul((word + (word >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
  }
  return count;
}
