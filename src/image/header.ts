/**
 * What an image file claims to be, read before any decoder sees it. Unknown formats and files that exceed the limits
 * of `limits.ts` are rejected here.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { readOrientation } from "./exif.ts";
import { detectFormat } from "./formats.ts";
import { type CheckedContent, type ImageFormat, viewOf } from "./formats/image_format.ts";
import type { ImageNote, Size } from "./image.ts";
import { assertFileSize, assertImageSize } from "./limits.ts";
import { orientationNote, orientSize } from "./orient.ts";

/** What {@linkcode inspectFile} found; the size is that before the orientation is applied. */
export interface FileHeader extends Size {
  /** The format, by the file's first bytes. */
  readonly format: ImageFormat;
  /** The EXIF orientation: 1, upright, if the file states none. */
  readonly orientation: number;
  /** Bits per sample, at least 8. */
  readonly bits: number;
  /** What the header reveals to a reader. */
  readonly notes: readonly ImageNote[];
}

/**
 * Reads a file's header. Throws a SyntaxError if the format is not supported or the header is damaged, and a
 * RangeError if the image exceeds the limits.
 */
export function inspectFile(bytes: Uint8Array): FileHeader {
  assertFileSize(bytes.length);
  const format = detectFormat(bytes);
  const header = withinFile(format, () => format.readHeader(viewOf(bytes), bytes));
  const { width, height, bits = 8, pages = 1 } = header;
  assertImageSize(format.name, width, height);
  const block = withinFile(format, () => format.exifBlock?.(bytes) ?? null);
  const stated = header.orientation ?? (block === null ? 1 : readOrientation(block));
  const orientation = stated >= 1 && stated <= 8 ? stated : 1;
  const notes = orientationNote(orientation);
  if (pages > 1) notes.push({ kind: "pages", message: `only the first of ${pages} pages is read` });
  return { format, width, height, orientation, bits: Math.max(8, bits), notes };
}

/**
 * Checks the whole of a file whose header {@linkcode inspectFile} accepted, and returns what the decoder gets.
 * Throws like {@linkcode inspectFile}.
 */
export function checkContent(bytes: Uint8Array, { format, ...size }: FileHeader): CheckedContent {
  return withinFile(
    format,
    () => format.checkContent?.(viewOf(bytes), bytes, size) ?? { bytes, oddities: [] },
  );
}

/**
 * The size of an image as it is displayed, with its EXIF orientation applied as `decodeImage` does. Reads the header
 * only; whether the pixels are intact, only decoding tells. Throws like {@linkcode inspectFile}.
 */
export function readImageSize(bytes: Uint8Array): Size {
  const header = inspectFile(bytes);
  return orientSize(header, header.orientation);
}

/** Runs `read`; a DataView's own RangeError means that the file points beyond its end. */
export function withinFile<T>({ name }: ImageFormat, read: () => T): T {
  try {
    return read();
  } catch (error) {
    // Not any RangeError: that of memory which cannot be allocated says nothing of the file.
    if (error instanceof RangeError && error.message.includes("bounds of the DataView")) {
      throw new SyntaxError(`Cannot decode the ${name} image: the file is truncated`);
    }
    throw error;
  }
}
