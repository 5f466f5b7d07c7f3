/**
 * PNG: the chunks of a file (PNG 1.2, section 4).
 *
 * @module
 */
import { crc32, deflateSync, inflateSync } from "node:zlib";
import { joinBytes } from "../../bytes.ts";
import { type DecodedRaster, describeSurplus, type ImageNote, type Size } from "../image.ts";
import type { LabelImage } from "../label_image.ts";
import { MAX_BYTES } from "../limits.ts";
import { countPngBytes, type PngLayout, readPngSamples } from "../png_samples.ts";
import { type CheckedContent, type FormatHeader, hasText, type ImageFormat, viewOf } from "./image_format.ts";

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
  checkContent,
  decode,
  decodeLabels,
  coders: ["PNG"],
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
  /** The signature, the header, and the palette of an image that needs it. */
  readonly kept: readonly Uint8Array[];
  /** The compressed samples. */
  readonly pixels: Uint8Array;
  /** The samples with their filters, {@linkcode countPngBytes} bytes. */
  readonly samples: Uint8Array;
  /** Bytes too many, behind the samples or behind the compressed ones. */
  readonly surplus: number;
  /** What is wrong without consequence. */
  readonly oddities: readonly string[];
}

/**
 * Reads every chunk and inflates the samples. Throws a SyntaxError if the file is truncated, or its pixel data is
 * damaged, too short or far too long, and a RangeError for more samples than the limits allow.
 */
function readContent(view: DataView, bytes: Uint8Array): Content {
  const kept = [bytes.subarray(0, 8)];
  const data: Uint8Array[] = [];
  const oddities = new Set<string>();
  for (const chunk of chunksOf(bytes)) {
    const { type, start, end } = chunk;
    if (type === TYPE.IHDR || (type === TYPE.PLTE && view.getUint8(25) === PALETTE)) {
      kept.push(bytes.subarray(start, end));
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
  return { kept, pixels, samples: samples.subarray(0, sampleBytes), surplus, oddities: [...oddities] };
}

/**
 * Removes every chunk that the pixels do not need: texts and profiles may inflate to any length, and a gamma or a
 * profile would change the values; and the bytes that follow the samples, of which the decoder would warn: all samples
 * are here. Throws like {@linkcode readContent}.
 */
function checkContent(view: DataView, bytes: Uint8Array): CheckedContent {
  const { kept, pixels, samples, surplus, oddities } = readContent(view, bytes);
  const exact = surplus > 0 ? deflateSync(samples, { level: 1 }) : pixels;
  return { bytes: joinBytes([...kept, chunkOf("IDAT", exact), END]), oddities };
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
  const { kept, samples, oddities } = readContent(view, bytes);
  const notes = oddities.map((message): ImageNote => ({ kind: "oddity", message }));
  return { layout, colorType, kept, stored: readPngSamples(samples, layout), notes };
}

/** Gray or RGB samples of 16 bits; null for fewer, which ImageMagick reads. An alpha channel is dropped. */
function decode(bytes: Uint8Array): DecodedRaster | null {
  if (bytes[24] !== 16) return null;
  const { layout: { width, height, channels }, stored, notes } = readStored(bytes);
  const count = channels < 3 ? 1 : 3;
  const data = count === channels ? stored : stored.filter((_, i) => i % channels < count);
  return { raster: { width, height, channels: count, data }, notes };
}

/** The samples as stored, of any bit depth. */
function decodeLabels(bytes: Uint8Array): LabelImage {
  const { layout, colorType, kept, stored, notes } = readStored(bytes);
  const { width, height, bits, channels } = layout;
  const image = { width, height, bits, notes };
  if (colorType === PALETTE) {
    const palette = kept[2]?.slice(8, -4) ?? new Uint8Array(0);
    return { ...image, kind: "index", data: stored, palette };
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

/** A chunk with its length and checksum. */
function chunkOf(type: string, content: Uint8Array): Uint8Array {
  const chunk = new Uint8Array(content.length + 12);
  for (let i = 0; i < 4; i++) chunk[4 + i] = type.charCodeAt(i);
  chunk.set(content, 8);
  viewOf(chunk).setUint32(0, content.length);
  viewOf(chunk).setUint32(content.length + 8, crc32(chunk.subarray(4, -4)));
  return chunk;
}

const END = chunkOf("IEND", new Uint8Array(0));

/** All samples, perhaps with surplus bytes behind them, and how many bytes of `data` they took. */
function inflate(data: Uint8Array, sampleBytes: number): { samples: Uint8Array; consumed: number } {
  const limits = { maxOutputLength: sampleBytes + MAX_SURPLUS, chunkSize: Math.max(64, sampleBytes) };
  let samples: Uint8Array;
  let consumed: number;
  try {
    const { buffer, engine } = inflateSync(data, { ...limits, info: true }) as unknown as Inflation;
    samples = buffer;
    consumed = engine.bytesWritten;
  } catch (error) {
    const tooLong = error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
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

/** What `inflateSync` returns with `info`, which its types omit. */
interface Inflation {
  readonly buffer: Uint8Array;
  readonly engine: { readonly bytesWritten: number };
}
