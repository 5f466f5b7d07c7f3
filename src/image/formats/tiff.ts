/**
 * TIFF: the first directory of a file (TIFF 6.0, section 2; BigTIFF with its longer numbers).
 *
 * @module
 */
import { MAX_PIXELS, MAX_SIDE } from "../limits.ts";
import { type FormatHeader, hasText, type ImageFormat, viewOf } from "./image_format.ts";

/** TIFF and BigTIFF; the first page. */
export const TIFF: ImageFormat = {
  name: "TIFF",
  endings: ["tif", "tiff"],
  matches: (bytes) => ["II*\0", "MM\0*", "II+\0", "MM\0+"].some((signature) => hasText(bytes, signature)),
  readHeader,
  isHarmless,
  coders: ["TIFF"],
};

const TAG = {
  kind: 254,
  width: 256,
  height: 257,
  bits: 258,
  photometric: 262,
  orientation: 274,
  samples: 277,
  rowsPerStrip: 278,
  stripBytes: 279,
  compression: 259,
  tileWidth: 322,
  tileHeight: 323,
  sampleFormat: 339,
};

const TAGS: ReadonlySet<number> = new Set(Object.values(TAG));

/** Bytes per value of the field types that these tags may have: BYTE, SHORT, LONG, LONG8. */
const TYPE_BYTES: Record<number, number> = { 1: 1, 3: 2, 4: 4, 16: 8 };

/** White is zero, black is zero, RGB, palette, CMYK, YCbCr. */
const PHOTOMETRICS = [0, 1, 2, 3, 5, 6];

/**
 * The size in the first directory. Throws a SyntaxError if the directory is damaged, and a RangeError for samples
 * other than unsigned ones of 1 to 16 bits, for more than five samples per pixel, and for tiles beyond the limits.
 */
function readHeader(view: DataView): FormatHeader {
  const { values, next } = readDirectory(view);
  const of = (tag: number, otherwise: number) => values.get(tag) ?? otherwise;
  const bits = of(TAG.bits, 1);
  if (bits < 1 || bits > 16 || of(TAG.sampleFormat, 1) !== 1) {
    const kind = ["", "unsigned", "signed", "floating-point"][of(TAG.sampleFormat, 1)] ?? "unknown";
    throw new RangeError(
      `Cannot decode the TIFF image of ${kind} ${bits}-bit samples: only unsigned samples of up to 16 bits are supported`,
    );
  }
  const samples = of(TAG.samples, 1);
  if (samples < 1 || samples > 5) {
    throw new RangeError(`Cannot decode the TIFF image of ${samples} samples per pixel: at most 5`);
  }
  const photometric = of(TAG.photometric, 1);
  if (!PHOTOMETRICS.includes(photometric)) {
    throw new RangeError(`Cannot decode the TIFF image of color model ${photometric}`);
  }
  const tileWidth = of(TAG.tileWidth, 0);
  const tileHeight = of(TAG.tileHeight, 0);
  if (tileWidth > MAX_SIDE || tileHeight > MAX_SIDE || tileWidth * tileHeight > MAX_PIXELS) {
    throw new RangeError(`Cannot decode the TIFF image with tiles of ${tileWidth} x ${tileHeight} pixels`);
  }
  const orientation = of(TAG.orientation, 1);
  return {
    width: of(TAG.width, 0),
    height: of(TAG.height, 0),
    bits,
    orientation,
    pages: countPages(view, next),
  };
}

/** The values of a directory, of several for one tag the first, and the offset of the next one; 0 if it is the last. */
interface Directory {
  readonly values: ReadonlyMap<number, number>;
  readonly next: number;
}

/** Reads the directory at `directory`, by default the first one. */
function readDirectory(view: DataView, directory?: number): Directory {
  const little = view.getUint8(0) === 0x49;
  const big = view.getUint16(2, little) === 43;
  const offset = (at: number) => big ? Number(view.getBigUint64(at, little)) : view.getUint32(at, little);
  directory ??= offset(big ? 8 : 4);
  const count = big ? Number(view.getBigUint64(directory, little)) : view.getUint16(directory, little);
  const first = directory + (big ? 8 : 2);
  const entryBytes = big ? 20 : 12;
  if (count > 4096) {
    throw new SyntaxError(`Cannot decode the TIFF image: its directory claims ${count} entries`);
  }

  const values = new Map<number, number>();
  for (let i = 0; i < count; i++) {
    const at = first + i * entryBytes;
    const tag = view.getUint16(at, little);
    const bytes = TYPE_BYTES[view.getUint16(at + 2, little)];
    const items = offset(at + 4);
    if (bytes === undefined || items < 1) continue;
    // Of several values (bits of each channel) the first one counts, as in baseline TIFF.
    const inline = at + (big ? 12 : 8);
    const place = bytes * items <= (big ? 8 : 4) ? inline : offset(inline);
    if (TAGS.has(tag)) values.set(tag, readNumber(view, place, bytes, little));
  }
  return { values, next: offset(first + count * entryBytes) };
}

/** Most pages that are counted. */
const MAX_PAGES = 1024;

/** The first page and those from `next` on, without thumbnails and masks. A chain that is damaged ends there. */
function countPages(view: DataView, next: number): number {
  let pages = 1;
  const seen = new Set<number>();
  try {
    while (next !== 0 && !seen.has(next) && seen.size < MAX_PAGES) {
      seen.add(next);
      const directory = readDirectory(view, next);
      // Of the kinds, 1 is a smaller copy and 4 a mask; 2 is a page.
      if (((directory.values.get(TAG.kind) ?? 0) & 5) === 0) pages++;
      next = directory.next;
    }
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof SyntaxError)) throw error;
  }
  return pages;
}

/** libtiff's warnings that do not concern the pixels, or that report more of them than the header states. */
const HARMLESS = [
  /^ASCII value for tag /,
  /^Invalid TIFF directory; tags are not sorted/,
  /^JPEG strip(\/tile)? size exceeds expected dimensions/,
  new RegExp(
    "^(Incompatible type|Incorrect count|Null count) for " +
      '"([XY](Resolution|Position)|ResolutionUnit|DateTime|Software|Artist|Copyright|HostComputer|Make|Model|' +
      'DocumentName|ImageDescription|PageName|PageNumber)"',
  ),
];

/** A strip that is longer than its rows is harmless, too, if it is the only one and not compressed. */
function isHarmless(warning: string, bytes: Uint8Array): boolean {
  if (HARMLESS.some((pattern) => pattern.test(warning))) return true;
  if (!warning.startsWith('Bogus "StripByteCounts" field')) return false;
  const { values } = readDirectory(viewOf(bytes));
  const of = (tag: number, otherwise: number) => values.get(tag) ?? otherwise;
  const rowBytes = Math.ceil(of(TAG.width, 0) * of(TAG.bits, 1) * of(TAG.samples, 1) / 8);
  return of(TAG.compression, 1) === 1 && of(TAG.rowsPerStrip, Infinity) >= of(TAG.height, 0) &&
    of(TAG.stripBytes, 0) >= rowBytes * of(TAG.height, 0);
}

function readNumber(view: DataView, at: number, bytes: number, little: boolean): number {
  if (bytes === 1) return view.getUint8(at);
  if (bytes === 2) return view.getUint16(at, little);
  return bytes === 4 ? view.getUint32(at, little) : Number(view.getBigUint64(at, little));
}
