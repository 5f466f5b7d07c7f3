/**
 * The segments of a JPEG file (ITU T.81, annex B).
 *
 * @module
 */
import { MAX_SCAN_PIXELS, MAX_SCANS } from "./limits.ts";

const MARKER = { endOfImage: 0xd9, startOfScan: 0xda };

/** The size in the frame's header. Throws a SyntaxError where there is none. */
export function readJpegHeader(view: DataView): { width: number; height: number } {
  for (const { marker, at } of segments(view)) {
    // SOF0 to SOF15, between which DHT, JPG and DAC lie.
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) return { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
  }
  throw new SyntaxError("Cannot decode the JPEG image: it has no frame");
}

/**
 * Counts the scans of an image of so many pixels. Throws a RangeError where they are too many (each of them,
 * of a few bytes perhaps, passes over the whole image), and a SyntaxError for a file that does not come to an
 * end: decoders fill the missing part with grey.
 */
export function checkJpegScans(view: DataView, pixels: number): void {
  const most = Math.min(MAX_SCANS, Math.floor(MAX_SCAN_PIXELS / pixels));
  let scans = 0;
  for (const { marker } of segments(view)) {
    if (marker === MARKER.endOfImage) return;
    if (marker === MARKER.startOfScan && ++scans > most) {
      throw new RangeError(`Cannot decode the JPEG image of ${pixels} pixels and more than ${most} scans`);
    }
  }
  throw new SyntaxError("Cannot decode the JPEG image: it is cut short");
}

/** All markers that begin a segment, and the end of the image; what lies between segments is passed over. */
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
