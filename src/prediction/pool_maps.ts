/**
 * Means of the probability maps of several models.
 * This module is browser compatible.
 *
 * @module
 */
import type { Tensor } from "../tensor.ts";
import type { Head } from "../unet/config.ts";
import type { ProbabilityMap } from "./probability_map.ts";

/** Logits of float32 probabilities beyond this would be infinite. */
const LEAST = 2 ** -149;

/**
 * The logits of the mean probability of an image: with a sigmoid one channel per class, with a softmax the background's
 * before them.
 *
 * @param models the maps of each model: one per class, all of one size
 * @returns [1, C, H, W]
 */
export function logitsOfMaps(models: readonly (readonly ProbabilityMap[])[], head: Head): Tensor {
  const [first] = models as [readonly ProbabilityMap[]];
  const { width, height } = first[0]!;
  const pixels = width * height;
  const means = first.map((_, index) => {
    const mean = new Float64Array(pixels);
    for (const maps of models) {
      const { data } = maps[index]!;
      for (let at = 0; at < pixels; at++) mean[at]! += data[at]! / models.length;
    }
    return mean;
  });
  const channels = first.length + (head === "softmax" ? 1 : 0);
  const data = new Float32Array(channels * pixels);
  const logarithm = (value: number) => Math.log(Math.max(value, LEAST));
  for (let at = 0; at < pixels; at++) {
    if (head === "sigmoid") {
      means.forEach((mean, index) => {
        data[index * pixels + at] = logarithm(mean[at]!) - logarithm(1 - mean[at]!);
      });
      continue;
    }
    let sum = 0;
    means.forEach((mean, index) => {
      sum += mean[at]!;
      data[(index + 1) * pixels + at] = logarithm(mean[at]!);
    });
    data[at] = logarithm(1 - sum);
  }
  return { shape: [1, channels, height, width], data };
}

/** The images of these places of a batch; the batch itself if these are all. */
export function pickImages(images: Tensor, places: readonly number[]): Tensor {
  const [count, ...shape] = images.shape as [number, ...number[]];
  if (places.length === count) return images;
  const length = images.data.length / count;
  const data = new Float32Array(places.length * length);
  places.forEach((place, at) =>
    data.set(images.data.subarray(place * length, (place + 1) * length), at * length)
  );
  return { shape: [places.length, ...shape], data };
}
