/**
 * The mask that annotations are drawn into and that predictions give.
 *
 * @module
 */

/** Which pixels belong to a tumor: row-major, one byte a pixel, 0 or 1. */
export interface Mask {
  /** Pixels in a row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** `width * height` bytes, each 0 or 1. */
  readonly data: Uint8Array;
}

/**
 * Most pixels of one mask (2^26, for instance 8192 x 8192). Sizes come from untrusted files: a few bytes may
 * claim billions of pixels.
 */
export const MAX_MASK_PIXELS = 2 ** 26;

/** An empty mask. Throws a RangeError unless both sides are positive whole numbers of at most 2^26 pixels in all. */
export function createMask(size: { width: number; height: number }): Mask {
  const { width, height } = size;
  const fault = maskSizeFault(width, height);
  if (fault !== null) throw new RangeError(`Cannot make a mask of ${width} x ${height}: ${fault}`);
  return { width, height, data: new Uint8Array(width * height) };
}

/** What is wrong with a size that a file claims, or null if nothing is. */
export function maskSizeFault(width: unknown, height: unknown): string | null {
  if (!Number.isInteger(width) || !Number.isInteger(height) || Number(width) < 1 || Number(height) < 1) {
    return "both sides must be positive whole numbers";
  }
  return Number(width) * Number(height) > MAX_MASK_PIXELS
    ? `more than ${MAX_MASK_PIXELS.toLocaleString("en-US")} pixels`
    : null;
}
