/**
 * Decodes in the calling thread, so that a bad file can stop it: for Workers only. Everyone else calls `decodeImage` of
 * `decode.ts`.
 *
 * @module
 */
import { checkContent, type FileHeader, inspectFile, withinFile } from "./header.ts";
import type { ByteRaster, DecodedRaster, ImageNote, RgbImage, SampleImage } from "./image.ts";
import { LABEL_CHANNELS, type LabelImage } from "./label_image.ts";
import { levelsNote } from "./levels.ts";
import { orientRaster, orientSamples } from "./orient.ts";
import { rangeOf } from "./sample_range.ts";

/**
 * Decodes an image file to grayscale or RGB: ImageMagick to 8-bit samples, a format's own decoder to samples of its
 * choice, which keep their values. An image without color has one channel, a palette is looked up, an alpha channel is dropped (no background is
 * blended in; Pillow's `convert("RGB")`), CMYK is converted, the EXIF orientation is applied, and of several frames or
 * pages the first is taken. Color profiles are not applied. What a reader should know of that comes in notes.
 *
 * Rejects with a SyntaxError for a file that is truncated, corrupt or of an unsupported format (an irregular file in
 * which no pixel is missing gets a note instead), and with a RangeError
 * for one that exceeds the limits. Any other error means that the decoder itself broke and that this thread should
 * decode no more.
 */
export async function decodeRaster(bytes: Uint8Array): Promise<DecodedRaster<SampleImage>> {
  const header = inspectFile(bytes);
  const { raster, notes } = await decodeOwn(bytes, header) ?? await decodeOther(bytes, header);
  const range = rangeOf(raster.data, header.bits);
  const image = { ...orientRaster(raster, header.orientation), bits: header.bits, range };
  return { raster: image, notes: [...header.notes, ...levelsNote(image), ...notes] };
}

/**
 * Decodes an image file to its stored samples, for masks: palette indices, and values that no bit depth scales, as
 * `label_image.ts` says. The orientation is applied. Files whose format does not tell more give gray values, or colors.
 * Rejects like {@linkcode decodeRaster}.
 */
export async function decodeLabelRaster(bytes: Uint8Array): Promise<LabelImage> {
  const header = inspectFile(bytes);
  const own = withinFile(header.format, () => header.format.decodeLabels?.(bytes));
  const { notes, ...image } = own ?? await labelsOf(bytes, header);
  const oriented = orientSamples({ ...image, channels: LABEL_CHANNELS[image.kind] }, header.orientation);
  return { ...image, ...oriented, notes: [...header.notes, ...notes] };
}

/** The samples of the image, not oriented. */
async function labelsOf(bytes: Uint8Array, header: FileHeader): Promise<LabelImage> {
  const { raster, notes } = await decodeOwn(bytes, header) ?? await decodeOther(bytes, header);
  const { width, height, channels, data } = raster;
  return { kind: channels === 1 ? "grey" : "rgb", width, height, bits: header.bits, data, notes };
}

/** Decodes with the format's own decoder; nothing if it leaves the file to ImageMagick. */
function decodeOwn(bytes: Uint8Array, { format }: FileHeader) {
  return withinFile(format, () => format.decode?.(bytes));
}

/** Decodes with ImageMagick; the orientation is not applied yet. */
async function decodeOther(bytes: Uint8Array, header: FileHeader): Promise<DecodedRaster<ByteRaster>> {
  const content = checkContent(bytes, header);
  // Loading ImageMagick takes 0.2 s, which a folder of baseline JPEGs need not pay.
  const { decodeByMagick } = await import("./decode_magick.ts");
  const { raster, notes } = await decodeByMagick(content.bytes, header.format);
  const oddities = content.oddities.map((message): ImageNote => ({ kind: "oddity", message }));
  return { raster: dropColor(raster), notes: [...oddities, ...notes] };
}

/** One channel if all three are equal, else the image unchanged. */
function dropColor({ width, height, data }: RgbImage): ByteRaster {
  for (let at = 0; at < data.length; at += 3) {
    if (data[at] !== data[at + 1] || data[at] !== data[at + 2]) return { width, height, channels: 3, data };
  }
  const gray = new Uint8Array(width * height);
  for (let i = 0; i < gray.length; i++) gray[i] = data[3 * i]!;
  return { width, height, channels: 1, data: gray };
}
