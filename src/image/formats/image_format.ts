/**
 * What an image format consists of. A new format is one file of this folder and one line in `image/formats.ts`.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { DecodedRaster, Size } from "../image.ts";
import type { LabelImage } from "../label_image.ts";

/** What a file's header says. */
export interface FormatHeader extends Size {
  /** Bits per sample, if they may be more than 8. */
  readonly bits?: number;
  /** Pages or frames of the file, of which the first is read; 1 if left out. */
  readonly pages?: number;
  /** The orientation, 1 to 8, of formats that store it as EXIF does but without a block of its own. */
  readonly orientation?: number;
}

/** What a decoder gets of a file. */
export interface CheckedContent {
  /** A file with the same pixels. */
  readonly bytes: Uint8Array;
  /** What was left out or repaired, in words: `the eXIf chunk is damaged`. No pixel is missing. */
  readonly oddities: readonly string[];
}

/** An image file format: how to recognize, measure, check and decode it. */
export interface ImageFormat {
  /** Its name in messages: `WebP`. */
  readonly name: string;
  /** The file name endings that are taken for this format, in lower case and without the dot. */
  readonly endings: readonly string[];
  /** Whether a file begins as this format does. Never looks at its name. */
  matches(bytes: Uint8Array): boolean;
  /**
   * The header, with the size before any EXIF orientation. Throws a SyntaxError for a damaged header, a RangeError
   * for samples that cannot be decoded. Reading past the end of `view` means that the file is truncated.
   */
  readHeader(view: DataView, bytes: Uint8Array): FormatHeader;
  /** The TIFF structure with the EXIF orientation, or null. Formats without one leave it out. */
  readonly exifBlock?: (bytes: Uint8Array) => Uint8Array | null;
  /**
   * Checks the whole file for what a decoder would waste time on or pass over in silence, and returns what the
   * decoder gets. Throws like {@linkcode ImageFormat.readHeader}.
   */
  readonly checkContent?: (view: DataView, bytes: Uint8Array, size: Size) => CheckedContent;
  /** A decoder of our own, which does not apply the orientation; null leaves the file to ImageMagick. */
  readonly decode?: (bytes: Uint8Array) => DecodedRaster | null | Promise<DecodedRaster | null>;
  /** The samples as they are stored, not oriented; null, and formats that leave it out, give those of the image. */
  readonly decodeLabels?: (bytes: Uint8Array) => LabelImage | null;
  /** Whether ImageMagick's warning about a file proves that no pixel is missing; any other warning is an error. */
  readonly isHarmless?: (warning: string, bytes: Uint8Array) => boolean;
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
