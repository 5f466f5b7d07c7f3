/**
 * Mirrored copies of a batch, and the mean of their predictions.
 * This module is browser compatible.
 *
 * @module
 */
import type { Head } from "../unet/config.ts";
import { sigmoid } from "../math.ts";
import type { Tensor } from "../tensor.ts";
import { softmaxChannels } from "../unet/probabilities.ts";

/** A way to mirror an image; its own inverse. */
export interface Mirroring {
  /** Swap left and right. */
  readonly columns: boolean;
  /** Swap top and bottom. */
  readonly rows: boolean;
}

/** The least positive float32. */
const LEAST_PROBABILITY = 2 ** -149;

/** The four mirrorings, the identity first. */
export const MIRRORINGS: readonly Mirroring[] = [
  { columns: false, rows: false },
  { columns: true, rows: false },
  { columns: false, rows: true },
  { columns: true, rows: true },
];

/** Mirrors every plane of a `[N, C, H, W]` tensor. */
export function mirror(tensor: Tensor, { columns, rows }: Mirroring): Tensor {
  if (!columns && !rows) return tensor;
  const [height, width] = tensor.shape.slice(-2) as [number, number];
  const data = new Float32Array(tensor.data.length);
  for (let start = 0; start < data.length; start += width) {
    const y = start / width % height;
    const target = rows ? start + (height - 1 - 2 * y) * width : start;
    const row = tensor.data.subarray(start, start + width);
    data.set(row, target);
    if (columns) data.subarray(target, target + width).reverse();
  }
  return { shape: tensor.shape, data };
}

/**
 * The logits of the mean probability of several views. Averages the probabilities and their complements, so that no
 * precision is lost near 0 or 1. With a softmax the logits are the logarithms of the mean probabilities.
 */
export function meanLogits(views: readonly Tensor[], head: Head = "sigmoid"): Tensor {
  const [first] = views as [Tensor, ...Tensor[]];
  if (head === "softmax") {
    const each = views.map(softmaxChannels);
    const mean = (index: number) => each.reduce((sum, values) => sum + values[index]!, 0) / each.length;
    // A logarithm of 0 would be no logit: the least float32 stands for probabilities below it.
    return {
      shape: first.shape,
      data: first.data.map((_, index) => Math.log(Math.max(mean(index), LEAST_PROBABILITY))),
    };
  }
  const data = first.data.map((_, index) => {
    let inside = 0;
    let outside = 0;
    for (const view of views) {
      inside += sigmoid(view.data[index]!);
      outside += sigmoid(-view.data[index]!);
    }
    return Math.log(inside / outside);
  });
  return { shape: first.shape, data };
}
