/**
 * What an image format consists of. A new format is one file of this folder and one line in `image/formats.ts`.
 *
 * @module
 */
import type { Raster, Size } from "../image.ts";

/** An image file format: how to recognize, measure, check and decode it. */
export interface ImageFormat {
  /** Its name in messages: `WebP`. */
  readonly name: string;
  /** The file name endings that are taken for this format, in lower case and without the dot. */
  readonly endings: readonly string[];
  /** Whether a file begins as this format does. Never looks at its name. */
  matches(bytes: Uint8Array): boolean;
  /**
   * The size in the header, before any EXIF orientation. Throws a SyntaxError for a damaged header, a RangeError
   * for samples that cannot be decoded. Reading past the end of `view` means that the file is truncated.
   */
  readSize(view: DataView, bytes: Uint8Array): Size;
  /** The TIFF structure with the EXIF orientation, or null. Formats without one leave it out. */
  readonly exifBlock?: (bytes: Uint8Array) => Uint8Array | null;
  /**
   * Checks the whole file for what a decoder would waste time on or pass over in silence, and returns what the
   * decoder gets. Throws like {@linkcode ImageFormat.readSize}.
   */
  readonly checkContent?: (view: DataView, bytes: Uint8Array, size: Size) => Uint8Array;
  /** A decoder of our own; null leaves the file to ImageMagick. `orientation` is EXIF's, 1 to 8. */
  readonly decode?: (
    bytes: Uint8Array,
    orientation: number,
  ) => Raster | null | Promise<Raster | null>;
  /** ImageMagick's names of the format, the one to decode with first. */
  readonly coders: readonly string[];
}

/** Whether `bytes` contain the characters of `text` (Latin-1) at `at`. */
export function hasText(bytes: Uint8Array, text: string, at = 0): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** A view of exactly these bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
