/**
 * PNG: the chunks of a file (PNG 1.2, section 4), decoded here: the same pixels in Deno and in browsers.
 * This module is browser compatible.
 *
 * @module
 */
import { joinBytes } from "../../bytes.ts";
import { crc32 } from "../../crc32.ts";
import { inflateZlib } from "../../zlib_stream.ts";
import { type DecodedRaster, describeSurplus, dropColor, type ImageNote, type Size } from "../image.ts";
import type { LabelImage } from "../label_image.ts";
import { MAX_BYTES } from "../limits.ts";
import { countPngBytes, type PngLayout, readPngSamples } from "../png_samples.ts";
import { type FormatHeader, hasText, type ImageFormat, viewOf } from "./image_format.ts";

/** The first bytes of every PNG file. */
const SIGNATURE = "\x89PNG\r\n\x1a\n";

/** The chunks that count, by their letters as a number. */
const TYPE = {
  IHDR: 0x49484452,
  PLTE: 0x504c5445,
  IDAT: 0x49444154,
  IEND: 0x49454e44,
  eXIf: 0x65584966,
  acTL: 0x6163544c,
};

/** The color type whose samples are indices of a palette. */
const PALETTE = 3;

/**
 * Most bytes that may follow the samples: a row too many is harmless, but an image of 4 x 4 pixels may carry
 * gigabytes of zeros, which a decoder would inflate.
 */
const MAX_SURPLUS = 2 ** 17;

/** Samples per pixel of each color type: grayscale, RGB, palette, gray and alpha, RGB and alpha. */
const SAMPLES: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** PNG. */
export const PNG: ImageFormat = {
  name: "PNG",
  endings: ["png"],
  matches: (bytes) => hasText(bytes, SIGNATURE),
  readHeader,
  exifBlock,
  decode,
  decodeLabels,
  coders: [],
};

/** What the first chunk says, and the frames of an animation. */
function readHeader(view: DataView, bytes: Uint8Array): FormatHeader {
  const { width, height } = readSize(view);
  return { width, height, bits: view.getUint8(24), pages: countFrames(view, bytes) };
}

/** The frames that an animation announces ahead of its pixels. */
function countFrames(view: DataView, bytes: Uint8Array): number {
  for (const { type, start, end } of chunksOf(bytes)) {
    if (type === TYPE.acTL && end >= start + 16) return view.getUint32(start + 8);
    if (type === TYPE.IDAT) return 1;
  }
  return 1;
}

/** The size in the first chunk. */
function readSize(view: DataView): Size {
  if (view.getUint32(8) !== 13 || view.getUint32(12) !== TYPE.IHDR) {
    throw new SyntaxError("Cannot decode the PNG image: the file does not begin with a header chunk");
  }
  return { width: view.getUint32(16), height: view.getUint32(20) };
}

/** A chunk of a file; a file may have a million of them. */
interface Chunk {
  /** Its four letters as a number. */
  readonly type: number;
  /** Where its length begins. */
  readonly start: number;
  /** Where the next chunk begins. */
  readonly end: number;
}

/** The chunks up to the end mark; one that the file does not hold completely throws a SyntaxError. */
function* chunksOf(bytes: Uint8Array): Generator<Chunk> {
  const view = viewOf(bytes);
  for (let start = 8, type = 0; type !== TYPE.IEND;) {
    const end = start + 12 + view.getUint32(start);
    if (end > bytes.length) {
      const letters = String.fromCharCode(...bytes.subarray(start + 4, start + 8));
      throw new SyntaxError(
        `Cannot decode the PNG image: the file ends within its ${JSON.stringify(letters)} chunk`,
      );
    }
    type = view.getUint32(start + 4);
    yield { type, start, end };
    start = end;
  }
}

function contentOf(bytes: Uint8Array, { start, end }: Chunk): Uint8Array {
  return bytes.subarray(start + 8, end - 4);
}

function isSound(bytes: Uint8Array, { start, end }: Chunk): boolean {
  return crc32(bytes.subarray(start + 4, end - 4)) === viewOf(bytes).getUint32(end - 4);
}

