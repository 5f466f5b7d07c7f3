/**
 * Bands of pixels: one long float32 sum loses digits and keeps one invocation busy, so sums go by bands.
 *
 * @module
 */
import { ceilDiv, roundUp } from "./grid.ts";
import type { Nchw } from "./shape.ts";

/** Bands that the pixels of an image are cut into for partial sums. */
export interface PixelBands {
  /** Pixels of a band, a multiple of 4. */
  readonly pixels: number;
  /** Bands of an image. */
  readonly perImage: number;
  /** Bands of the batch, padded to a multiple of 4. */
  readonly total: number;
}

/** Cuts the pixels of every image into bands of about `wanted` pixels. */
export function pixelBands(shape: Nchw, wanted = 1024): PixelBands {
  const pixels = shape.height * shape.width;
  const length = Math.min(roundUp(pixels, 4), wanted);
  const perImage = ceilDiv(pixels, length);
  return { pixels: length, perImage, total: roundUp(perImage * shape.batch, 4) };
}
