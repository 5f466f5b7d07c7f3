/**
 * BMP: BITMAPCOREHEADER (12 bytes), or BITMAPINFOHEADER and its successors.
 *
 * @module
 */
import { type CheckedContent, type FormatHeader, hasText, type ImageFormat } from "./image_format.ts";

/** BMP, all header versions. */
export const BMP: ImageFormat = {
  name: "BMP",
  endings: ["bmp"],
  matches: (bytes) => hasText(bytes, "BM") && bytes.length >= 26,
  readHeader,
  checkContent,
  coders: ["BMP", "BMP2", "BMP3"],
};

/** Values of the compression field; those that are not listed have rows of plain pixels. */
const COMPRESSION = { rle8: 1, rle4: 2, jpeg: 4, png: 5 };

/** The size in the header; a negative height means top-down rows. */
function readHeader(view: DataView): FormatHeader {
  if (view.getUint32(14, true) === 12) {
    return { width: view.getUint16(18, true), height: view.getUint16(20, true) };
  }
  const compression = view.getUint32(30, true);
  if (compression === COMPRESSION.jpeg || compression === COMPRESSION.png) {
    throw new SyntaxError("Cannot decode the BMP image: it wraps a file of another format");
  }
  return { width: view.getInt32(18, true), height: Math.abs(view.getInt32(22, true)) };
}

/**
 * Checks that every pixel is in the file, which then gets the right length in its header: ImageMagick refuses any
 * other, but writers set it to 0, or leave out bytes that they append. Throws a SyntaxError for a truncated file.
 */
function checkContent(view: DataView, bytes: Uint8Array): CheckedContent {
  const { width, height } = readHeader(view);
  const isCore = view.getUint32(14, true) === 12;
  const bits = view.getUint16(isCore ? 24 : 28, true);
  const compression = isCore ? 0 : view.getUint32(30, true);
  const start = Math.max(26, view.getUint32(10, true));
  const isRunLength = compression === COMPRESSION.rle8 || compression === COMPRESSION.rle4;
  const isWhole = isRunLength
    ? hasAllRuns(bytes.subarray(start), width, height, compression === COMPRESSION.rle4 ? 2 : 1)
    : start + height * 4 * Math.ceil(width * bits / 32) <= bytes.length;
  if (!isWhole) throw new SyntaxError("Cannot decode the BMP image: the file is truncated");
  const stated = view.getUint32(2, true);
  if (stated === bytes.length) return { bytes, oddities: [] };
  const copy = bytes.slice();
  new DataView(copy.buffer).setUint32(2, copy.length, true);
  return { bytes: copy, oddities: [`the header states ${stated} bytes instead of ${copy.length}`] };
}

/** Whether run-length encoded pixels reach their end mark, or fill the last row. */
function hasAllRuns(runs: Uint8Array, width: number, height: number, pixelsPerByte: 1 | 2): boolean {
  let x = 0;
  let y = 0;
  for (let at = 0; at + 2 <= runs.length;) {
    const count = runs[at]!;
    const value = runs[at + 1]!;
    at += 2;
    if (count > 0) x += count;
    else if (value === 0) [x, y] = [0, y + 1];
    else if (value === 1) return true;
    else if (value === 2) {
      if (at + 2 > runs.length) return false;
      [x, y] = [x + runs[at]!, y + runs[at + 1]!];
      at += 2;
    } else {
      const used = Math.ceil(value / pixelsPerByte);
      if (at + used > runs.length) return false;
      at += used + used % 2;
      x += value;
    }
    if (y >= height || (y === height - 1 && x >= width)) return true;
  }
  return false;
}
