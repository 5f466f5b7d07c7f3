/**
 * Which values the masks of a source have: read once from all files, before anything is decided.
 *
 * @module
 */
import type { CodeSpace, MaskCodes } from "./mask_codes.ts";

/** How often a value occurs. */
export interface ValueCount {
  /** Pixels of all files. */
  pixels: number;
  /** Files. */
  files: number;
}

/** Most different colors that are counted; photographs have more. */
const MAX_COLORS = 100_000;

/** Fewer levels are classes: even a border that is drawn around objects is one more. */
const LEAST_LEVELS = 5;

/** No object is smaller, but for a few. */
const SMALL_AREA = 16;

/** What is known of the values of all masks of one channel. */
export class ValueScan {
  /** Files. */
  files = 0;
  /** Files whose compression changes values. */
  lossyFiles = 0;
  /** Sum over all files of their different values. */
  distinct = 0;
  /** Files whose values are 0 and 1 to n without a gap, and the n's. */
  counting = 0;
  readonly lengths: Set<number> = new Set();
  /** How often a value has 0, 1, ... pixels in one file; the last entry counts all larger areas. */
  readonly #areas = new Uint32Array(SMALL_AREA + 2);
  /** Whether some file has both 255 and another value from 1 on. */
  mixes255 = false;
  /** The corners of all masks, and how many of them are black and white. */
  readonly corners: { all: number; black: number; white: number } = { all: 0, black: 0, white: 0 };
  /** Whether there are more colors than are counted. */
  overflow = false;
  /** The values as gray levels or palette indices. */
  readonly values: Map<number, ValueCount> = new Map();
  /** The values as colors. */
  readonly colors: Map<number, ValueCount> = new Map();
  readonly #spaces = new Set<CodeSpace>();
  readonly #palette = new Map<number, number>();
  #conflict = false;
  /** Pixels that are neither of the lowest nor of the highest value, and those of them with neighbors on both sides. */
  #inner = 0;
  #between = 0;
  readonly #edges = new Map<number, number>();

  /** Adds a mask. */
  add(mask: MaskCodes): void {
    const counts = countCodes(mask);
    this.files++;
    if (mask.lossy) this.lossyFiles++;
    this.distinct += counts.size;
    this.#spaces.add(mask.space);
    for (const [code, pixels] of counts) {
      this.#areas[Math.min(pixels, SMALL_AREA + 1)]!++;
      if (mask.space === "index") this.#noteColor(code, mask.palette?.[code] ?? 0);
      if (mask.space !== "color") addTo(this.values, code, pixels);
      const color = colorOf(mask, code);
      if (this.colors.size < MAX_COLORS || this.colors.has(color)) addTo(this.colors, color, pixels);
      else this.overflow = true;
    }
    if (mask.space === "gray" && counts.size >= LEAST_LEVELS) this.#countBetween(mask, counts);
    const labels = [...counts.keys()].filter((code) => code > 0);
    const most = labels.reduce((a, b) => Math.max(a, b), 0);
    if (mask.space !== "color" && labels.length > 0 && most === labels.length) {
      this.counting++;
      this.lengths.add(most);
    }
    if (counts.has(255) && labels.length > 1) this.mixes255 = true;
    this.#countCorners(mask);
  }

