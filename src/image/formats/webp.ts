/**
 * WebP: a RIFF container whose first chunk is VP8 (lossy), VP8L (lossless) or VP8X (extended).
 *
 * This module is browser compatible.
 *
 * @module
 */
import { type FormatHeader, hasText, type ImageFormat, viewOf } from "./image_format.ts";

/** WebP, still images only. */
export const WEBP: ImageFormat = {
  name: "WebP",
  endings: ["webp"],
  matches: (bytes) => hasText(bytes, "RIFF") && hasText(bytes, "WEBP", 8),
  readHeader,
  exifBlock,
  coders: ["WEBP"],
};

function readHeader(view: DataView, bytes: Uint8Array): FormatHeader {
  if (view.getUint32(4, true) + 8 > bytes.length) {
    throw new SyntaxError("Cannot decode the WebP image: the file is truncated");
  }
  if (hasText(bytes, "VP8 ", 12)) {
    return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
  }
  if (hasText(bytes, "VP8L", 12)) {
    const packed = view.getUint32(21, true);
    return { width: (packed & 0x3fff) + 1, height: ((packed >>> 14) & 0x3fff) + 1 };
  }
  if (hasText(bytes, "VP8X", 12)) {
    if ((view.getUint8(20) & 0x02) !== 0) {
      throw new SyntaxError("Cannot decode the WebP image: it is an animation");
    }
    const uint24 = (at: number) => view.getUint16(at, true) + 65536 * view.getUint8(at + 2);
    return { width: uint24(24) + 1, height: uint24(27) + 1 };
  }
  throw new SyntaxError("Cannot decode the WebP image: the type of its first chunk is unknown");
}

/** The EXIF chunk; chunks are padded to even lengths. */
function exifBlock(bytes: Uint8Array): Uint8Array | null {
  const view = viewOf(bytes);
  for (let at = 12; at + 8 <= bytes.length;) {
    const length = view.getUint32(at + 4, true);
    if (hasText(bytes, "EXIF", at)) {
      const start = at + (hasText(bytes, "Exif", at + 8) ? 14 : 8);
      return bytes.subarray(start, at + 8 + length);
    }
    at += 8 + length + length % 2;
  }
  return null;
}
