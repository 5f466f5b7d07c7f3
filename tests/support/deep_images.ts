/**
 * Handmade grayscale files of more than 8 bits.
 *
 * @module
 */
import { deflateSync } from "node:zlib";
import { joinBytes } from "../../src/bytes.ts";
import { pngChunk, uint32 } from "./image_files.ts";

/** A 16-bit PNG with the values of a position's function. */
export function deepPng(width: number, height: number, value: (x: number, y: number) => number): Uint8Array {
  const rows = new DataView(new ArrayBuffer(height * (1 + 2 * width)));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) rows.setUint16(y * (1 + 2 * width) + 1 + 2 * x, value(x, y));
  }
  return joinBytes([
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    pngChunk("IHDR", joinBytes([uint32(width), uint32(height), Uint8Array.of(16, 0, 0, 0, 0)])),
    pngChunk("IDAT", deflateSync(new Uint8Array(rows.buffer))),
    pngChunk("IEND", new Uint8Array(0)),
  ]);
}

/** A 32-bit floating-point TIFF of one strip, with the values of a position's function. */
export function floatTiff(
  width: number,
  height: number,
  value: (x: number, y: number) => number,
): Uint8Array {
  const fields = [[256, width], [257, height], [258, 32], [259, 1], [262, 1], [273, 0], [277, 1], [
    278,
    height,
  ], [
    279,
    4 * width * height,
  ], [339, 3]] as const;
  const start = 8 + 2 + 12 * fields.length + 4;
  const view = new DataView(new ArrayBuffer(start + 4 * width * height));
  view.setUint32(0, 0x49492a00);
  view.setUint32(4, 8, true);
  view.setUint16(8, fields.length, true);
  for (const [i, [tag, number]] of fields.entries()) {
    view.setUint16(10 + 12 * i, tag, true);
    view.setUint16(12 + 12 * i, 4, true);
    view.setUint32(14 + 12 * i, 1, true);
    view.setUint32(18 + 12 * i, tag === 273 ? start : number, true);
  }
  for (let i = 0; i < width * height; i++) {
    view.setFloat32(start + 4 * i, value(i % width, Math.floor(i / width)), true);
  }
  return new Uint8Array(view.buffer);
}
