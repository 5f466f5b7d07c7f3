/**
 * Decodes image files in Workers: a file that takes the decoder down, or that it never comes back from, costs
 * that Worker and nothing else.
 *
 * @module
 */
import { Worker } from "node:worker_threads";
import type { RgbImage } from "./image.ts";
import { assertFileSize, DECODE_SECONDS, LARGE_PIXELS } from "./limits.ts";
import { WorkerPool } from "./worker_pool.ts";

/** What a Worker answers: the image, its bytes in a bare buffer. */
export interface DecodeAnswer {
  /** Pixels in a row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** Three bytes a pixel. */
  readonly pixels: ArrayBuffer;
}

const pool = new WorkerPool<DecodeAnswer>({
  start: () => new Worker(new URL("./decode_worker.ts", import.meta.url), { env: {} }),
  workers: Math.max(1, Math.min(8, navigator.hardwareConcurrency)),
  seconds: DECODE_SECONDS,
  action: "decode the image",
  keep: ({ width, height }) => width * height <= LARGE_PIXELS,
});

/**
 * Decodes a JPEG, PNG, TIFF, BMP or WebP file to 8-bit RGB: grey is repeated, a palette is looked up, 16 bits
 * are scaled to 8, an alpha channel is dropped as it stands (Pillow's `convert("RGB")`), CMYK is converted, the
 * EXIF orientation is applied, and of several pages the first is taken. `bytes` are copied, not taken.
 *
 * Runs in one of as many Workers as there are cores, started when they are needed. Rejects with a SyntaxError
 * for a file of another kind, a truncated or a corrupt one, and with a RangeError for one that asks for more
 * than the limits (8192 pixels a side, 32 million in all, 15 seconds). Needs read permission for this package's
 * own `src/image/decode_worker.ts`.
 */
export async function decodeImage(bytes: Uint8Array): Promise<RgbImage> {
  if (!(bytes instanceof Uint8Array)) {
    throw new TypeError("Cannot decode an image: its bytes are not a Uint8Array");
  }
  assertFileSize(bytes.length); // Before it is copied.
  const file = bytes.slice().buffer;
  const { width, height, pixels } = await pool.run(file, [file]);
  return { width, height, data: new Uint8Array(pixels) };
}

/**
 * Stops the Workers, for programs that want their memory back; images that are still being decoded are
 * rejected. Idle Workers do not keep a program alive, and the next call starts new ones.
 */
export function closeDecoders(): Promise<void> {
  return pool.close();
}
