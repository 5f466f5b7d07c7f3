/**
 * Mirrored copies of a batch, and the mean of their predictions.
 * This module is browser compatible.
 *
 * @module
 */
import { sigmoid } from "../math.ts";
import type { Tensor } from "../tensor.ts";

/** A way to mirror an image; its own inverse. */
export interface Mirroring {
  /** Swap left and right. */
  readonly columns: boolean;
  /** Swap top and bottom. */
  readonly rows: boolean;
}

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
 * precision is lost near 0 or 1.
 */
export function meanLogits(views: readonly Tensor[]): Tensor {
  const [first] = views as [Tensor, ...Tensor[]];
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