/** The block of an eXIf chunk; null if it is damaged. Some writers begin it as JPEG files do. */
function exifOf(bytes: Uint8Array, chunk: Chunk): Uint8Array | null {
  if (!isSound(bytes, chunk)) return null;
  const content = contentOf(bytes, chunk);
  const block = content.subarray(hasText(content, "Exif\0\0") ? 6 : 0);
  return hasText(block, "II*\0") || hasText(block, "MM\0*") ? block : null;
}

/** The first eXIf chunk's block. */
function exifBlock(bytes: Uint8Array): Uint8Array | null {
  for (const chunk of chunksOf(bytes)) if (chunk.type === TYPE.eXIf) return exifOf(bytes, chunk);
  return null;
}

/** The parts of a file that count. */
interface Content {
  /** Red, green and blue of each color; null for an image without a palette. */
  readonly palette: Uint8Array | null;
  /** The samples with their filters, {@linkcode countPngBytes} bytes. */
  readonly samples: Uint8Array;
  /** What is wrong without consequence. */
  readonly oddities: readonly string[];
}

/**
 * Reads every chunk and inflates the samples. Throws a SyntaxError if the file is truncated, or its pixel data is
 * damaged, too short or far too long, and a RangeError for more samples than the limits allow. Texts and profiles, which
 * may inflate to any length, are not read.
 */
function readContent(view: DataView, bytes: Uint8Array): Content {
  let palette: Uint8Array | null = null;
  const data: Uint8Array[] = [];
  const oddities = new Set<string>();
  for (const chunk of chunksOf(bytes)) {
    const { type, start, end } = chunk;
    const isPalette = type === TYPE.PLTE && palette === null && data.length === 0;
    if (type === TYPE.IHDR || isPalette) {
      if (!isSound(bytes, chunk)) {
        throw new SyntaxError(
          `Cannot decode the PNG image: its ${isPalette ? "palette" : "header"} is damaged`,
        );
      }
      if (isPalette) palette = contentOf(bytes, chunk);
    } else if (type === TYPE.eXIf && oddities.size === 0 && exifOf(bytes, chunk) === null) {
      oddities.add("the eXIf chunk is damaged and not used");
    } else if (type === TYPE.IDAT && end > start + 12) {
      if (!isSound(bytes, chunk)) {
        throw new SyntaxError("Cannot decode the PNG image: its pixel data is damaged");
      }
      data.push(contentOf(bytes, chunk));
    }
  }
  const sampleBytes = countPngBytes(layoutOf(view));
  if (sampleBytes > MAX_BYTES) {
    throw new RangeError(
      `Cannot decode the PNG image of ${sampleBytes} bytes of samples: at most ${MAX_BYTES}`,
    );
  }
  const pixels = joinBytes(data);
  const { samples, consumed } = inflate(pixels, sampleBytes);
  const surplus = samples.length > sampleBytes ? samples.length - sampleBytes : pixels.length - consumed;
  if (surplus > 0) oddities.add(describeSurplus(surplus));
  return { palette, samples: samples.subarray(0, sampleBytes), oddities: [...oddities] };
}

/** How the samples are stored, by the header; colors of an unknown type have no channels. */
function layoutOf(view: DataView): PngLayout {
  return {
    ...readSize(view),
    bits: view.getUint8(24),
    channels: SAMPLES[view.getUint8(25)] ?? 0,
    interlaced: view.getUint8(28) !== 0,
  };
}

/** Bits per sample that go with each color type. */
const BITS: Record<number, readonly number[]> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};

/** The samples as stored, and what is wrong without consequence. Throws like {@linkcode readContent}. */
function readStored(bytes: Uint8Array) {
  const view = viewOf(bytes);
  const layout = layoutOf(view);
  const colorType = view.getUint8(25);
  const isKnown = BITS[colorType]?.includes(layout.bits) && view.getUint8(26) === 0 &&
    view.getUint8(27) === 0 && view.getUint8(28) <= 1;
  if (!isKnown) {
    throw new SyntaxError(
      `Cannot decode the PNG image: its header has color type ${colorType} of ${layout.bits} bits, which is undefined`,
    );
  }
  const { palette, samples, oddities } = readContent(view, bytes);
  if (colorType === PALETTE && palette === null) {
    throw new SyntaxError("Cannot decode the PNG image: its palette is missing");
  }
  const notes = oddities.map((message): ImageNote => ({ kind: "oddity", message }));
  return { layout, colorType, palette, stored: readPngSamples(samples, layout), notes };
}

