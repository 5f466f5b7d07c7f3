/**
 * Reads what an image file claims to be, before any decoder sees it: the format by its first bytes (never by
 * its name), and its size. What is not JPEG, PNG, TIFF, BMP or WebP is refused here, and so is a file that asks
 * for more than the limits of `limits.ts`.
 *
 * @module
 */
import { assertFileSize, assertImageSize } from "./limits.ts";
import { checkJpegScans, readJpegHeader } from "./header_jpeg.ts";
import { cleanPng, readPngHeader } from "./header_png.ts";
import { readTiffHeader } from "./header_tiff.ts";

/** The formats that are read. */
export type ImageFormat = "JPEG" | "PNG" | "TIFF" | "BMP" | "WebP";

/** What {@linkcode inspectFile} found. */
export interface FileHeader {
  /** The format, by the file's first bytes. */
  format: ImageFormat;
  /** Pixels in a row, before any EXIF orientation. */
  width: number;
  /** Rows, before any EXIF orientation. */
  height: number;
}

/**
 * Looks at a file's header. Throws a SyntaxError where the file is none of the formats, or its header is
 * damaged or incomplete, and a RangeError where it asks for more than the limits.
 */
export function inspectFile(bytes: Uint8Array): FileHeader {
  assertFileSize(bytes.length);
  const format = detectFormat(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { width, height } = withinFile(format, () => READERS[format](view, bytes));
  assertImageSize(format, width, height);
  return { format, width, height };
}

/**
 * Looks through the whole of a file whose header {@linkcode inspectFile} has found in order, for what a decoder
 * would spend its time on, or pass over in silence. Returns what the decoder is to be given: the file, or a PNG
 * without the chunks that its pixels do not need. Throws as {@linkcode inspectFile}.
 */
export function checkContent(bytes: Uint8Array, header: FileHeader): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (header.format === "JPEG") withinFile("JPEG", () => checkJpegScans(view, header.width * header.height));
  return header.format === "PNG" ? withinFile("PNG", () => cleanPng(view, bytes)) : bytes;
}

/** Runs `read`; a DataView's own RangeError means that the header points beyond the file's end. */
function withinFile<T>(format: ImageFormat, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError && !error.message.startsWith("Cannot")) {
      throw new SyntaxError(`Cannot decode the ${format} image: it is cut short`);
    }
    throw error;
  }
}

/** The format by its first 26 bytes or more. Throws a SyntaxError, with what the file seems to be, for any other. */
export function detectFormat(bytes: Uint8Array): ImageFormat {
  const starts = (text: string, at = 0) => {
    for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
    return true;
  };
  if (starts("\xff\xd8\xff")) return "JPEG";
  if (starts("\x89PNG\r\n\x1a\n")) return "PNG";
  if (starts("II*\0") || starts("MM\0*") || starts("II+\0") || starts("MM\0+")) return "TIFF";
  if (starts("BM") && bytes.length >= 26) return "BMP";
  if (starts("RIFF") && starts("WEBP", 8)) return "WebP";
  const other = bytes.length === 0
    ? "the file is empty"
    : starts("DICM", 128)
    ? "it is a DICOM file"
    : starts("GIF8")
    ? "it is a GIF"
    : starts("%PDF")
    ? "it is a PDF"
    : starts("<")
    ? "it is a text of the XML, HTML or SVG kind"
    : "its first bytes are those of no known format";
  throw new SyntaxError(
    `Cannot decode the image: ${other}\nhint: JPEG, PNG, TIFF, BMP and WebP are read; convert it to one of them`,
  );
}

type HeaderReader = (view: DataView, bytes: Uint8Array) => { width: number; height: number };

const READERS: Record<ImageFormat, HeaderReader> = {
  JPEG: readJpegHeader,
  PNG: readPngHeader,
  TIFF: readTiffHeader,
  BMP: readBmpHeader,
  WebP: readWebpHeader,
};

/** BITMAPCOREHEADER (12 bytes) or BITMAPINFOHEADER and its successors; a negative height means top-down. */
function readBmpHeader(view: DataView): { width: number; height: number } {
  if (view.getUint32(14, true) === 12) {
    return { width: view.getUint16(18, true), height: view.getUint16(20, true) };
  }
  const compression = view.getUint32(30, true);
  if (compression === 4 || compression === 5) {
    throw new SyntaxError("Cannot decode the BMP image: it wraps a file of another format");
  }
  return { width: view.getInt32(18, true), height: Math.abs(view.getInt32(22, true)) };
}

/** The first chunk of the container: VP8 (lossy), VP8L (lossless) or VP8X (extended). */
function readWebpHeader(view: DataView, bytes: Uint8Array): { width: number; height: number } {
  if (view.getUint32(4, true) + 8 > bytes.length) {
    throw new SyntaxError("Cannot decode the WebP image: it is cut short");
  }
  const type = String.fromCharCode(...bytes.subarray(12, 16));
  if (type === "VP8 ") {
    return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
  }
  if (type === "VP8L") {
    const packed = view.getUint32(21, true);
    return { width: (packed & 0x3fff) + 1, height: ((packed >>> 14) & 0x3fff) + 1 };
  }
  if (type === "VP8X") {
    if ((view.getUint8(20) & 0x02) !== 0) {
      throw new SyntaxError("Cannot decode the WebP image: it is an animation");
    }
    const uint24 = (at: number) => view.getUint16(at, true) + 65536 * view.getUint8(at + 2);
    return { width: uint24(24) + 1, height: uint24(27) + 1 };
  }
  throw new SyntaxError("Cannot decode the WebP image: its first chunk is of no known type");
}
