/**
 * TIFF: the first page of a file. Samples of more than 8 bits are decoded here, since ImageMagick keeps 8 of them, and
 * plain ones of 8 bits, since that takes a fraction of the time.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { type DecodedRaster, dropColor, type ImageNote } from "../image.ts";
import { LABEL_CHANNELS, type LabelImage } from "../label_image.ts";
import { MAX_PIXELS, MAX_SIDE } from "../limits.ts";
import { countPages, Directory, TAG } from "../tiff_directory.ts";
import { layoutOf, readTiffSamples, type TiffLayout } from "../tiff_samples.ts";
import { type FormatHeader, hasText, type ImageFormat, viewOf } from "./image_format.ts";

/** TIFF and BigTIFF; the first page. */
export const TIFF: ImageFormat = {
  name: "TIFF",
  endings: ["tif", "tiff"],
  matches: (bytes) => ["II*\0", "MM\0*", "II+\0", "MM\0+"].some((signature) => hasText(bytes, signature)),
  readHeader,
  decode,
  decodeLabels,
  isHarmless,
  coders: ["TIFF"],
};

/** White is zero, black is zero, RGB, palette, CMYK, YCbCr. */
const PHOTOMETRICS = [0, 1, 2, 3, 5, 6];

const WHITE_IS_ZERO = 0;
const RGB = 2;
const PALETTE = 3;

/**
 * The size in the first directory. Throws a SyntaxError if the directory is damaged, and a RangeError for samples that
 * cannot be decoded, for more than five samples per pixel, and for tiles beyond the limits.
 */
function readHeader(view: DataView): FormatHeader {
  const page = new Directory(view);
  const layout = layoutOf(page);
  const { width, height, bits, number, channels, photometric } = layout;
  if (channels < 1 || channels > 5) {
    throw new RangeError(`Cannot decode the TIFF image of ${channels} samples per pixel: at most 5`);
  }
  if (!PHOTOMETRICS.includes(photometric)) {
    throw new RangeError(`Cannot decode the TIFF image of color model ${photometric}`);
  }
  if (bits < 1 || ((bits > 16 || number !== "unsigned") && !isOwn(layout))) {
    throw new RangeError(
      `Cannot decode the TIFF image of ${
        number ?? "unknown"
      } ${bits}-bit samples, color model ${photometric} and ` +
        `compression ${layout.compression}\nhint: save it as integers of 8 or 16 bits, or as 32-bit floating point, ` +
        "without compression or with deflate",
    );
  }
  const tileWidth = page.of(TAG.tileWidth, 0);
  const tileHeight = page.of(TAG.tileHeight, 0);
  if (tileWidth > MAX_SIDE || tileHeight > MAX_SIDE || tileWidth * tileHeight > MAX_PIXELS) {
    throw new RangeError(`Cannot decode the TIFF image with tiles of ${tileWidth} x ${tileHeight} pixels`);
  }
  const orientation = page.of(TAG.orientation, 1);
  return { width, height, bits, orientation, pages: countPages(view, page.next) };
}

/** Whether the samples are gray or RGB and {@linkcode decode} reads them: those that 8 bits cannot hold. */
function isOwn({ bits, number, photometric, known }: TiffLayout): boolean {
  return known && photometric <= RGB && (bits > 8 || number !== "unsigned");
}

/** Whether the samples are gray or RGB of 8 bits, and there is nothing to be noted of the file. */
function isPlain(layout: TiffLayout, page: Directory): boolean {
  const { width, height, bits, number, photometric, channels, compression, known } = layout;
  if (!known || bits !== 8 || number !== "unsigned" || photometric > RGB || !page.isRegular) return false;
  if (channels !== (photometric === RGB ? 3 : 1)) return false;
  const stated = page.all(TAG.stripBytes);
  return compression !== 1 || stated.length === 0 ||
    stated.reduce((sum, bytes) => sum + bytes, 0) === width * height * channels;
}

/**
 * Gray or RGB samples; null for colors of 8 bits with an alpha channel, palettes, lossy compressions and the like, which
 * ImageMagick reads.
 */