/** Gray or RGB samples of 8 or 16 bits. An alpha channel is dropped. */
function decode(bytes: Uint8Array): DecodedRaster {
  const { layout: { width, height, bits, channels }, colorType, palette, stored, notes } = readStored(bytes);
  if (colorType === PALETTE) {
    const data = lookUp(stored as Uint8Array, palette!);
    return { raster: dropColor({ width, height, data }), notes };
  }
  const count = channels < 3 ? 1 : 3;
  const data = count === channels ? stored : firstOf(stored, channels, count);
  if (data instanceof Uint16Array) return { raster: { width, height, channels: count, data }, notes };
  if (bits < 8) {
    const factor = 255 / (2 ** bits - 1);
    for (let i = 0; i < data.length; i++) data[i]! *= factor;
  }
  return {
    raster: count === 3 ? dropColor({ width, height, data }) : { width, height, channels: 1, data },
    notes,
  };
}

/** The first `count` of each pixel's `channels` samples. */
function firstOf<Data extends Uint8Array | Uint16Array>(stored: Data, channels: number, count: number): Data {
  const pixels = stored.length / channels;
  const data = new (stored.constructor as new (length: number) => Data)(pixels * count);
  for (let i = 0, from = 0; i < data.length; from += channels) {
    for (let channel = 0; channel < count; channel++) data[i++] = stored[from + channel]!;
  }
  return data;
}

/** The colors of palette indices. */
function lookUp(indices: Uint8Array, palette: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(3 * indices.length);
  for (let i = 0, to = 0; i < indices.length; i++) {
    const from = 3 * indices[i]!;
    if (from + 3 > palette.length) {
      throw new SyntaxError(
        `Cannot decode the PNG image: a pixel has color ${from / 3} of ${palette.length / 3}, counted from 0`,
      );
    }
    rgb[to++] = palette[from]!;
    rgb[to++] = palette[from + 1]!;
    rgb[to++] = palette[from + 2]!;
  }
  return rgb;
}

/** The samples as stored, of any bit depth. */
function decodeLabels(bytes: Uint8Array): LabelImage {
  const { layout, colorType, palette, stored, notes } = readStored(bytes);
  const { width, height, bits, channels } = layout;
  const image = { width, height, bits, notes };
  if (colorType === PALETTE) {
    return { ...image, kind: "index", data: stored, palette: palette!.slice() };
  }
  if (channels === 2) return { ...image, kind: "rgba", data: repeatFirst(stored) };
  return { ...image, kind: channels === 1 ? "grey" : channels === 3 ? "rgb" : "rgba", data: stored };
}

/** Gray and alpha as red, green, blue and alpha. */
function repeatFirst<Data extends Uint8Array | Uint16Array>(pairs: Data): Data {
  const all = new (pairs.constructor as new (length: number) => Data)(2 * pairs.length);
  for (let i = 0, at = 0; i < pairs.length; i += 2, at += 4) {
    all[at] = all[at + 1] = all[at + 2] = pairs[i]!;
    all[at + 3] = pairs[i + 1]!;
  }
  return all;
}

/** All samples, perhaps with surplus bytes behind them, and how many bytes of `data` they took. */
function inflate(data: Uint8Array, sampleBytes: number): { samples: Uint8Array; consumed: number } {
  let samples: Uint8Array;
  let consumed: number;
  try {
    ({ bytes: samples, consumed } = inflateZlib(data, sampleBytes + MAX_SURPLUS));
  } catch (error) {
    const tooLong = error instanceof RangeError;
    throw new SyntaxError(
      `Cannot decode the PNG image: its pixel data ${
        tooLong ? "is longer than its size requires" : "is damaged"
      }`,
    );
  }
  if (samples.length < sampleBytes) {
    throw new SyntaxError(
      `Cannot decode the PNG image: its pixel data is truncated after ${samples.length} of ${sampleBytes} bytes`,
    );
  }
  return { samples, consumed };
}
