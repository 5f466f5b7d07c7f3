/**
 * What a picture file may ask for. The headers are held to these before any decoder runs, and ImageMagick is
 * given them too: with its own limits, a PNG of 61 kB took 42 seconds and 7.4 GB.
 *
 * @module
 */

/** Most pixels in a row, and most rows. */
export const MAX_SIDE = 8192;

/** Most pixels of a picture. */
export const MAX_PIXELS = 32_000_000;

/** Largest file, in bytes; an uncompressed 16-bit picture of {@linkcode MAX_PIXELS} with four channels fits. */
export const MAX_FILE_BYTES = 2 ** 28;

/** Most scans of a progressive JPEG. Encoders write about ten; each one passes over the whole picture. */
export const MAX_SCANS = 64;
