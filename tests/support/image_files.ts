/**
 * Handmade images and PNG files.
 *
 * @module
 */
import { crc32, deflateSync } from "node:zlib";
import { joinBytes } from "../../src/bytes.ts";
import type { RgbImage } from "../../src/image/image.ts";

/** A PNG chunk with its length and CRC. */
export function pngChunk(type: string, content: Uint8Array): Uint8Array {
  const body = joinBytes([new TextEncoder().encode(type), content]);
  return joinBytes([uint32(content.length), body, uint32(crc32(body))]);
}

/** A PNG whose header claims a size, with `bytes` deflated zeros as pixels. */
export function pngClaiming(
  width: number,
  height: number,
  { bytes = 64, bitDepth = 8, colorType = 0, extra = [] as Uint8Array[] } = {},
): Uint8Array {
  return joinBytes([
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    pngChunk(
      "IHDR",
      joinBytes([uint32(width), uint32(height), Uint8Array.of(bitDepth, colorType, 0, 0, 0)]),
    ),
    ...extra,
    pngChunk("IDAT", deflateSync(new Uint8Array(bytes))),
    pngChunk("IEND", new Uint8Array(0)),
  ]);
}

/** Four bytes, big-endian. */
export function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** An image of one color. */
export function plain(width: number, height: number, color: readonly number[]): RgbImage {
  return {
    width,
    height,
    data: Uint8Array.from({ length: width * height * 3 }, (_, i) => color[i % 3] ?? 0),
  };
}

/** The three values of a pixel. */
export function pixel(image: RgbImage, x: number, y: number): number[] {
  return [...image.data.subarray(3 * (y * image.width + x), 3 * (y * image.width + x) + 3)];
}
