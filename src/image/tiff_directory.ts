/**
 * TIFF: the directories of a file (TIFF 6.0, section 2; BigTIFF with its longer numbers).
 *
 * This module is browser compatible.
 *
 * @module
 */

/** The tags that are read. */
export const TAG = {
  kind: 254,
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  photometric: 262,
  fillOrder: 266,
  stripOffsets: 273,
  orientation: 274,
  samples: 277,
  rowsPerStrip: 278,
  stripBytes: 279,
  planar: 284,
  predictor: 317,
  colorMap: 320,
  tileWidth: 322,
  tileHeight: 323,
  tileOffsets: 324,
  tileBytes: 325,
  sampleFormat: 339,
} as const;

const TAGS: ReadonlySet<number> = new Set(Object.values(TAG));

/** Those that have several values. */
const LISTS: ReadonlySet<number> = new Set([
  ...[TAG.bits, TAG.stripOffsets, TAG.stripBytes, TAG.colorMap],
  ...[TAG.tileOffsets, TAG.tileBytes, TAG.sampleFormat],
]);

/** Tags of text: names, dates, programs. */
const TEXTS: ReadonlySet<number> = new Set([269, 270, 271, 272, 285, 305, 306, 315, 316, 33432]);

/** Resolution and position, and the unit of both. */
const RATIONALS: ReadonlySet<number> = new Set([282, 283, 286, 287]);
const UNIT = 296;

/** The field types ASCII, SHORT and RATIONAL. */
const [ASCII, SHORT, RATIONAL] = [2, 3, 5];

/** Bytes per value of the field types that these tags may have: BYTE, SHORT, LONG, LONG8. */
const TYPE_BYTES: Record<number, number> = { 1: 1, 3: 2, 4: 4, 16: 8 };

/** Most values of a tag: offsets of strips or tiles, or the colors of a palette. */
const MAX_VALUES = 2 ** 18;

/** Whether the numbers of a file begin with their lowest byte. */
export function isLittleEndian(view: DataView): boolean {
  return view.getUint8(0) === 0x49;
}

/** A directory: what describes one page. */
export class Directory {
  readonly #view: DataView;
  readonly #fields = new Map<number, { place: number; bytes: number; items: number }>();
  /** Offset of the next directory; 0 if this is the last. */
  readonly next: number;
  /** Whether the tags are sorted, and of the types and counts that they should have; unknown ones may be anything. */
  readonly isRegular: boolean;

  /** Reads the directory at `start`, by default the first one. Throws a SyntaxError for one of too many entries. */
  constructor(view: DataView, start?: number) {
    this.#view = view;
    const little = isLittleEndian(view);
    const big = view.getUint16(2, little) === 43;
    const offset = (at: number) => big ? Number(view.getBigUint64(at, little)) : view.getUint32(at, little);
    start ??= offset(big ? 8 : 4);
    const count = big ? Number(view.getBigUint64(start, little)) : view.getUint16(start, little);
    const first = start + (big ? 8 : 2);
    const entryBytes = big ? 20 : 12;
    if (count > 4096) {
      throw new SyntaxError(`Cannot decode the TIFF image: its directory claims ${count} entries`);
    }
    let [isRegular, last] = [true, -1];
    for (let i = 0; i < count; i++) {
      const at = first + i * entryBytes;
      const tag = view.getUint16(at, little);
      const type = view.getUint16(at + 2, little);
      const bytes = TYPE_BYTES[type];
      const items = offset(at + 4);
      isRegular &&= tag > last && this.#isRegularEntry(tag, type, items, () => {
        const inline = at + (big ? 12 : 8);
        return items <= (big ? 8 : 4) ? inline : offset(inline);
      });
      last = tag;
      if (bytes === undefined || items < 1 || !TAGS.has(tag)) continue;
      const inline = at + (big ? 12 : 8);
      const place = bytes * items <= (big ? 8 : 4) ? inline : offset(inline);
      this.#fields.set(tag, { place, bytes, items });
      this.#read(place, bytes);
    }
    this.isRegular = isRegular;
    this.next = offset(first + count * entryBytes);
  }

  /** Whether an entry is one that no reader complains of; `place` is where its bytes lie if they are a text. */
  #isRegularEntry(tag: number, type: number, items: number, place: () => number): boolean {
    if (TAGS.has(tag)) {
      return TYPE_BYTES[type] !== undefined && (items === 1 || (items > 1 && LISTS.has(tag)));
    }
    if (RATIONALS.has(tag)) return type === RATIONAL && items === 1;
    if (tag === UNIT) return type === SHORT && items === 1;
    if (!TEXTS.has(tag)) return true;
    const end = place() + items;
    return type === ASCII && items >= 1 && end <= this.#view.byteLength && this.#view.getUint8(end - 1) === 0;
  }

  /** The value of a tag, of several the first, as in baseline TIFF; `otherwise` if it is missing. */
  of(tag: number, otherwise: number): number {
    const field = this.#fields.get(tag);
    return field === undefined ? otherwise : this.#read(field.place, field.bytes);
  }

  /** All values of a tag; none if it is missing. Throws a RangeError for more than 2^18. */
  all(tag: number): number[] {
    const field = this.#fields.get(tag);
    if (field === undefined) return [];
    const { place, bytes, items } = field;
    if (items > MAX_VALUES) {
      throw new RangeError(`Cannot decode the TIFF image: it claims ${items} parts, at most ${MAX_VALUES}`);
    }
    return Array.from({ length: items }, (_, i) => this.#read(place + i * bytes, bytes));
  }

  /** A number; past the end of the file, the view throws its RangeError. */
  #read(at: number, bytes: number): number {
    const view = this.#view;
    const little = isLittleEndian(view);
    if (bytes === 1) return view.getUint8(at);
    if (bytes === 2) return view.getUint16(at, little);
    return bytes === 4 ? view.getUint32(at, little) : Number(view.getBigUint64(at, little));
  }
}

/** Most pages that are counted. */
const MAX_PAGES = 1024;

/** The first page and those from `next` on, without thumbnails and masks. A chain that is damaged ends there. */
export function countPages(view: DataView, next: number): number {
  let pages = 1;
  const seen = new Set<number>();
  try {
    while (next !== 0 && !seen.has(next) && seen.size < MAX_PAGES) {
      seen.add(next);
      const directory = new Directory(view, next);
      // Of the kinds, 1 is a smaller copy and 4 a mask; 2 is a page.
      if ((directory.of(TAG.kind, 0) & 5) === 0) pages++;
      next = directory.next;
    }
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof SyntaxError)) throw error;
  }
  return pages;
}
