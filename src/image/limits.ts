/**
 * Limits of image files, checked against the header before any decoder runs and passed to ImageMagick too: with its
 * own limits, a PNG of 61 kB took 42 seconds and 7.4 GB.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Most pixels per row, and most rows. */
export const MAX_SIDE = 8192;

/** Most pixels of an image. */
export const MAX_PIXELS = 32_000_000;

/** Most bytes of a file, and of a PNG's inflated samples. */
export const MAX_BYTES = 2 ** 27;

/** Most scans of a progressive JPEG; encoders write about ten. */
export const MAX_SCANS = 64;

/** Most pixels times scans of a progressive JPEG; this many take about a second. */
export const MAX_SCAN_PIXELS = 2 ** 29;

/** Longest time to decode an image, in seconds; the largest allowed images take about two. */
export const DECODE_SECONDS = 15;

/** A Worker that decoded more pixels than this is replaced, since its memory never shrinks. */
export const LARGE_PIXELS = 8_000_000;

/** Throws a RangeError for a file beyond {@linkcode MAX_BYTES}. */
export function assertFileSize(byteLength: number): void {
  if (byteLength > MAX_BYTES) {
    throw new RangeError(`Cannot decode an image file of ${byteLength} bytes: at most ${MAX_BYTES}`);
  }
}

/**
 * Throws a SyntaxError for an empty image, and a RangeError for one beyond {@linkcode MAX_SIDE} or
 * {@linkcode MAX_PIXELS}. `format` is for the message.
 */
export function assertImageSize(format: string, width: number, height: number): void {
  if (width < 1 || height < 1) {
    throw new SyntaxError(`Cannot decode the ${format} image: its header says ${width} x ${height} pixels`);
  }
  if (width > MAX_SIDE || height > MAX_SIDE || width * height > MAX_PIXELS) {
    throw new RangeError(
      `Cannot decode the ${format} image of ${width} x ${height} pixels: ` +
        `at most ${MAX_SIDE} per side and ${MAX_PIXELS} in total`,
    );
  }
}
