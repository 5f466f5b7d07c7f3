/**
 * Decodes in the calling thread, so that a bad file can stop it: for Workers only. Everyone else calls `decodeImage` of
 * `decode.ts`.
 *
 * @module
 */
import { decodeLabelRasterWith, decodeRasterWith } from "./decode_own.ts";
import { checkContent, type FileHeader } from "./header.ts";
import { type ByteRaster, type DecodedRaster, dropColor, type ImageNote, type SampleImage } from "./image.ts";
import type { LabelImage } from "./label_image.ts";

/** {@linkcode decodeRasterWith} ImageMagick, which decodes to 8-bit samples, for the files that are left out. */
export function decodeRaster(bytes: Uint8Array): Promise<DecodedRaster<SampleImage>> {
  return decodeRasterWith(bytes, decodeOther);
}

/** {@linkcode decodeLabelRasterWith} ImageMagick. */
export function decodeLabelRaster(bytes: Uint8Array): Promise<LabelImage> {
  return decodeLabelRasterWith(bytes, decodeOther);
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
