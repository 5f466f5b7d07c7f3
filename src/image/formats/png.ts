/**
 * PNG: the chunks of a file (PNG 1.2, section 4).
 *
 * @module
 */
import { crc32, deflateSync, inflateSync } from "node:zlib";
import { joinBytes } from "../../bytes.ts";
import { describeSurplus, type Size } from "../image.ts";
import { MAX_BYTES } from "../limits.ts";
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

/** First column and row, and steps between columns and rows, of Adam7's seven passes. */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** PNG. */
export const PNG: ImageFormat = {
  name: "PNG",
  endings: ["png"],
  matches: (bytes) => hasText(bytes, SIGNATURE),
  readHeader,
  exifBlock,
  checkContent,
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

/**
 * Removes every chunk that the pixels do not need: texts and profiles may inflate to any length, and a gamma or a
 * profile would change the values; and the bytes that follow the samples.
 *
 * Throws a SyntaxError if the file is truncated, or its pixel data is damaged, too short or far too long, and a
 * RangeError for more samples than the limits allow.
 */
function checkContent(view: DataView, bytes: Uint8Array): CheckedContent {
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
  const sampleBytes = countSampleBytes(view);
  if (sampleBytes > MAX_BYTES) {
    throw new RangeError(
      `Cannot decode the PNG image of ${sampleBytes} bytes of samples: at most ${MAX_BYTES}`,
    );
  }
  let pixels: Uint8Array = joinBytes(data);
  const { samples, consumed } = inflate(pixels, sampleBytes);
  if (samples.length > sampleBytes || consumed < pixels.length) {
    // The decoder would warn of these bytes, which says nothing any more: all samples are here.
    const surplus = samples.length > sampleBytes ? samples.length - sampleBytes : pixels.length - consumed;
    oddities.add(describeSurplus(surplus));
    pixels = deflateSync(samples.subarray(0, sampleBytes), { level: 1 });
  }
  return { bytes: joinBytes([...kept, chunkOf("IDAT", pixels), END]), oddities: [...oddities] };
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

/** Bytes of the filtered samples, including each row's filter byte. */
function countSampleBytes(view: DataView): number {
  const { width, height } = readSize(view);
  const bits = view.getUint8(24) * (SAMPLES[view.getUint8(25)] ?? 0);
  const passes = view.getUint8(28) === 0 ? [[0, 0, 1, 1]] as const : ADAM7;
  let bytes = 0;
  for (const [left, top, stepX, stepY] of passes) {
    const columns = Math.max(0, Math.ceil((width - left) / stepX));
    const rows = Math.max(0, Math.ceil((height - top) / stepY));
    if (columns > 0) bytes += rows * (1 + Math.ceil(columns * bits / 8));
  }
  return bytes;
}

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
