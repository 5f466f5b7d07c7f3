/**
 * Decodes with the decoders of our own, in the calling thread: the same samples in Deno and in browsers. Files that they
 * leave out go to the decoder of the runtime.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { type FileHeader, inspectFile, withinFile } from "./header.ts";
import type { DecodedRaster, SampleImage } from "./image.ts";
import { LABEL_CHANNELS, type LabelImage } from "./label_image.ts";
import { levelsNote } from "./levels.ts";
import { orientRaster, orientSamples } from "./orient.ts";
import { rangeOf } from "./sample_range.ts";

/** Decodes a file that no decoder of our own reads, without applying its orientation. */
export type OtherDecoder = (bytes: Uint8Array, header: FileHeader) => Promise<DecodedRaster>;

/** A decoded image, and whether a decoder of our own read it. */
export interface DecodedBy extends DecodedRaster<SampleImage> {
  /** Whether the samples are the same in every runtime. */
  readonly own: boolean;
}

/**
 * Decodes an image file to grayscale or RGB: a format's own decoder to samples of its choice, which keep their values,
 * or `other`. An image without color has one channel, a palette is looked up, an alpha channel is dropped (no background
 * is blended in; Pillow's `convert("RGB")`), CMYK is converted, the EXIF orientation is applied, and of several frames or
 * pages the first is taken. Color profiles are not applied. What a reader should know of that comes in notes.
 *
 * Rejects with a SyntaxError for a file that is truncated, corrupt or of an unsupported format (an irregular file in
 * which no pixel is missing gets a note instead), and with a RangeError for one that exceeds the limits. Any other error
 * means that the decoder itself broke and that this thread should decode no more.
 */
export async function decodeRasterWith(bytes: Uint8Array, other: OtherDecoder): Promise<DecodedBy> {
  const header = inspectFile(bytes);
  const found = await decodeOwn(bytes, header);
  const { raster, notes } = found ?? await other(bytes, header);
  const range = rangeOf(raster.data, header.bits);
  const image = { ...orientRaster(raster, header.orientation), bits: header.bits, range };
  return { raster: image, notes: [...header.notes, ...levelsNote(image), ...notes], own: found !== null };
}

/**
 * Decodes an image file to its stored samples, for masks: palette indices, and values that no bit depth scales, as
 * `label_image.ts` says. The orientation is applied. Files whose format does not tell more give gray values, or colors.
 * Rejects like {@linkcode decodeRasterWith}.
 */
export async function decodeLabelRasterWith(bytes: Uint8Array, other: OtherDecoder): Promise<LabelImage> {
  const header = inspectFile(bytes);
  const own = withinFile(header.format, () => header.format.decodeLabels?.(bytes));
  const { notes, ...image } = own ?? await labelsOf(bytes, header, other);
  const oriented = orientSamples({ ...image, channels: LABEL_CHANNELS[image.kind] }, header.orientation);
  return { ...image, ...oriented, notes: [...header.notes, ...notes] };
}

/** The samples of the image, not oriented. */
async function labelsOf(bytes: Uint8Array, header: FileHeader, other: OtherDecoder): Promise<LabelImage> {
  const { raster, notes } = await decodeOwn(bytes, header) ?? await other(bytes, header);
  const { width, height, channels, data } = raster;
  return { kind: channels === 1 ? "grey" : "rgb", width, height, bits: header.bits, data, notes };
}

/** Decodes with the format's own decoder; null if it leaves the file out. */
async function decodeOwn(bytes: Uint8Array, { format }: FileHeader): Promise<DecodedRaster | null> {
  return await withinFile(format, () => format.decode?.(bytes)) ?? null;
}
