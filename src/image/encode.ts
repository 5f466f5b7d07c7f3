/**
 * Encodes images. PNGs are written here, deterministically; JPEGs by ImageMagick.
 *
 * @module
 */
import { deflate } from "node:zlib";
import { promisify } from "node:util";
import type { Color } from "./draw.ts";
import type { Gray16Image, GrayImage, RgbImage } from "./image.ts";
import { PngEncoder } from "./png_encoder.ts";

const deflateAsync = promisify(deflate) as (
  bytes: Uint8Array,
  options: { level: number },
) => Promise<Uint8Array>;

const png = new PngEncoder((bytes) => deflateAsync(bytes, { level: 6 }));

/** Encodes a grayscale image as an 8-bit PNG, lossless. Throws a TypeError if `data` does not fit the size. */
export function encodeGrayPng(image: GrayImage): Promise<Uint8Array> {
  return png.gray(image);
}

/** Encodes 16-bit gray samples as a PNG, lossless. Throws a TypeError if `data` does not fit the size. */
export function encodeGray16Png(image: Gray16Image): Promise<Uint8Array> {
  return png.gray16(image);
}

/** Encodes a color image as an 8-bit RGB PNG, lossless. Throws a TypeError if `data` does not fit the size. */
export function encodeRgbPng(image: RgbImage): Promise<Uint8Array> {
  return png.rgb(image);
}

/**
 * Encodes indices of a palette of up to 256 colors as an 8-bit indexed PNG, lossless. Throws a TypeError if `data` does
 * not fit the size, a RangeError for a palette of another length or an index beyond it.
 */
export function encodeIndexedPng(image: GrayImage, palette: readonly Color[]): Promise<Uint8Array> {
  return png.indexed(image, palette);
}

/**
 * Encodes a color image as a JPEG with a `quality` from 1 to 100; an image without color gets a single channel.
 * Throws a RangeError for another quality.
 */
export async function encodeJpeg(image: RgbImage, quality: number): Promise<Uint8Array> {
  if (!(quality >= 1 && quality <= 100)) {
    throw new RangeError(`Cannot encode a JPEG of quality ${quality}: expected 1 to 100`);
  }
  // Loading ImageMagick takes 0.2 s, which programs that write PNGs need not pay.
  const [{ MagickFormat }, { startMagick, withMagickImage }] = await Promise.all([
    import("@imagemagick/magick-wasm"),
    import("./magick.ts"),
  ]);
  await startMagick();
  return withMagickImage(image, (wrapped) => {
    wrapped.quality = quality;
    return wrapped.write(MagickFormat.Jpeg, (bytes) => bytes.slice());
  });
}
