/**
 * Images in memory: 8-bit samples, row after row, nothing between the rows.
 *
 * @module
 */

/** A colour image: row-major, three bytes a pixel (red, green, blue). */
export interface RgbImage {
  /** Pixels in a row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** `width * height * 3` bytes. */
  readonly data: Uint8Array;
}

/** A grey image: row-major, one byte a pixel, 0 black to 255 white. */
export interface GrayImage {
  /** Pixels in a row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** `width * height` bytes. */
  readonly data: Uint8Array;
}

/** An image of either kind. */
export interface Pixels {
  /** Pixels in a row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** Bytes a pixel: 1 for grey, 3 for red, green and blue. */
  readonly channels: 1 | 3;
  /** `width * height * channels` bytes. */
  readonly data: Uint8Array;
}

/** Width and height in pixels. */
export interface Size {
  /** Pixels in a row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
}

/** Throws a TypeError unless `image` has whole positive sides and `channels` bytes for each of its pixels. */
export function assertImage(image: RgbImage | GrayImage, channels: 1 | 3, action: string): void {
  assertSize(image, action);
  const { width, height, data } = image;
  if (data.length !== width * height * channels) {
    throw new TypeError(
      `Cannot ${action}: ${width} x ${height} pixels need ${
        width * height * channels
      } bytes, not ${data.length}`,
    );
  }
}

/** Throws a RangeError unless both sides are positive whole numbers. */
export function assertSize({ width, height }: Size, action: string): void {
  if (!Number.isSafeInteger(width) || !Number.isSafeInteger(height) || width < 1 || height < 1) {
    throw new RangeError(
      `Cannot ${action}: a size of ${width} x ${height} is not made of positive whole numbers`,
    );
  }
}
