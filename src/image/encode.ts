/**
 * Encodes images. PNGs are written here, deterministically; JPEGs by ImageMagick.
 *
 * @module
 */
import { MagickFormat } from "@imagemagick/magick-wasm";
import { crc32, deflate } from "node:zlib";
import { promisify } from "node:util";
import { joinBytes } from "../bytes.ts";
import type { Color } from "./draw.ts";
import { assertImage, type GrayImage, type RgbImage } from "./image.ts";
import { startMagick, withMagickImage } from "./magick.ts";

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

/** PNG's color type by samples per pixel. */
const COLOR_TYPE = { 1: 0, 3: 2 } as const;

/** PNG's color type of indices into a palette. */
const INDEXED = 3;

const deflateAsync = promisify(deflate) as (
  bytes: Uint8Array,
  options: { level: number },
) => Promise<Uint8Array>;

/** Encodes a grayscale image as an 8-bit PNG, lossless. Throws a TypeError if `data` does not fit the size. */
export function encodeGrayPng(image: GrayImage): Promise<Uint8Array> {
  return encodePng(image, 1);
}

/** Encodes a color image as an 8-bit RGB PNG, lossless. Throws a TypeError if `data` does not fit the size. */
export function encodeRgbPng(image: RgbImage): Promise<Uint8Array> {
  return encodePng(image, 3);
}

/**
 * Encodes indices of a palette of up to 256 colors as an 8-bit indexed PNG, lossless. Throws a TypeError if `data` does
 * not fit the size, a RangeError for a palette of another length or an index beyond it.
 */
export async function encodeIndexedPng(
  image: GrayImage,
  palette: readonly Color[],
): Promise<Uint8Array> {
  if (palette.length < 1 || palette.length > 256) {
    throw new RangeError(`Cannot encode a PNG with a palette of ${palette.length} colors: expected 1 to 256`);
  }
  const beyond = image.data.find((index) => index >= palette.length);
  if (beyond !== undefined) {
    throw new RangeError(
      `Cannot encode a PNG with index ${beyond}: its palette has ${palette.length} colors`,
    );
  }
  return await encodePng(image, 1, palette);
}

/**
 * Encodes a color image as a JPEG with a `quality` from 1 to 100; an image without color gets a single channel.
 * Throws a RangeError for another quality.
 */
export async function encodeJpeg(image: RgbImage, quality: number): Promise<Uint8Array> {
  if (!(quality >= 1 && quality <= 100)) {
    throw new RangeError(`Cannot encode a JPEG of quality ${quality}: expected 1 to 100`);
  }
  await startMagick();
  return withMagickImage(image, (wrapped) => {
    wrapped.quality = quality;
    return wrapped.write(MagickFormat.Jpeg, (bytes) => bytes.slice());
  });
}

async function encodePng(
  image: GrayImage | RgbImage,
  channels: 1 | 3,
  palette?: readonly Color[],
): Promise<Uint8Array> {
  assertImage(image, channels, "encode a PNG");
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, image.width);
  header.setUint32(4, image.height);
  header.setUint8(8, 8);
  header.setUint8(9, palette ? INDEXED : COLOR_TYPE[channels]);
  return joinBytes([
    SIGNATURE,
    chunk("IHDR", new Uint8Array(header.buffer)),
    ...(palette ? [chunk("PLTE", Uint8Array.from(palette.flat()))] : []),
    chunk("IDAT", await deflateAsync(filterRows(image, channels), { level: 6 })),
    chunk("IEND", new Uint8Array(0)),
  ]);
}

/** Rows with their filter byte: "up" for color, whose rows resemble each other, "none" for grayscale and masks. */
function filterRows(image: GrayImage | RgbImage, channels: 1 | 3): Uint8Array {
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
    for (let i = 0; i < stride; i++) {
      rows[target + i] = (image.data[source + i] as number) - (image.data[source + i - stride] as number);
    }
  }
  return rows;
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
