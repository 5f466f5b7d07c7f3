/**
 * Reads what a picture file claims to be, before any decoder sees it: the format by its first bytes (never by
 * its name), and its size. What is not JPEG, PNG, TIFF, BMP or WebP is refused here, and so is a file that asks
 * for more than the limits of `limits.ts`.
 *
 * @module
 */
import { MAX_FILE_BYTES, MAX_PIXELS, MAX_SCANS, MAX_SIDE } from "./limits.ts";
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
  /** What the decoder is to be given: the file, a PNG without the chunks that its pixels do not need. */
  content: Uint8Array;
}

/**
 * Looks at a file's header. Throws a SyntaxError where the file is none of the formats, or its header is
 * damaged or incomplete, and a RangeError where it asks for more than the limits.
 */
export function inspectFile(bytes: Uint8Array): FileHeader {
  if (bytes.length > MAX_FILE_BYTES) {
    throw new RangeError(`Cannot decode an image file of ${bytes.length} bytes: at most ${MAX_FILE_BYTES}`);
  }
  const format = detectFormat(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let header: { width: number; height: number; content?: Uint8Array };
  try {
    header = READERS[format](view, bytes);
  } catch (error) {
    // DataView's own RangeError: the header points beyond the file's end.
    if (error instanceof RangeError && !error.message.startsWith("Cannot")) {
      throw new SyntaxError(`Cannot decode the ${format} image: its header is cut short`);
    }
    throw error;
  }
  const { width, height } = header;
  if (width < 1 || height < 1) {
    throw new SyntaxError(`Cannot decode the ${format} image: its header says ${width} x ${height} pixels`);
  }
  if (width > MAX_SIDE || height > MAX_SIDE || width * height > MAX_PIXELS) {
    throw new RangeError(
      `Cannot decode the ${format} image of ${width} x ${height} pixels: ` +
        `at most ${MAX_SIDE} a side and ${MAX_PIXELS} in all`,
    );
  }
  return { format, width, height, content: header.content ?? bytes };
}

/** The format by its first bytes. Throws a SyntaxError, with what the file seems to be, for any other. */
function detectFormat(bytes: Uint8Array): ImageFormat {
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

type HeaderReader = (
  view: DataView,
  bytes: Uint8Array,
) => { width: number; height: number; content?: Uint8Array };

const READERS: Record<ImageFormat, HeaderReader> = {
  JPEG: readJpegHeader,
  PNG: readPngHeader,
  TIFF: readTiffHeader,
  BMP: readBmpHeader,
  WebP: readWebpHeader,
};

/** Walks the segments (ITU T.81, annex B) to the frame's size, and on to count the scans. */
function readJpegHeader(view: DataView, bytes: Uint8Array): { width: number; height: number } {
  let size: { width: number; height: number } | undefined;
  let scans = 0;
  let at = 2;
  while (at < bytes.length) {
    if (bytes[at] !== 0xff) {
      at++; // entropy-coded data, or bytes that belong to nothing
      continue;
    }
    const marker = bytes[at + 1] ?? 0xd9;
    if (marker === 0xd9) break;
    if (marker === 0xff) {
      at++;
      continue;
    }
    if (marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd8)) {
      at += 2;
      continue;
    }
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame && size === undefined) {
      size = { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
    }
    if (marker === 0xda && ++scans > MAX_SCANS) {
      throw new RangeError(`Cannot decode the JPEG image of more than ${MAX_SCANS} scans`);
    }
    at += 2 + view.getUint16(at + 2);
  }
  if (size === undefined || scans === 0) {
    throw new SyntaxError("Cannot decode the JPEG image: it ends before its picture begins");
  }
  return size;
}

/** The chunks (PNG 1.2, section 4) that are handed on: the pixels' own, and the orientation. */
const KEPT_CHUNKS = new Set(["IHDR", "PLTE", "IDAT", "IEND", "eXIf"]);

/**
 * Reads the size and leaves out every chunk that the pixels do not need: texts and profiles may inflate to any
 * length, and a gamma or a profile would change the values.
 */
function readPngHeader(view: DataView, bytes: Uint8Array): ReturnType<HeaderReader> {
  const parts = [bytes.subarray(0, 8)];
  let at = 8;
  let type = "";
  while (type !== "IEND") {
    const length = view.getUint32(at);
    type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const end = at + 12 + length;
    if (at === 8 && (type !== "IHDR" || length !== 13)) {
      throw new SyntaxError("Cannot decode the PNG image: it does not begin with its header");
    }
    if (end > bytes.length) {
      throw new SyntaxError(`Cannot decode the PNG image: it ends within its ${JSON.stringify(type)} chunk`);
    }
    if (KEPT_CHUNKS.has(type)) parts.push(bytes.subarray(at, end));
    at = end;
  }
  return { width: view.getUint32(16), height: view.getUint32(20), content: joinParts(parts) };
}

function joinParts(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

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
