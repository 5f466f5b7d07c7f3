/**
 * Reads the outlines of a TrueType font, as far as the font of the figures needs: no hinting, no kerning. The file is the
 * project's own; any other one may fail with a RangeError.
 *
 * Source of the format: the OpenType specification, chapters `cmap`, `glyf`, `head`, `hhea`, `hmtx` and `loca`.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** A point of an outline in font units, y upwards; those that are not on the curve control quadratic Bézier curves. */
export interface OutlinePoint {
  readonly x: number;
  readonly y: number;
  readonly onCurve: boolean;
}

/** A closed curve. */
export type Contour = readonly OutlinePoint[];

/** Flags of a point. */
const POINT = { onCurve: 1, shortX: 2, shortY: 4, repeat: 8, sameX: 16, sameY: 32 } as const;

/** Flags of a part of a composite glyph. */
const PART = { words: 1, offsets: 2, scale: 8, more: 32, scales: 64, matrix: 128 } as const;

/** An open font. */
export class TrueTypeFont {
  /** Font units per font size. */
  readonly unitsPerEm: number;
  readonly #view: DataView;
  readonly #tables = new Map<string, number>();
  readonly #longOffsets: boolean;
  readonly #widths: number;
  readonly #segments: number;

  /** Opens the bytes of a font file. */
  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const tables = this.#view.getUint16(4);
    for (let index = 0, at = 12; index < tables; index++, at += 16) {
      this.#tables.set(String.fromCharCode(...bytes.subarray(at, at + 4)), this.#view.getUint32(at + 8));
    }
    this.unitsPerEm = this.#view.getUint16(this.#table("head") + 18);
    this.#longOffsets = this.#view.getInt16(this.#table("head") + 50) === 1;
    this.#widths = this.#view.getUint16(this.#table("hhea") + 34);
    this.#segments = this.#segmentMap();
  }

  /** The glyph of a character; 0, which is empty here, if the font has none. */
  glyphOf(character: number): number {
    const view = this.#view;
    const count = view.getUint16(this.#segments + 6) / 2;
    const ends = this.#segments + 14;
    const starts = ends + 2 * count + 2;
    for (let segment = 0; segment < count; segment++) {
      if (view.getUint16(ends + 2 * segment) < character) continue;
      const start = view.getUint16(starts + 2 * segment);
      if (start > character) return 0;
      const delta = view.getUint16(starts + 2 * (count + segment));
      const rangeAt = starts + 2 * (2 * count + segment);
      const range = view.getUint16(rangeAt);
      if (range === 0) return (character + delta) & 0xffff;
      const glyph = view.getUint16(rangeAt + range + 2 * (character - start));
      return glyph === 0 ? 0 : (glyph + delta) & 0xffff;
    }
    return 0;
  }

  /** By how much a glyph moves the next one, in font units. */
  advance(glyph: number): number {
    return this.#view.getUint16(this.#table("hmtx") + 4 * Math.min(glyph, this.#widths - 1));
  }

  /** The outline of a glyph: contours of which the font fills what their winding number is not zero of. */
  outline(glyph: number): Contour[] {
    const [at, end] = [glyph, glyph + 1].map((index) => this.#offsetOf(index)) as [number, number];
    if (at === end) return [];
    const contours = this.#view.getInt16(at);
    return contours >= 0 ? this.#simple(at + 10, contours) : this.#composite(at + 10);
  }

  #table(name: string): number {
    const at = this.#tables.get(name);
    if (at === undefined) throw new RangeError(`Cannot read the font: it has no table ${name}`);
    return at;
  }

  /** Where the map of characters of the Basic Multilingual Plane is: format 4. */
  #segmentMap(): number {
    const view = this.#view;
    const at = this.#table("cmap");
    for (let index = 0; index < view.getUint16(at + 2); index++) {
      const map = at + view.getUint32(at + 8 + 8 * index);
      if (view.getUint16(map) === 4) return map;
    }
    throw new RangeError("Cannot read the font: its characters are not mapped by segments");
  }

  #offsetOf(glyph: number): number {
    const at = this.#table("loca");
    const offset = this.#longOffsets
      ? this.#view.getUint32(at + 4 * glyph)
      : 2 * this.#view.getUint16(at + 2 * glyph);
    return this.#table("glyf") + offset;
  }

  #simple(at: number, contours: number): Contour[] {
    const view = this.#view;
    const ends = Array.from({ length: contours }, (_, index) => view.getUint16(at + 2 * index) + 1);
    at += 2 * contours;
    at += 2 + view.getUint16(at); // what hints say
    const count = ends.at(-1) ?? 0;
    const flags: number[] = [];
    while (flags.length < count) {
      const flag = view.getUint8(at++);
      const times = flag & POINT.repeat ? 1 + view.getUint8(at++) : 1;
      for (let time = 0; time < times; time++) flags.push(flag);
    }
    const coordinates = (short: number, same: number) => {
      let value = 0;
      return flags.map((flag) => {
        if (flag & short) value += flag & same ? view.getUint8(at++) : -view.getUint8(at++);
        else if (!(flag & same)) {
          value += view.getInt16(at);
          at += 2;
        }
        return value;
      });
    };
    const xs = coordinates(POINT.shortX, POINT.sameX);
    const ys = coordinates(POINT.shortY, POINT.sameY);
    const points = flags.map((flag, index) => (
      { x: xs[index]!, y: ys[index]!, onCurve: (flag & POINT.onCurve) !== 0 }
    ));
    return ends.map((end, index) => points.slice(ends[index - 1] ?? 0, end));
  }

  /** Parts by offsets, as accented letters are; each may be scaled. */
  #composite(at: number): Contour[] {
    const view = this.#view;
    const contours: Contour[] = [];
    const fraction = (at: number) => view.getInt16(at) / 2 ** 14;
    for (let flags: number = PART.more; flags & PART.more;) {
      flags = view.getUint16(at);
      const glyph = view.getUint16(at + 2);
      at += 4;
      if (!(flags & PART.offsets)) throw new RangeError("Cannot read the font: parts are placed by points");
      const [dx, dy] = flags & PART.words
        ? [view.getInt16(at), view.getInt16(at + 2)]
        : [view.getInt8(at), view.getInt8(at + 1)];
      at += flags & PART.words ? 4 : 2;
      let [xx, yx, xy, yy] = [1, 0, 0, 1];
      if (flags & PART.scale) {
        xx = yy = fraction(at);
        at += 2;
      } else if (flags & PART.scales) {
        [xx, yy] = [fraction(at), fraction(at + 2)];
        at += 4;
      } else if (flags & PART.matrix) {
        [xx, yx, xy, yy] = [fraction(at), fraction(at + 2), fraction(at + 4), fraction(at + 6)];
        at += 8;
      }
      for (const contour of this.outline(glyph)) {
        contours.push(contour.map(({ x, y, onCurve }) => (
          { x: xx * x + xy * y + dx, y: yx * x + yy * y + dy, onCurve }
        )));
      }
    }
    return contours;
  }
}