  #countCorners(mask: MaskCodes): void {
    const { width, codes } = mask;
    for (const at of [0, width - 1, codes.length - width, codes.length - 1]) {
      this.corners.all++;
      const color = colorOf(mask, codes[at]!);
      if (color === 0) this.corners.black++;
      if (color === 0xffffff) this.corners.white++;
    }
  }

  /** Whether the values other than the lowest and highest are what resizing leaves between two classes. */
  get isBlurred(): boolean {
    if (this.space !== "color") return this.#between > 0.8 * this.#inner;
    // Most colors have only a few pixels in each file.
    const small = this.#areas.subarray(0, SMALL_AREA + 1).reduce((sum, count) => sum + count, 0);
    return 2 * small > this.distinct;
  }

  /** The pixels of each value, without those between lower and higher ones if most are such. */
  get solid(): ReadonlyMap<number, number> {
    const edges = this.space === "gray" && this.isBlurred ? this.#edges : new Map<number, number>();
    return new Map([...this.counts].map(([code, { pixels }]) => [code, pixels - (edges.get(code) ?? 0)]));
  }

  #countBetween({ width, codes }: MaskCodes, counts: ReadonlyMap<number, number>): void {
    const [least, most] = [Math.min(...counts.keys()), Math.max(...counts.keys())];
    for (let i = 0; i < codes.length; i++) {
      const code = codes[i]!;
      if (code === least || code === most) continue;
      this.#inner++;
      let [lower, higher] = [false, false];
      for (const step of [-1, 1, -width, width, -width - 1, width + 1, 1 - width, width - 1]) {
        const other = codes[i + step] ?? code;
        lower ||= other < code;
        higher ||= other > code;
      }
      if (!lower || !higher) continue;
      this.#between++;
      this.#edges.set(code, (this.#edges.get(code) ?? 0) + 1);
    }
  }

  #noteColor(code: number, color: number): void {
    const known = this.#palette.get(code);
    if (known === undefined) this.#palette.set(code, color);
    else if (known !== color) this.#conflict = true;
  }

  /** The color of a palette index in all files; undefined if there is none. */
  paletteColor(code: number): number | undefined {
    return this.#palette.get(code);
  }

  /** In which space the values of all files can be compared. */
  get space(): CodeSpace {
    const isBlackElsewhere = (this.#palette.get(0) ?? 0) !== 0 && [...this.#palette.values()].includes(0);
    if (this.#spaces.size === 1 && this.#spaces.has("index") && !this.#conflict && !isBlackElsewhere) {
      return "index";
    }
    if (this.#spaces.size === 1 && this.#spaces.has("gray")) return "gray";
    const isGray = !this.overflow &&
      [...this.colors.keys()].every((color) => color === 0x010101 * (color & 0xff));
    // Gray levels of more than 8 bits are no colors.
    return isGray ? "gray" : "color";
  }

  /** The counts of the values in that space. */
  get counts(): ReadonlyMap<number, ValueCount> {
    const { space } = this;
    if (space === "color") return this.colors;
    if (space === "index" || this.#spaces.size === 1 && this.#spaces.has("gray")) return this.values;
    return new Map([...this.colors].map(([color, count]) => [color & 0xff, count]));
  }
}

function addTo(counts: Map<number, ValueCount>, code: number, pixels: number): void {
  const count = counts.get(code);
  if (count === undefined) counts.set(code, { pixels, files: 1 });
  else {
    count.pixels += pixels;
    count.files++;
  }
}

function countCodes({ space, codes }: MaskCodes): Map<number, number> {
  const counts = new Map<number, number>();
  if (space === "color") {
    // Neighbors are mostly equal: a map per run, not per pixel.
    for (let at = 0; at < codes.length;) {
      const start = at;
      const code = codes[at]!;
      while (at < codes.length && codes[at] === code) at++;
      counts.set(code, (counts.get(code) ?? 0) + at - start);
    }
    return counts;
  }
  const table = new Uint32Array(codes instanceof Uint8Array ? 2 ** 8 : 2 ** 16);
  for (let i = 0; i < codes.length; i++) table[codes[i]!]!++;
  for (let code = 0; code < table.length; code++) if (table[code]! > 0) counts.set(code, table[code]!);
  return counts;
}

/** The color of a value: of a palette index by its palette, of a gray level the gray. */
export function colorOf({ space, palette, codes }: MaskCodes, code: number): number {
  if (space === "color") return code;
  if (space === "index") return palette?.[code] ?? 0;
  return 0x010101 * (codes instanceof Uint8Array ? code : Math.min(255, code));
}
