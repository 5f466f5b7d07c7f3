/**
 * PNGs, compressed by the browser. This module is browser compatible.
 *
 * @module
 */
import { PngEncoder } from "../../../image/png_encoder.ts";

/** Encodes the pixels that `predict` writes; compressed by another library, so that only the pixels are the same. */
export const png: PngEncoder = new PngEncoder(async (bytes) => {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
});
