/**
 * JPEG: the segments of a file (ITU T.81, annex B).
 *
 * @module
 */
import type { Size } from "../image.ts";
import { decodeBaselineJpeg } from "../jpeg_baseline.ts";
import { MAX_SCAN_PIXELS, MAX_SCANS } from "../limits.ts";
import { hasText, type ImageFormat, viewOf } from "./image_format.ts";

const MARKER = { endOfImage: 0xd9, startOfScan: 0xda, app1: 0xe1 };

/** JPEG, baseline and progressive. */
export const JPEG: ImageFormat = {
  name: "JPEG",
  endings: ["jpg", "jpeg"],
  matches: (bytes) => hasText(bytes, "\xff\xd8\xff"),
  readSize,
  exifBlock,
  checkContent(view, bytes, { width, height }) {
    checkScans(view, width * height);
    return bytes;
  },
  decode: (bytes, orientation) => orientation === 1 ? decodeBaselineJpeg(bytes) : null,
  coders: ["JPEG"],
};

/** The size in the frame header. */
function readSize(view: DataView): Size {
  for (const { marker, at } of segments(view)) {
    // SOF0 to SOF15, except DHT, JPG and DAC in between.
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) return { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
  }
  throw new SyntaxError("Cannot decode the JPEG image: it has no frame");
}

/**
 * Counts the scans. Throws a RangeError for too many (each, even of a few bytes, passes over the whole image), and
 * a SyntaxError for a file without an end: decoders fill the missing part with gray.
 */
function checkScans(view: DataView, pixels: number): void {
  const most = Math.min(MAX_SCANS, Math.floor(MAX_SCAN_PIXELS / pixels));
  let scans = 0;
  for (const { marker } of segments(view)) {
    if (marker === MARKER.endOfImage) return;
    if (marker === MARKER.startOfScan && ++scans > most) {
      throw new RangeError(`Cannot decode the JPEG image of ${pixels} pixels and more than ${most} scans`);
    }
  }
  throw new SyntaxError("Cannot decode the JPEG image: the file is truncated");
}

/** The markers that begin a segment, and the end of the image; entropy-coded data in between is skipped. */
function* segments(view: DataView): Generator<{ marker: number; at: number }> {
  let at = 2;
  while (at + 1 < view.byteLength) {
    const marker = view.getUint8(at + 1);
    if (view.getUint8(at) !== 0xff || marker === 0xff) {
      at++;
    } else if (marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd8)) {
      at += 2; // a stuffed zero, or a marker without a length
    } else {
      yield { marker, at };
      if (marker === MARKER.endOfImage) return;
      at += 2 + view.getUint16(at + 2);
    }
  }
}

/** The first APP1 segment that begins with "Exif" and two zeros. The search ends where the scan begins. */
function exifBlock(bytes: Uint8Array): Uint8Array | null {
  const view = viewOf(bytes);
  for (let at = 2; at + 10 <= bytes.length && bytes[at] === 0xff && bytes[at + 1] !== MARKER.startOfScan;) {
    const length = view.getUint16(at + 2);
    if (bytes[at + 1] === MARKER.app1 && hasText(bytes, "Exif", at + 4)) {
      return bytes.subarray(at + 10, at + 2 + length);
    }
    at += 2 + length;
  }
  return null;
}
