/**
 * Many segmentations in little memory: numbers in pages of typed arrays instead of a list each. A million outlines as
 * lists take more than a gigabyte.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Rle } from "./rle.ts";
import type { CocoSegmentation } from "./segmentation.ts";

/** Numbers per page; a segmentation that has more gets a page of its own. */
const PAGE = 2 ** 18;

/** Mark an RLE, of numbers or as text, among records that begin with a scale. */
const [RLE, RLE_TEXT] = [-1, -2];

/** ASCII characters of COCO's compressed text that make an integer. */
const CHARACTERS_PER_INTEGER = 4;

/** Coordinates with up to so many decimals are kept as integers; 510.66 is 51066 / 100, to the bit. */
const SCALES = [1, 100, 10_000] as const;

/** Where a segmentation lies, or what it is if it is kept as it was. */
export type StoredSegmentation = number | CocoSegmentation;

/** Keeps polygons and RLE; every number comes back as the same number. */
export class SegmentationStore {
  readonly #integers = new Pages((length) => new Int32Array(length));
  readonly #floats = new Pages((length) => new Float64Array(length));

  /** Keeps a segmentation; what is neither a clean list of numbers nor RLE stays as it is. */
  add(segmentation: CocoSegmentation): StoredSegmentation {
    if (!Array.isArray(segmentation)) return this.#addRle(segmentation as Rle);
    const polygons = segmentation as readonly (readonly number[])[];
    const isClean = polygons.every((polygon) =>
      Array.isArray(polygon) && polygon.every((value) => typeof value === "number")
    );
    if (!isClean) return segmentation;
    const scale = SCALES.find((scale) =>
      polygons.every((polygon) => polygon.every((v) => isScaled(v, scale)))
    );
    const lengths = polygons.map(({ length }) => length);
    return scale === undefined
      ? -1 - this.#floats.add([polygons.length, ...lengths], polygons, 1)
      : this.#integers.add([scale, polygons.length, ...lengths], polygons, scale);
  }

  /** The segmentation, equal to the one that was added. */
  get(stored: StoredSegmentation): CocoSegmentation {
    if (typeof stored !== "number") return stored;
    if (stored < 0) {
      const { page, at } = this.#floats.find(-1 - stored);
      return polygonsAt(page, at, 1);
    }
    const { page, at } = this.#integers.find(stored);
    if (page[at] !== RLE && page[at] !== RLE_TEXT) return polygonsAt(page, at + 1, page[at]!);
    const [height, width, count] = page.subarray(at + 1, at + 4) as unknown as [number, number, number];
    const end = at + 4 + (page[at] === RLE ? count : Math.ceil(count / CHARACTERS_PER_INTEGER));
    const numbers = page.subarray(at + 4, end);
    return {
      size: [height, width],
      counts: page[at] === RLE ? Array.from(numbers) : unpackText(numbers, count),
    };
  }

  #addRle(rle: Rle): StoredSegmentation {
    const { size: [height, width], counts } = rle;
    if (typeof counts === "string") {
      const packed = packText(counts);
      return packed === null
        ? rle
        : this.#integers.add([RLE_TEXT, height, width, counts.length], [packed], 1);
    }
    if (!counts.every(isInt32)) return rle;
    return this.#integers.add([RLE, height, width, counts.length], [counts], 1);
  }
}

/** Four characters per integer; null if one is no ASCII. */
function packText(text: string): number[] | null {
  const packed = new Array<number>(Math.ceil(text.length / CHARACTERS_PER_INTEGER)).fill(0);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return null;
    packed[i >> 2]! |= code << 8 * (i & 3);
  }
  return packed;
}

function unpackText(packed: ArrayLike<number>, length: number): string {
  const codes = new Uint8Array(length);
  for (let i = 0; i < length; i++) codes[i] = packed[i >> 2]! >> 8 * (i & 3) & 0x7f;
  return new TextDecoder().decode(codes);
}

function isInt32(value: unknown): boolean {
  return typeof value === "number" && (value | 0) === value;
}

function isScaled(value: number, scale: number): boolean {
  const integer = Math.round(value * scale);
  return (integer | 0) === integer && integer / scale === value;
}

/** Polygons from a record of their count, their lengths and their numbers. */
function polygonsAt(page: Int32Array | Float64Array, at: number, scale: number): number[][] {
  const count = page[at]!;
  let from = at + 1 + count;
  return Array.from({ length: count }, (_, i) => {
    const to = from + page[at + 1 + i]!;
    const numbers = Array.from(page.subarray(from, to), (value) => value / scale);
    from = to;
    return numbers;
  });
}

/** Records of numbers in typed arrays of one kind. */
class Pages<T extends Int32Array | Float64Array> {
  readonly #create: (length: number) => T;
  readonly #pages: T[] = [];
  /** The page that is being filled, and its first free place. */
  #current = -1;
  #used = PAGE;

  constructor(create: (length: number) => T) {
    this.#create = create;
  }

  /** Appends a head and lists of numbers, each times `scale`; returns the record's place. */
  add(head: readonly number[], lists: readonly (readonly number[])[], scale: number): number {
    const length = lists.reduce((sum, list) => sum + list.length, head.length);
    let [index, at] = [this.#current, this.#used];
    if (length > PAGE / 4) {
      [index, at] = [this.#pages.push(this.#create(length)) - 1, 0];
    } else if (at + length > PAGE) {
      this.#current = index = this.#pages.push(this.#create(PAGE)) - 1;
      this.#used = at = 0;
    }
    const page = this.#pages[index]!;
    const place = index * PAGE + at;
    for (const value of head) page[at++] = value;
    for (const list of lists) {
      for (const value of list) {
        page[at++] = scale === 1 ? value : Math.round(value * scale);
      }
    }
    if (index === this.#current) this.#used = at;
    return place;
  }

  find(place: number): { page: T; at: number } {
    return { page: this.#pages[Math.floor(place / PAGE)]!, at: place % PAGE };
  }
}
