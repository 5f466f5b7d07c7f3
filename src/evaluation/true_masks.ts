/**
 * The true masks of an image of a batch, per class, and the pixels that count in nothing.
 *
 * @module
 */
import { IGNORED_TARGET } from "../dataset/targets.ts";
import type { Mask } from "../image/mask.ts";
import type { Tensor } from "../tensor.ts";
import type { Head } from "../unet/config.ts";

/** What an image shows. */
export interface TrueMasks {
  /** A mask per class; ignored pixels are in none. */
  readonly masks: readonly Mask[];
  /** The pixels that count in nothing; absent for none. */
  readonly ignored?: Mask;
}

/** The masks of image `place` of a batch, whose targets have the form that training takes. */
export function trueMasks({ shape, data }: Tensor, place: number, classes: number, head: Head): TrueMasks {
  const [, channels, height, width] = shape as [number, number, number, number];
  const pixels = width * height;
  const first = place * channels * pixels;
  const mask = (channel: number, isSet: (target: number) => boolean): Mask => ({
    width,
    height,
    data: Uint8Array.from(
      data.subarray(first + channel * pixels, first + (channel + 1) * pixels),
      (target) => isSet(target) ? 1 : 0,
    ),
  });
  const masks = Array.from(
    { length: classes },
    (_, index) =>
      head === "softmax" ? mask(0, (label) => label === index + 1) : mask(index, (value) => value === 1),
  );
  const ignored = mask(0, (target) => target === IGNORED_TARGET);
  return ignored.data.includes(1) ? { masks, ignored } : { masks };
}
