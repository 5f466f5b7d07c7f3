/**
 * PNG: the chunks of a file (PNG 1.2, section 4).
 *
 * @module
 */
import { inflateSync } from "node:zlib";
import { joinBytes } from "../../bytes.ts";
import type { Size } from "../image.ts";
import { MAX_BYTES } from "../limits.ts";
import { hasText, type ImageFormat, viewOf } from "./image_format.ts";

/** The first bytes of every PNG file. */
const SIGNATURE = "\x89PNG\r\n\x1a\n";

/** The chunks that reach the decoder: the pixels' own, and the orientation. */
const KEPT_CHUNKS = new Set(["IHDR", "PLTE", "IDAT", "IEND", "eXIf"]);

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
  readSize,
  exifBlock,
  checkContent: stripChunks,
  coders: ["PNG"],
};

/** The size in the first chunk. */
function readSize(view: DataView): Size {
  if (view.getUint32(8) !== 13 || view.getUint32(12) !== 0x49484452) { // "IHDR"
    throw new SyntaxError("Cannot decode the PNG image: the file does not begin with a header chunk");
  }
  return { width: view.getUint32(16), height: view.getUint32(20) };
}

/** The eXIf chunk; a length that points beyond the file ends the search. */
function exifBlock(bytes: Uint8Array): Uint8Array | null {
  const view = viewOf(bytes);
  for (let at = 8; at + 12 <= bytes.length; at += 12 + view.getUint32(at)) {
    if (hasText(bytes, "eXIf", at + 4)) return bytes.subarray(at + 8, at + 8 + view.getUint32(at));
  }
  return null;
}

/**
 * Removes every chunk that the pixels do not need: texts and profiles may inflate to any length, and a gamma or a
 * profile would change the values.
 *
 * Throws a SyntaxError if the file is truncated, or its pixel data is damaged, too short or too long (an image of
 * 4 x 4 pixels may carry gigabytes of zeros, which a decoder would inflate), and a RangeError for more samples than
 * the limits allow.
 */
function stripChunks(view: DataView, bytes: Uint8Array): Uint8Array {
  const kept = [bytes.subarray(0, 8)];
  const data: Uint8Array[] = [];
  let at = 8;
  let type = "";
  while (type !== "IEND") {
    const end = at + 12 + view.getUint32(at);
    type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (end > bytes.length) {
      throw new SyntaxError(
        `Cannot decode the PNG image: the file ends within its ${JSON.stringify(type)} chunk`,
      );
    }
    if (type === "IDAT") data.push(bytes.subarray(at + 8, end - 4));
    if (KEPT_CHUNKS.has(type)) kept.push(bytes.subarray(at, end));
    at = end;
  }
  const sampleBytes = countSampleBytes(view);
  if (sampleBytes > MAX_BYTES) {
    throw new RangeError(
      `Cannot decode the PNG image of ${sampleBytes} bytes of samples: at most ${MAX_BYTES}`,
    );
  }
  checkData(joinBytes(data), sampleBytes);
  return joinBytes(kept);
}

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

function checkData(data: Uint8Array, sampleBytes: number): void {
  let length: number;
  try {
    length = inflateSync(data, { maxOutputLength: sampleBytes, chunkSize: Math.max(64, sampleBytes) }).length;
  } catch (error) {
    const tooLong = error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
    throw new SyntaxError(
      `Cannot decode the PNG image: its pixel data ${
        tooLong ? "is longer than its size requires" : "is damaged"
      }`,
    );
  }
  if (length < sampleBytes) {
    throw new SyntaxError(
      `Cannot decode the PNG image: its pixel data is truncated after ${length} of ${sampleBytes} bytes`,
    );
  }
}
