/**
 * Decodes image files in Workers: a file that crashes the decoder, or never finishes, costs only that Worker.
 *
 * @module
 */
import { Worker } from "node:worker_threads";
import type { DecodedRaster, ImageNote, RgbImage, SampleData, SampleImage, Size } from "./image.ts";
import type { LabelImage } from "./label_image.ts";
import type { SampleLevels } from "./levels.ts";
import { assertFileSize, DECODE_SECONDS, LARGE_PIXELS } from "./limits.ts";
import { WorkerPool } from "./worker_pool.ts";

/** A task of the Worker. */
export interface DecodeTask {
  /** The file. */
  readonly file: ArrayBuffer;
  /** What is asked for: 8-bit RGB, an image to display, the same with its levels, or samples of an image or a mask. */
  readonly as: "image" | "display" | "inspection" | "samples" | "labels";
}

/** A Worker's answer: the image, with its samples as a bare buffer. */
export interface DecodeAnswer extends Size {
  /** The samples. */
  readonly buffer: ArrayBuffer;
  /** The name of their array's class. */
  readonly type: string;
  /** What the reader should know of the file. */
  readonly notes: readonly ImageNote[];
}

/** The classes of samples. */
const TYPES = { Uint8Array, Uint16Array, Float32Array };

const pool = new WorkerPool<DecodeAnswer>({
  start: () => new Worker(new URL("./decode_worker.ts", import.meta.url), { env: {} }),
  workers: Math.max(1, Math.min(8, navigator.hardwareConcurrency)),
  seconds: DECODE_SECONDS,
  action: "decode the image",
  keep: ({ width, height }) => width * height <= LARGE_PIXELS,
});

/**
 * Decodes an image file of a supported format (`formats.ts`) to 8-bit RGB: gray is repeated, a palette is looked up,
 * samples of more bits are scaled by the range that they use (`rangeOf`), an alpha channel is dropped (Pillow's
 * `convert("RGB")`), CMYK is converted, the EXIF orientation is applied, and of several pages the first is taken.
 * `bytes` are copied, not transferred.
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
  const { width, height, data, notes } = await decode(bytes, "image");
  return { raster: { width, height, data: data as Uint8Array }, notes };
}

/**
 * Decodes an image file as {@linkcode decodeImage} does, but keeps its samples: 8-bit, 16-bit or float32 ones of one or
 * three channels. `displayImage` makes an image to look at of them, and `Predictor` takes them.
 */
export async function decodeSamples(bytes: Uint8Array): Promise<DecodedRaster<SampleImage>> {
  const { notes, ...raster } = await decode(bytes, "samples");
  return { raster: raster as unknown as SampleImage, notes };
}

/** Decodes an image file to display it: as {@linkcode decodeImage} does, but windowed by `displayImage`. */
export async function decodeForDisplay(bytes: Uint8Array): Promise<RgbImage> {
  const { width, height, data } = await decode(bytes, "display");
  return { width, height, data: data as Uint8Array };
}

/** Decodes an image file to display it, and counts the levels of its samples. */
export async function decodeInspection(
  bytes: Uint8Array,
): Promise<DecodedRaster<RgbImage> & { readonly levels: SampleLevels }> {
  const { notes, ...rest } = await decode(bytes, "inspection");
  const { levels, ...raster } = rest as unknown as RgbImage & { readonly levels: SampleLevels };
  return { raster, notes, levels };
}

/**
 * Decodes the file of a mask or label image to its samples as they are stored: palette indices, gray values of any bit
 * depth, colors with their alpha channel. The EXIF orientation is applied, and of several pages or frames the first is
 * taken; both are in the notes. Limits, errors and permissions are those of {@linkcode decodeImage}.
 */
export async function decodeLabelImage(bytes: Uint8Array): Promise<LabelImage> {
  return await decode(bytes, "labels") as LabelImage;
}

async function decode(
  bytes: Uint8Array,
  as: DecodeTask["as"],
): Promise<Omit<DecodeAnswer, "buffer" | "type"> & { readonly data: SampleData }> {
  if (!(bytes instanceof Uint8Array)) {
    throw new TypeError("Cannot decode an image: its bytes are not a Uint8Array");
  }
  assertFileSize(bytes.length); // before the copy
  const file = bytes.slice().buffer;
  const { buffer, type, ...image } = await pool.run({ file, as } satisfies DecodeTask, [file]);
  return { ...image, data: new TYPES[type as keyof typeof TYPES](buffer) };
}

/**
 * Stops the Workers and frees their memory; pending decodes are rejected. Idle Workers do not keep a program alive,
 * and the next call starts new ones.
 */
export function closeDecoders(): Promise<void> {
  return pool.close();
}

/** Stops the Workers that have nothing to do; the next call starts new ones. For long work that now needs other memory. */
export function trimDecoders(): Promise<void> {
  return pool.trim();
}
