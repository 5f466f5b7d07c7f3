/**
 * Writes PNGs, compressed by what the runtime offers.
 * This module is browser compatible.
 *
 * @module
 */
import { joinBytes } from "../bytes.ts";
import { crc32 } from "../crc32.ts";
import type { Color } from "./draw.ts";
import { assertImage, type Gray16Image, type GrayImage, type RgbImage, type Size } from "./image.ts";

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

/** PNG's color type by samples per pixel. */
const COLOR_TYPE = { 1: 0, 3: 2 } as const;

/** PNG's color type of indices into a palette. */
const INDEXED = 3;

/** Compresses bytes to a zlib stream. */
export type Deflate = (bytes: Uint8Array<ArrayBuffer>) => Promise<Uint8Array>;

/** Encodes images as PNGs; the same image gives the same bytes as long as the compression does. */
export class PngEncoder {
  readonly #deflate: Deflate;

  /** With this compression. */
  constructor(deflate: Deflate) {
    this.#deflate = deflate;
  }

  /** A grayscale image as an 8-bit PNG. Throws a TypeError if `data` does not fit the size. */
  async gray(image: GrayImage): Promise<Uint8Array<ArrayBuffer>> {
    return await this.#encode(image, 1);
  }

  /** A color image as an 8-bit RGB PNG. Throws a TypeError if `data` does not fit the size. */
  async rgb(image: RgbImage): Promise<Uint8Array<ArrayBuffer>> {
    return await this.#encode(image, 3);
  }

  /** 16-bit gray samples as a PNG. Throws a TypeError if `data` does not fit the size. */
  async gray16(image: Gray16Image): Promise<Uint8Array<ArrayBuffer>> {
    assertImage(image, 1, "encode a PNG");
    return await this.#pack(image, { bits: 16, colorType: COLOR_TYPE[1], rows: rowsOf16(image) });
  }

  /**
   * Indices of a palette of up to 256 colors as an 8-bit indexed PNG. Throws a TypeError if `data` does not fit the size,
   * a RangeError for a palette of another length or an index beyond it.
   */
  async indexed(image: GrayImage, palette: readonly Color[]): Promise<Uint8Array<ArrayBuffer>> {
    if (palette.length < 1 || palette.length > 256) {
      throw new RangeError(
        `Cannot encode a PNG with a palette of ${palette.length} colors: expected 1 to 256`,
      );
    }
    const beyond = image.data.find((index) => index >= palette.length);
    if (beyond !== undefined) {
      throw new RangeError(
        `Cannot encode a PNG with index ${beyond}: its palette has ${palette.length} colors`,
      );
    }
    return await this.#encode(image, 1, palette);
  }

  async #encode(
    image: GrayImage | RgbImage,
    channels: 1 | 3,
    palette?: readonly Color[],
  ): Promise<Uint8Array<ArrayBuffer>> {
    assertImage(image, channels, "encode a PNG");
    const colorType = palette ? INDEXED : COLOR_TYPE[channels];
    return await this.#pack(image, { bits: 8, colorType, rows: filterRows(image, channels), palette });
  }

  async #pack(
    { width, height }: Size,
    { bits, colorType, rows, palette }: PngContent,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const header = new DataView(new ArrayBuffer(13));
    header.setUint32(0, width);
    header.setUint32(4, height);
    header.setUint8(8, bits);
    header.setUint8(9, colorType);
    return joinBytes([
      SIGNATURE,
      chunk("IHDR", new Uint8Array(header.buffer)),
      ...(palette ? [chunk("PLTE", Uint8Array.from(palette.flat()))] : []),
      chunk("IDAT", await this.#deflate(rows)),
      chunk("IEND", new Uint8Array(0)),
    ]);
  }
}

/** The samples of a PNG, and how they are stored. */
interface PngContent {
  readonly bits: 8 | 16;
  readonly colorType: number;
  /** Rows with their filter byte. */
  readonly rows: Uint8Array<ArrayBuffer>;
  readonly palette?: readonly Color[] | undefined;
}

/** Rows of 16-bit samples, high byte first, without a filter. */
function rowsOf16({ width, height, data }: Gray16Image): Uint8Array<ArrayBuffer> {
  const rows = new Uint8Array((2 * width + 1) * height);
  for (let y = 0, at = 0, to = 0; y < height; y++) {
    to++;
    for (let x = 0; x < width; x++, at++) {
      rows[to++] = data[at]! >> 8;
      rows[to++] = data[at]! & 0xff;
    }
  }
  return rows;
}

/** Rows with their filter byte: "up" for color, whose rows resemble each other, "none" for grayscale and masks. */
function filterRows(image: GrayImage | RgbImage, channels: 1 | 3): Uint8Array<ArrayBuffer> {
  const stride = image.width * channels;
  const rows = new Uint8Array((stride + 1) * image.height);
  for (let y = 0; y < image.height; y++) {
    const source = y * stride;
    const target = y * (stride + 1) + 1;
    if (channels === 1 || y === 0) {
      rows.set(image.data.subarray(source, source + stride), target);
      continue;
    }
    rows[target - 1] = 2;
    subtractAbove(rows, target, image.data, source, stride);
  }
  return rows;
}

/** A function of its own: within the loop over rows it took ten times as long until it was optimized. */
function subtractAbove(
  rows: Uint8Array,
  target: number,
  data: Uint8Array,
  source: number,
  stride: number,
): void {
  for (let i = 0; i < stride; i++) rows[target + i] = data[source + i]! - data[source + i - stride]!;
}

function chunk(type: string, content: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(content.length + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, content.length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = type.charCodeAt(i);
  bytes.set(content, 8);
  view.setUint32(content.length + 8, crc32(bytes.subarray(4, content.length + 8)));
  return bytes;
}
