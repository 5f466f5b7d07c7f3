/**
 * From logits to probabilities.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Head } from "../../kernels/loss/definition.ts";
import { sigmoids } from "../math.ts";
import type { Tensor } from "../tensor.ts";

/**
 * The probabilities of a network's logits.
 *
 * @param logits [N, classes, H, W]; with a softmax [N, 1 + classes, H, W], the background's channel first
 * @returns [N, classes, H, W]; NaN if any logit of the pixel is
 */
export function probabilities(logits: Tensor, head: Head): Tensor {
  if (head === "sigmoid") return { shape: logits.shape, data: sigmoids(logits.data) };
  const [batch, channels, height, width] = logits.shape as [number, number, number, number];
  const all = softmaxChannels(logits);
  const plane = height * width;
  const data = new Float32Array(batch * (channels - 1) * plane);
  for (let image = 0; image < batch; image++) {
    const first = image * channels * plane;
    data.set(all.subarray(first + plane, first + channels * plane), image * (channels - 1) * plane);
  }
  return { shape: [batch, channels - 1, height, width], data };
}

/** The softmax over the channels of every pixel of a [N, C, H, W] tensor, in its layout. */
export function softmaxChannels({ shape, data }: Tensor): Float32Array<ArrayBuffer> {
  const [, channels, height, width] = shape as [number, number, number, number];
  const plane = height * width;
  const result = new Float32Array(data.length);
  for (let first = 0; first < data.length; first += channels * plane) {
    for (let at = first; at < first + plane; at++) {
      const end = at + channels * plane;
      let largest = -Infinity;
      for (let index = at; index < end; index += plane) largest = Math.max(largest, data[index]!);
      let sum = 0;
      for (let index = at; index < end; index += plane) sum += Math.exp(data[index]! - largest);
      for (let index = at; index < end; index += plane) {
        result[index] = Math.exp(data[index]! - largest) / sum;
      }
    }
  }
  return result;
}
