/**
 * Normalization of images before they enter a network.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Tensor } from "../tensor.ts";
import type { Scaling } from "./sample_range.ts";

/** The ways to normalize an image; the names are stored in model files and configurations. */
export const NORMALIZATIONS = ["imagenet", "picture"] as const;

/** How an image is normalized: with ImageNet's mean and deviation per channel, or with the image's own. */
export type Normalization = typeof NORMALIZATIONS[number];

/** The original's normalization, used unless another is named. */
export const DEFAULT_NORMALIZATION: Normalization = "imagenet";

/** Whether a value, as of a file or a command line, is a {@linkcode Normalization}. */
export function isNormalization(value: unknown): value is Normalization {
  return (NORMALIZATIONS as readonly unknown[]).includes(value);
}

/** Mean of ImageNet's channels, as torchvision's models expect. */
export const IMAGENET_MEAN: readonly number[] = [0.485, 0.456, 0.406];
/** Their standard deviation. */
export const IMAGENET_DEVIATION: readonly number[] = [0.229, 0.224, 0.225];

/** Replaces the deviation of an image without contrast, to keep the division finite. */
export const LEAST_DEVIATION = 1e-6;

/**
 * Normalizes a `[3, h, w]` image of values from 0 to 1 to mean 0 and deviation 1: with ImageNet's mean and deviation
 * per channel (as the original does), or with those of the image's own values over all channels (`picture`), which
 * removes differences between scanners. Throws a TypeError for another shape, a RangeError for another `how`.
 */
export function normalizeImage(image: Tensor, how: Normalization = DEFAULT_NORMALIZATION): Tensor {
  const { shape } = image;
  const [channels = 0, height = 0, width = 0] = shape;
  if (shape.length !== 3 || channels !== 3 || image.data.length !== 3 * height * width) {
    throw new TypeError(
      `Cannot normalize an image of shape [${shape}] with ${image.data.length} values: expected [3, h, w]`,
    );
  }
  assertNormalization(how);
  const data = new Float32Array(image.data.length);
  normalizePlanes(image.data, data, how === "picture" ? momentsOf(image.data, 3) : null);
  return { shape: [3, height, width], data };
}

/** Throws a RangeError unless `how` is one of {@linkcode NORMALIZATIONS}. */
export function assertNormalization(how: string): asserts how is Normalization {
  if (!isNormalization(how)) {
    const expected = NORMALIZATIONS.map((name) => JSON.stringify(name)).join(" or ");
    throw new RangeError(`Cannot normalize an image by ${JSON.stringify(how)}: expected ${expected}`);
  }
}

/** Mean and standard deviation of an image's own values. */
export interface Moments {
  /** The mean. */
  readonly mean: number;
  /** The population standard deviation, at least {@linkcode LEAST_DEVIATION} for values from 0 to 1. */
  readonly deviation: number;
}

/**
 * The arithmetic of {@linkcode normalizeImage}: from one or three planes in `source` to three in `target`, with the
 * image's own moments, or ImageNet's for null. A single plane stands for all three channels. `scaling` takes samples of
 * more than 8 bits to 0..1 before.
 */
export function normalizePlanes(
  source: Float32Array,
  target: Float32Array,
  moments: Moments | null,
  scaling: Scaling | null = null,
): void {
  const length = target.length / 3;
  for (let channel = 0; channel < 3; channel++) {
    const mean = moments?.mean ?? IMAGENET_MEAN[channel] as number;
    const deviation = moments?.deviation ?? IMAGENET_DEVIATION[channel] as number;
    const from = source.length === length ? 0 : channel * length;
    const to = channel * length;
    if (scaling === null) {
      for (let i = 0; i < length; i++) target[to + i] = ((source[from + i] as number) - mean) / deviation;
      continue;
    }
    const { factor, offset } = scaling;
    for (let i = 0; i < length; i++) {
      target[to + i] = ((source[from + i] as number) * factor + offset - mean) / deviation;
    }
  }
}

/**
 * Mean and deviation of an image of one or three planes, in two passes: one pass loses digits when the deviation is
 * small. Sums are taken plane by plane, so that one plane gives the same result as the plane three times.
 */
export function momentsOf(values: Float32Array, planes: 1 | 3, least: number = LEAST_DEVIATION): Moments {
  const length = values.length / planes;
  const sums = Array.from({ length: planes }, (_, i) => {
    let sum = 0;
    for (let at = i * length; at < (i + 1) * length; at++) sum += values[at] as number;
    return sum;
  });
  const mean = addChannels(sums) / (3 * length);
  const squares = Array.from({ length: planes }, (_, i) => {
    let sum = 0;
    for (let at = i * length; at < (i + 1) * length; at++) sum += ((values[at] as number) - mean) ** 2;
    return sum;
  });
  return { mean, deviation: Math.max(Math.sqrt(addChannels(squares) / (3 * length)), least) };
}

/** The sum over three channels; a single plane counts three times. */
function addChannels([red, green, blue]: readonly number[]): number {
  return (red as number) + (green ?? red as number) + (blue ?? red as number);
}
