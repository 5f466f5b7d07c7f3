/**
 * Images in memory: row-major samples, channels interleaved, no padding between rows.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Width and height in pixels. */
export interface Size {
  /** Pixels per row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
}

/** A color image: three bytes per pixel (red, green, blue). */
export interface RgbImage extends Size {
  /** `width * height * 3` bytes. */
  readonly data: Uint8Array;
}

/** A grayscale image: one byte per pixel, 0 black to 255 white. */
export interface GrayImage extends Size {
  /** `width * height` bytes. */
  readonly data: Uint8Array;
}

/** A grayscale image of 16 bits: one sample per pixel, 0 black to 65,535 white. */
export interface Gray16Image extends Size {
  /** `width * height` samples. */
  readonly data: Uint16Array;
}

/** Sample values: 8-bit, 16-bit or floating point. */
export type SampleData = Uint8Array | Uint16Array | Float32Array;

/** The sample values that become 0 and 1 before an image is normalized; `sample_range.ts` says which. */
export type SampleRange = readonly [low: number, high: number];

/** Distance between two rows and between two columns, in this order, in the unit of the caller's choice. */
export type Spacing = readonly [rows: number, columns: number];

/** An image as decoders return it and resizing takes it: any sample type, grayscale or RGB. */
export interface Raster<Data extends SampleData = SampleData> extends Size {
  /** Samples per pixel: 1 for grayscale, 3 for red, green and blue. */
  readonly channels: 1 | 3;
  /** `width * height * channels` samples. */
  readonly data: Data;
  /** Physical distance between pixel centers, if the file states it. */
  readonly spacing?: Spacing;
}

/** What a reader of an image file should know of it, although it was read. */
export interface ImageNote {
  /**
   * - `orientation`: the EXIF orientation is applied;
   * - `pages`: the file has further pages, which are not read;
   * - `levels`: samples of more than 8 bits that nearly all lie in a small part of their range;
   * - `oddity`: the file is irregular, but no pixel is missing;
   * - `appearance`: it does not look like what a model was trained on;
   * - `name`: its name differs from the listed one in its Unicode form.
   */
  readonly kind: "orientation" | "pages" | "levels" | "oddity" | "appearance" | "name";
  /** The details, the same for all images with the same ones: `only the first of 3 pages is read`. */
  readonly message: string;
}

/** The oddity of bytes that belong to no pixel, in words. */
export function describeSurplus(count: number): string {
  return count === 1 ? "1 byte follows the pixel data" : `${count} bytes follow the pixel data`;
}

/** A decoded image file. */
export interface DecodedRaster<R extends Size = Raster> {
  /** The image. */
  readonly raster: R;
  /** What the reader should know of it. */
  readonly notes: readonly ImageNote[];
}

/** An 8-bit {@linkcode Raster}. */
export type ByteRaster = Raster<Uint8Array>;

/** The sample value that becomes 1 when an image is scaled to 0..1; floating-point samples are taken as they are. */
export function fullScale(data: SampleData): number {
  if (data instanceof Uint8Array) return 0xff;
  return data instanceof Uint16Array ? 0xffff : 1;
}

/** An image as decoders return it, with all that is known of its samples. */
export interface SampleImage extends Raster {
  /** Bits per sample in the file, at least 8. */
  readonly bits: number;
  /** The sample values that would become 0 and 1 if this were the only image; null for 8-bit ones. */
  readonly range: SampleRange | null;
}

/** A raster with 8-bit samples: its range, by default its full scale, becomes 0 to 255; values beyond are clamped. */
export function toBytes(raster: Raster & { readonly range?: SampleRange | null }): ByteRaster {
  const { data } = raster;
  if (data instanceof Uint8Array) return { ...raster, data };
  const [low, high] = raster.range ?? [0, fullScale(data)];
  const factor = 0xff / (high - low);
  const bytes = Uint8ClampedArray.from(data, (value) => factor * (value - low));
  return { ...raster, data: new Uint8Array(bytes.buffer) };
}

/** One channel if all three are equal, else the image unchanged. */
export function dropColor({ width, height, data }: RgbImage): ByteRaster {
  for (let at = 0; at < data.length; at += 3) {
    if (data[at] !== data[at + 1] || data[at] !== data[at + 2]) return { width, height, channels: 3, data };
  }
  const gray = new Uint8Array(width * height);
  for (let i = 0; i < gray.length; i++) gray[i] = data[3 * i]!;
  return { width, height, channels: 1, data: gray };
}

/** A grayscale image as RGB, its channel repeated; an RGB image unchanged. */
export function repeatGray({ width, height, channels, data }: ByteRaster): RgbImage {
  if (channels === 3) return { width, height, data };
  const rgb = new Uint8Array(3 * data.length);
  for (let i = 0, at = 0; i < data.length; i++, at += 3) rgb[at] = rgb[at + 1] = rgb[at + 2] = data[i]!;
  return { width, height, data: rgb };
}

/** Throws a TypeError unless `image` has `channels` samples for each pixel, a RangeError for an invalid size. */
export function assertImage(
  image: Size & { readonly data: SampleData },
  channels: 1 | 3,
  action: string,
): void {
  assertSize(image, action);
  const { width, height, data } = image;
  const expected = width * height * channels;
  if (data.length !== expected) {
    throw new TypeError(
      `Cannot ${action}: ${width} x ${height} pixels need ${expected} samples, got ${data.length}`,
    );
  }
}

/** Throws a RangeError unless both sides are integers >= 1. */
export function assertSize({ width, height }: Size, action: string): void {
  if (!Number.isSafeInteger(width) || !Number.isSafeInteger(height) || width < 1 || height < 1) {
    throw new RangeError(
      `Cannot ${action}: invalid size ${width} x ${height}, expected integers >= 1`,
    );
  }
}
