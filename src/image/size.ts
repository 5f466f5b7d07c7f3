/**
 * The size in which an image will be decoded, without decoding it.
 *
 * @module
 */
import { type ImageFormat, inspectFile } from "./header.ts";
import type { Size } from "./image.ts";

/**
 * Width and height of a JPEG, PNG, TIFF, BMP or WebP file as it is shown: with its EXIF orientation applied, as
 * `decodeImage` does. Reads the header only; whether the pixels are sound, only decoding tells.
 *
 * Throws a SyntaxError for a file of another kind or with a damaged header, and a RangeError for one beyond the
 * decoder's limits.
 */
export function readImageSize(bytes: Uint8Array): Size {
  const { format, width, height } = inspectFile(bytes);
  const orientation = orientationOf(bytes, format);
  // Orientations 5 to 8 lay rows down as columns.
  return orientation >= 5 && orientation <= 8 ? { width: height, height: width } : { width, height };
}

/** The EXIF orientation of a file of this format: 1, upright, where it says none. */
export function orientationOf(bytes: Uint8Array, format: ImageFormat): number {
  const block = format === "BMP" ? null : BLOCKS[format](bytes);
  return block === null ? 1 : readOrientation(block);
}

/** Where each format keeps the orientation: in a block laid out as a TIFF file, which a TIFF file itself is. */
const BLOCKS = { JPEG: jpegBlock, PNG: pngBlock, TIFF: (bytes: Uint8Array) => bytes, WebP: webpBlock };

/** The first APP1 segment that begins with "Exif" and two zeros; segments end where the scan begins. */
function jpegBlock(bytes: Uint8Array): Uint8Array | null {
  const view = viewOf(bytes);
  for (let at = 2; at + 10 <= bytes.length && bytes[at] === 0xff && bytes[at + 1] !== 0xda;) {
    const length = view.getUint16(at + 2);
    if (bytes[at + 1] === 0xe1 && nameAt(bytes, at + 4) === "Exif") {
      return bytes.subarray(at + 10, at + 2 + length);
    }
    at += 2 + length;
  }
  return null;
}

/** The eXIf chunk; a length that points beyond the file ends the walk. */
function pngBlock(bytes: Uint8Array): Uint8Array | null {
  const view = viewOf(bytes);
  for (let at = 8; at + 12 <= bytes.length; at += 12 + view.getUint32(at)) {
    if (nameAt(bytes, at + 4) === "eXIf") return bytes.subarray(at + 8, at + 8 + view.getUint32(at));
  }
  return null;
}

/** The EXIF chunk of the RIFF container; chunks fill up to even lengths. */
function webpBlock(bytes: Uint8Array): Uint8Array | null {
  const view = viewOf(bytes);
  for (let at = 12; at + 8 <= bytes.length;) {
    const length = view.getUint32(at + 4, true);
    if (nameAt(bytes, at) === "EXIF") {
      const start = at + (nameAt(bytes, at + 8) === "Exif" ? 14 : 8);
      return bytes.subarray(start, at + 8 + length);
    }
    at += 8 + length + length % 2;
  }
  return null;
}

/** The orientation tag (274) of the first directory of a TIFF block; 1, upright, where there is none. */
function readOrientation(block: Uint8Array): number {
  const view = viewOf(block);
  const signature = nameAt(block, 0);
  if (block.length < 8 || (signature !== "II*\0" && signature !== "MM\0*")) return 1;
  const little = signature === "II*\0";
  const directory = view.getUint32(4, little);
  if (directory + 2 > block.length) return 1;
  const entries = view.getUint16(directory, little);
  for (let at = directory + 2, i = 0; i < entries && at + 12 <= block.length; i++, at += 12) {
    if (view.getUint16(at, little) === 274) return view.getUint16(at + 8, little);
  }
  return 1;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function nameAt(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}
