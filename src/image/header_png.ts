/**
 * The chunks of a PNG file (PNG 1.2, section 4).
 *
 * @module
 */
import { inflateSync } from "node:zlib";
import { joinBytes } from "../bytes.ts";
import { MAX_BYTES } from "./limits.ts";

/** The chunks that are handed on: the pixels' own, and the orientation. */
const KEPT_CHUNKS = new Set(["IHDR", "PLTE", "IDAT", "IEND", "eXIf"]);

/** Samples a pixel of each colour type: grey, RGB, palette, grey and alpha, RGB and alpha. */
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

/** The size in the first chunk. Throws a SyntaxError where that is no header. */
export function readPngHeader(view: DataView): { width: number; height: number } {
  if (view.getUint32(8) !== 13 || view.getUint32(12) !== 0x49484452) { // "IHDR"
    throw new SyntaxError("Cannot decode the PNG image: it does not begin with its header");
  }
  return { width: view.getUint32(16), height: view.getUint32(20) };
}

/**
 * Leaves out of the file every chunk that the pixels do not need: texts and profiles may inflate to any length,
 * and a gamma or a profile would change the values.
 *
 * Throws a SyntaxError where the file is cut short, or its pixels' data is damaged, too short or too long (a
 * image of 4 x 4 pixels may carry gigabytes of zeros that a decoder dutifully inflates), and a RangeError for
 * more samples than the limits allow.
 */
export function cleanPng(view: DataView, bytes: Uint8Array): Uint8Array {
  const kept = [bytes.subarray(0, 8)];
  const data: Uint8Array[] = [];
  let at = 8;
  let type = "";
  while (type !== "IEND") {
    const end = at + 12 + view.getUint32(at);
    type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (end > bytes.length) {
      throw new SyntaxError(`Cannot decode the PNG image: it ends within its ${JSON.stringify(type)} chunk`);
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

/** Bytes of the filtered samples, each row with its filter byte. */
function countSampleBytes(view: DataView): number {
  const { width, height } = readPngHeader(view);
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
      `Cannot decode the PNG image: its pixels' data ${
        tooLong ? "is longer than its size asks for" : "is damaged"
      }`,
    );
  }
  if (length < sampleBytes) {
    throw new SyntaxError(
      `Cannot decode the PNG image: its pixels' data is cut short after ${length} of ${sampleBytes} bytes`,
    );
  }
}
