/**
 * JPEG: the segments of a file (ITU T.81, annex B).
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Size } from "../image.ts";
import { decodeBaselineJpeg, isDamagedBaseline } from "../jpeg_baseline.ts";
import { MAX_SCAN_PIXELS, MAX_SCANS } from "../limits.ts";
import { hasText, type ImageFormat, viewOf } from "./image_format.ts";

const MARKER = { endOfImage: 0xd9, startOfScan: 0xda, app1: 0xe1 };

/** JPEG, baseline and progressive. */
export const JPEG: ImageFormat = {
  name: "JPEG",
  endings: ["jpg", "jpeg"],
  matches: (bytes) => hasText(bytes, "\xff\xd8\xff"),
  readHeader,
  exifBlock,
  checkContent(view, bytes, { width, height }) {
    checkScans(view, width * height);
    return { bytes, oddities: [] };
  },
  decode: decodeBaselineJpeg,
  isHarmless,
  coders: ["JPEG"],
};

/** libjpeg's warnings that do not concern the pixels. */
const HARMLESS = /^(Warning: unknown JFIF revision number|Invalid SOS parameters for sequential JPEG)/;

/**
 * Bytes before a marker do no harm if none of them belongs to a pixel: between two segments, or behind the last bits
 * of a scan. Within a scan, before a restart marker, they mean that bits were misread; and so they may in a baseline
 * scan that our own, stricter decoder does not accept.
 */
function isHarmless(warning: string, bytes: Uint8Array): boolean {
  if (HARMLESS.test(warning)) return true;
  const marker = /^Corrupt JPEG data: \d+ extraneous bytes before marker 0x(..)/.exec(warning)?.[1];
  if (marker === undefined) return false;
  const code = parseInt(marker, 16);
  return (code < 0xd0 || code > 0xd7) && !(code === MARKER.endOfImage && isDamagedBaseline(bytes));
}

/** The size in the frame header. */
function readHeader(view: DataView): Size {
  for (const { marker, at } of segments(view)) {
    if (isFrame(marker)) return { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
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
  const coefficients = new Coefficients();
  for (const { marker, at } of segments(view)) {
    if (marker === MARKER.endOfImage) {
      if (coefficients.areComplete()) return;
      throw new SyntaxError("Cannot decode the JPEG image: it ends before its last scan");
    }
    if (isFrame(marker)) coefficients.addFrame(view, at, (marker & 3) === 2);
    if (marker === MARKER.startOfScan) {
      coefficients.addScan(view, at);
      if (++scans <= most) continue;
      throw new RangeError(`Cannot decode the JPEG image of ${pixels} pixels and more than ${most} scans`);
    }
  }
  throw new SyntaxError("Cannot decode the JPEG image: the file is truncated");
}

/** What scans store: of every component, 64 coefficients, whose lower bits may follow in later scans. */
class Coefficients {
  /** For each component, the lower bits of each coefficient that are still missing. */
  readonly #missing = new Map<number, Uint8Array>();
  #isProgressive = false;

  /** The frame header at `at` lists the components. */
  addFrame(view: DataView, at: number, isProgressive: boolean): void {
    this.#isProgressive = isProgressive;
    for (let i = 0; i < view.getUint8(at + 9); i++) {
      this.#missing.set(view.getUint8(at + 10 + 3 * i), new Uint8Array(64).fill(255));
    }
  }

  /** The scan header at `at` lists components and, if progressive, first and last coefficient and missing bits. */
  addScan(view: DataView, at: number): void {
    const count = view.getUint8(at + 4);
    const end = at + 5 + 2 * count;
    const first = view.getUint8(end);
    const last = view.getUint8(end + 1);
    for (let i = 0; i < count; i++) {
      const missing = this.#missing.get(view.getUint8(at + 5 + 2 * i));
      if (this.#isProgressive) missing?.fill(view.getUint8(end + 2) & 15, first, last + 1);
      else missing?.fill(0);
    }
  }

  areComplete(): boolean {
    return [...this.#missing.values()].every((missing) => missing.every((bits) => bits === 0));
  }
}

/** Whether a marker is SOF0 to SOF15, except DHT, JPG and DAC in between. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
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
