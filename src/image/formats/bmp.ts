/**
 * BMP: BITMAPCOREHEADER (12 bytes), or BITMAPINFOHEADER and its successors.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { LabelImage } from "../label_image.ts";
import { type CheckedContent, type FormatHeader, hasText, type ImageFormat, viewOf } from "./image_format.ts";

/** BMP, all header versions. */
export const BMP: ImageFormat = {
  name: "BMP",
  endings: ["bmp"],
  matches: (bytes) => hasText(bytes, "BM") && bytes.length >= 26,
  readHeader,
  checkContent,
  decodeLabels,
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

/** The palette indices of an image of 1, 4 or 8 bits per pixel that is not compressed; null for any other. */
function decodeLabels(bytes: Uint8Array): LabelImage | null {
  const view = viewOf(bytes);
  const { width, height } = readHeader(view);
  const headerBytes = view.getUint32(14, true);
  const isCore = headerBytes === 12;
  const bits = view.getUint16(isCore ? 24 : 28, true);
  if (![1, 4, 8].includes(bits) || (!isCore && view.getUint32(30, true) !== 0)) return null;
  checkContent(view, bytes);
  const start = Math.max(26, view.getUint32(10, true));
  const stated = isCore ? 0 : view.getUint32(46, true);
  const colorBytes = isCore ? 3 : 4;
  const colors = bytes.subarray(
    14 + headerBytes,
    Math.min(start, 14 + headerBytes + colorBytes * (stated || 1 << bits)),
  );
  const palette = new Uint8Array(3 * Math.min(1 << bits, Math.floor(colors.length / colorBytes)));
  for (let i = 0, at = 0; i < palette.length; i += 3, at += colorBytes) {
    palette.set([colors[at + 2]!, colors[at + 1]!, colors[at]!], i);
  }
  const rowBytes = 4 * Math.ceil(width * bits / 32);
  const isTopDown = !isCore && view.getInt32(22, true) < 0;
  const data = new Uint8Array(width * height);
  const mask = (1 << bits) - 1;
  for (let y = 0; y < height; y++) {
    const row = start + (isTopDown ? y : height - 1 - y) * rowBytes;
    for (let x = 0; x < width; x++) {
      data[y * width + x] = bytes[row + (x * bits >> 3)]! >> (8 - bits - (x * bits & 7)) & mask;
    }
  }
  return { kind: "index", bits, width, height, data, palette, notes: [] };
}
