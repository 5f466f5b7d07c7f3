/**
 * Decodes image files in Workers: a file that crashes the decoder, or never finishes, costs only that Worker.
 *
 * @module
 */
import { Worker } from "node:worker_threads";
import type { DecodedRaster, ImageNote, RgbImage } from "./image.ts";
import { assertFileSize, DECODE_SECONDS, LARGE_PIXELS } from "./limits.ts";
import { WorkerPool } from "./worker_pool.ts";

/** A Worker's answer: the image, with its bytes as a bare buffer. */
export interface DecodeAnswer {
  /** Pixels per row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** Three bytes per pixel. */
  readonly pixels: ArrayBuffer;
  /** What the reader should know of the file. */
  readonly notes: readonly ImageNote[];
}

const pool = new WorkerPool<DecodeAnswer>({
  start: () => new Worker(new URL("./decode_worker.ts", import.meta.url), { env: {} }),
  workers: Math.max(1, Math.min(8, navigator.hardwareConcurrency)),
  seconds: DECODE_SECONDS,
  action: "decode the image",
  keep: ({ width, height }) => width * height <= LARGE_PIXELS,
});

/**
 * Decodes an image file of a supported format (`formats.ts`) to 8-bit RGB: gray is repeated, a palette is looked up, 16 bits
 * are scaled to 8, an alpha channel is dropped (Pillow's `convert("RGB")`), CMYK is converted, the EXIF orientation
 * is applied, and of several pages the first is taken. `bytes` are copied, not transferred.
 *
 * Runs in a pool of one Worker per core (8 at most), started on demand. Rejects with a SyntaxError for a file that is
 * truncated, corrupt or of an unsupported format, and with a RangeError for one that exceeds the limits (8192 pixels
 * per side, 32 million in total, 15 seconds). Needs read permission for this package's own
 * `src/image/decode_worker.ts`.
 */
export async function decodeImage(bytes: Uint8Array): Promise<RgbImage> {
  return (await decodeWithNotes(bytes)).raster;
}

/** {@linkcode decodeImage}, with what the reader should know of the file. */
export async function decodeWithNotes(bytes: Uint8Array): Promise<DecodedRaster<RgbImage>> {
  if (!(bytes instanceof Uint8Array)) {
    throw new TypeError("Cannot decode an image: its bytes are not a Uint8Array");
  }
  assertFileSize(bytes.length); // before the copy
  const file = bytes.slice().buffer;
  const { width, height, pixels, notes } = await pool.run(file, [file]);
  return { raster: { width, height, data: new Uint8Array(pixels) }, notes };
}

/**
 * Stops the Workers and frees their memory; pending decodes are rejected. Idle Workers do not keep a program alive,
 * and the next call starts new ones.
 */
export function closeDecoders(): Promise<void> {
  return pool.close();
}