function decode(bytes: Uint8Array): DecodedRaster | null {
  const view = viewOf(bytes);
  const page = new Directory(view);
  const layout = layoutOf(page);
  if (isPlain(layout, page)) return decodePlain(bytes, view, page, layout);
  if (!isOwn(layout)) return null;
  const { width, height, bits, number, photometric } = layout;
  const channels = photometric === RGB && layout.channels >= 3 ? 3 : 1;
  const data = readTiffSamples(bytes, view, page, channels);
  const notes: ImageNote[] = data instanceof Float32Array ? replaceNonFinite(data) : [];
  if (photometric === WHITE_IS_ZERO) {
    const white = number === "float" ? 1 : number === "signed" ? -1 : 2 ** bits - 1;
    for (let i = 0; i < data.length; i++) data[i] = white - data[i]!;
  }
  if (photometric !== RGB && layout.channels > 2) {
    const message = `only the first of ${layout.channels} channels is read`;
    notes.push({ kind: "oddity", message });
  }
  return { raster: { width, height, channels, data }, notes };
}

/**
 * The samples of an image of 8 bits, as ImageMagick would return them, in a fraction of the time; null for a damaged
 * file, of which ImageMagick says more.
 */
function decodePlain(
  bytes: Uint8Array,
  view: DataView,
  page: Directory,
  { width, height, channels, photometric }: TiffLayout,
): DecodedRaster | null {
  let data: Uint8Array;
  try {
    data = readTiffSamples(bytes, view, page, channels) as Uint8Array;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return null;
    throw error;
  }
  if (channels === 3) return { raster: dropColor({ width, height, data }), notes: [] };
  if (photometric === WHITE_IS_ZERO) { for (let i = 0; i < data.length; i++) data[i] = 255 - data[i]!; }
  return { raster: { width, height, channels: 1, data }, notes: [] };
}

/**
 * Gives samples that are NaN or infinite the lowest or highest value of the image: they mark where nothing was
 * measured, and a single one would spread through a whole network.
 */
function replaceNonFinite(data: Float32Array): ImageNote[] {
  let [count, lowest, highest] = [0, Infinity, -Infinity];
  for (const value of data) {
    if (!Number.isFinite(value)) count++;
    else {
      if (value < lowest) lowest = value;
      if (value > highest) highest = value;
    }
  }
  if (count === 0) return [];
  if (count === data.length) {
    throw new SyntaxError("Cannot decode the TIFF image: none of its samples is a finite number");
  }
  for (let i = 0; i < data.length; i++) {
    if (!Number.isFinite(data[i]!)) data[i] = data[i] === Infinity ? highest : lowest;
  }
  const message =
    "samples that are not finite numbers are read as the lowest value, positive infinity as the highest";
  return [{ kind: "oddity", message }];
}

/** Samples as they are stored; null for lossy and fax compressions, CMYK and YCbCr, which ImageMagick reads. */
function decodeLabels(bytes: Uint8Array): LabelImage | null {
  const view = viewOf(bytes);
  const page = new Directory(view);
  const layout = layoutOf(page);
  if (!layout.known) return null;
  const { width, height, bits, photometric } = layout;
  const kind = photometric === PALETTE
    ? "index"
    : photometric !== RGB || layout.channels < 3
    ? "grey"
    : layout.channels === 3
    ? "rgb"
    : "rgba";
  const data = readTiffSamples(bytes, view, page, LABEL_CHANNELS[kind]);
  const image: LabelImage = { kind, width, height, bits, data, notes: [] };
  if (photometric === WHITE_IS_ZERO) return { ...image, whiteIsZero: true };
  return kind === "index" ? { ...image, palette: paletteOf(page.all(TAG.colorMap)) } : image;
}

/** All reds, all greens and all blues, of 16 bits each, as colors of 8 bits. */
function paletteOf(values: readonly number[]): Uint8Array {
  const count = Math.floor(values.length / 3);
  return Uint8Array.from({ length: 3 * count }, (_, i) => values[(i % 3) * count + Math.floor(i / 3)]! >> 8);
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
  const page = new Directory(viewOf(bytes));
  const { width, height, bits, channels, compression } = layoutOf(page);
  const rowBytes = Math.ceil(width * bits * channels / 8);
  return compression === 1 && page.of(TAG.rowsPerStrip, Infinity) >= height &&
    page.of(TAG.stripBytes, 0) >= rowBytes * height;
}
