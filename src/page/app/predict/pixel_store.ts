/**
 * The pixels of predicted images, as many as fit the memory; the others are decoded again when they are needed.
 * This module is browser compatible.
 *
 * @module
 */
import type { RgbImage } from "../../../image/image.ts";
import type { PredictedImage } from "./predicted_image.ts";

/** Bytes of pixels that are kept. */
const MOST_BYTES = 256 * 2 ** 20;

/** Forgets the pixels that were needed longest ago. */
export class PixelStore {
  /** From the longest unused one to the last used one. */
  readonly #kept = new Set<PredictedImage>();
  readonly #most: number;
  #byteLength = 0;

  /** Keeps at most so many bytes, but always those of one image. */
  constructor(most: number = MOST_BYTES) {
    this.#most = most;
  }

  /** Notes that pixels were used, or came. */
  use(predicted: PredictedImage): void {
    if (predicted.image === null) return;
    if (!this.#kept.delete(predicted)) this.#byteLength += predicted.image.data.length;
    this.#kept.add(predicted);
    for (const oldest of this.#kept) {
      if (this.#byteLength <= this.#most || oldest === predicted) break;
      this.forget(oldest);
    }
  }

  /** The pixels of an image; `decode` gets them again if they were forgotten. */
  async pixels(predicted: PredictedImage, decode: () => Promise<RgbImage>): Promise<RgbImage> {
    const image = predicted.image ??= await decode();
    this.use(predicted);
    return image;
  }

  /** Frees the pixels of an image. */
  forget(predicted: PredictedImage): void {
    if (!this.#kept.delete(predicted)) return;
    this.#byteLength -= predicted.image?.data.length ?? 0;
    predicted.image = null;
  }
}
