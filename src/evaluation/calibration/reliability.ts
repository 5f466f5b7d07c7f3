/**
 * Whether probabilities are what they say: of the pixels with a probability near 0.7, 0.7 should be foreground.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Tensor } from "../../tensor.ts";
import type { Head } from "../../unet/config.ts";
import { probabilities } from "../../unet/probabilities.ts";

/** Bins of equal width. */
export const RELIABILITY_BINS = 10;

/** The pixels whose probability is in a bin. */
export interface ReliabilityBin {
  /** How many. */
  readonly pixels: number;
  /** Their mean probability; null for none. */
  readonly probability: number | null;
  /** The share of them that is foreground; null for none. */
  readonly frequency: number | null;
}

/** Counts probabilities and labels of images, per class. */
export class Reliability {
  readonly #head: Head;
  readonly #sums: readonly { pixels: number; probability: number; foreground: number }[][];

  /** Of no image. */
  constructor(head: Head, classes: number) {
    this.#head = head;
    this.#sums = Array.from(
      { length: classes },
      () => Array.from({ length: RELIABILITY_BINS }, () => ({ pixels: 0, probability: 0, foreground: 0 })),
    );
  }

  /**
   * Adds a batch.
   *
   * @param logits [N, C, H, W]
   * @param masks as `Batch.masks`: -1 where a pixel is ignored
   */
  add(logits: Tensor, masks: Tensor): void {
    const { shape, data } = probabilities(logits, this.#head);
    const [images, classes, height, width] = shape as [number, number, number, number];
    const pixels = height * width;
    for (let image = 0; image < images; image++) {
      for (let index = 0; index < classes; index++) {
        const first = (image * classes + index) * pixels;
        const labels = this.#head === "sigmoid" ? first : image * pixels;
        for (let at = 0; at < pixels; at++) {
          const label = masks.data[labels + at]!;
          if (label < 0) continue;
          const value = data[first + at]!;
          const bin = this
            .#sums[index]![Math.min(RELIABILITY_BINS - 1, Math.floor(value * RELIABILITY_BINS))]!;
          bin.pixels++;
          bin.probability += value;
          bin.foreground += label === (this.#head === "sigmoid" ? 1 : index + 1) ? 1 : 0;
        }
      }
    }
  }

  /** The bins of each class, by ascending probability. */
  bins(): ReliabilityBin[][] {
    return this.#sums.map((bins) =>
      bins.map(({ pixels, probability, foreground }) => ({
        pixels,
        probability: pixels === 0 ? null : probability / pixels,
        frequency: pixels === 0 ? null : foreground / pixels,
      }))
    );
  }

  /** The expected calibration error of each class: the mean distance of both over all pixels; 0 without pixels. */
  errors(): number[] {
    return this.#sums.map((bins) => {
      const all = bins.reduce((sum, { pixels }) => sum + pixels, 0);
      const off = bins.reduce(
        (sum, { probability, foreground }) => sum + Math.abs(probability - foreground),
        0,
      );
      return all === 0 ? 0 : off / all;
    });
  }
}
