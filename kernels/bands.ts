/**
 * Bands of pixels for partial sums: one long float32 sum loses digits and keeps a single invocation busy.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { ceilDiv, roundUp } from "./grid.ts";
import type { Nchw } from "./shape.ts";

/** How the pixels of an image are cut into bands. */
export interface PixelBands {
  /** Pixels per band, a multiple of 4. */
  readonly pixels: number;
  /** Bands per image. */
  readonly perImage: number;
  /** Bands in the batch, padded to a multiple of 4. */
  readonly total: number;
}

/** Cuts the pixels of each image into bands of at most `target` pixels, a multiple of 4. */
export function pixelBands(shape: Nchw, target = 1024): PixelBands {
  const pixels = shape.height * shape.width;
  const length = Math.min(roundUp(pixels, 4), target);
  const perImage = ceilDiv(pixels, length);
  return { pixels: length, perImage, total: roundUp(perImage * shape.batch, 4) };
}
