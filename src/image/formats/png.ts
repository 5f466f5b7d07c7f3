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
  const animation = chunksOf(bytes).find(({ type }) => type === "acTL" || type === "IDAT");
  const pages = animation?.type === "acTL" && animation.content.length >= 4
    ? viewOf(animation.content).getUint32(0)
    : 1;
  return { width, height, bits: view.getUint8(24), pages };
}

/** The size in the first chunk. */
function readSize(view: DataView): Size {
  if (view.getUint32(8) !== 13 || view.getUint32(12) !== 0x49484452) { // "IHDR"
    throw new SyntaxError("Cannot decode the PNG image: the file does not begin with a header chunk");
  }
  return { width: view.getUint32(16), height: view.getUint32(20) };
}

/** A chunk of a file. */
interface Chunk {
  readonly type: string;
  readonly content: Uint8Array;
  /** Length, type, content and checksum. */
  readonly whole: Uint8Array;
}

/** The chunks up to the end mark; one that the file does not hold completely throws a SyntaxError. */
function* chunksOf(bytes: Uint8Array): Generator<Chunk> {
  const view = viewOf(bytes);
  for (let at = 8, type = ""; type !== "IEND";) {
    const end = at + 12 + view.getUint32(at);
    type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (end > bytes.length) {
      throw new SyntaxError(
        `Cannot decode the PNG image: the file ends within its ${JSON.stringify(type)} chunk`,
      );
    }
    yield { type, content: bytes.subarray(at + 8, end - 4), whole: bytes.subarray(at, end) };
    at = end;
  }
}

function isSound({ content, whole }: Chunk): boolean {
  return crc32(whole.subarray(4, -4)) === viewOf(whole).getUint32(content.length + 8);
}

/** The block of an eXIf chunk; null if there is none or it is damaged. Some writers begin it as JPEG files do. */
function exifOf(chunk: Chunk): Uint8Array | null {
  if (!isSound(chunk)) return null;
  const block = chunk.content.subarray(hasText(chunk.content, "Exif\0\0") ? 6 : 0);
  return hasText(block, "II*\0") || hasText(block, "MM\0*") ? block : null;
}

/** The first eXIf chunk's block. */
function exifBlock(bytes: Uint8Array): Uint8Array | null {
  const chunk = chunksOf(bytes).find(({ type }) => type === "eXIf" || type === "IEND");
  return chunk?.type === "eXIf" ? exifOf(chunk) : null;
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
  const pixels: Uint8Array[] = [];
  const oddities: string[] = [];
  for (const chunk of chunksOf(bytes)) {
    const { type, content, whole } = chunk;
    if (type === "IHDR" || (type === "PLTE" && view.getUint8(25) === PALETTE)) kept.push(whole);
    if (type === "eXIf" && exifOf(chunk) === null) oddities.push("the eXIf chunk is damaged and not used");
    if (type !== "IDAT") continue;
    if (!isSound(chunk)) throw new SyntaxError("Cannot decode the PNG image: its pixel data is damaged");
    data.push(content);
    pixels.push(whole);
  }
  const sampleBytes = countSampleBytes(view);
  if (sampleBytes > MAX_BYTES) {
    throw new RangeError(
      `Cannot decode the PNG image of ${sampleBytes} bytes of samples: at most ${MAX_BYTES}`,
    );
  }
  const whole = joinBytes(data);
  const { samples, consumed } = inflate(whole, sampleBytes);
  if (samples.length === sampleBytes && consumed === whole.length) {
    return { bytes: joinBytes([...kept, ...pixels, END]), oddities };
  }
  // The decoder warns of surplus bytes, which says nothing any more: all samples are here.
  const surplus = samples.length > sampleBytes ? samples.length - sampleBytes : whole.length - consumed;
  oddities.push(describeSurplus(surplus));
  const exact = chunkOf("IDAT", deflateSync(samples.subarray(0, sampleBytes), { level: 1 }));
  return { bytes: joinBytes([...kept, exact, END]), oddities };
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
