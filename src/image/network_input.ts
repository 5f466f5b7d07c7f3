/**
 * From a decoded image to the input of a network, in training and prediction alike.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Tensor } from "../tensor.ts";
import {
  fullScale,
  type Raster,
  type RgbImage,
  type SampleImage,
  type SampleRange,
  type Size,
} from "./image.ts";
import {
  LEAST_DEVIATION,
  type Moments,
  momentsOf,
  type Normalization,
  normalizePlanes,
} from "./normalize.ts";
import { fillsFrame, frameOf, type InputExtents, padPlanes } from "./input_frame.ts";
import { resizeRaster } from "./resize.ts";
import { scalingOf } from "./sample_range.ts";

/** How images become inputs. */
export interface InputForm extends InputExtents {
  /** How they are normalized. */
  readonly normalize: Normalization;
  /** The samples of more than 8 bits that become 0 and 1; by default each image's own range. */
  readonly range?: SampleRange | null | undefined;
}

/** An image that is resized, and not normalized yet. */
export interface ResizedImage {
  /** `[channels, height, width]`, divided by the full scale. */
  readonly planes: Float32Array;
  /** The mean and deviation of these values. */
  readonly moments: Moments;
  /** What scaling to a range requires; null for 8-bit samples, which are in 0..1. */
  readonly samples: SampleScale | null;
}

/** The samples of an image of more than 8 bits. */
export interface SampleScale {
  /** What the samples were divided by. */
  readonly fullScale: number;
  /** The image's own range. */
  readonly range: SampleRange;
}

/** Resizes an image of any sample type. Throws like `resizeRaster`. */
export function resizeSamples(image: RgbImage | SampleImage, size: Size): ResizedImage {
  const raster: Raster & { readonly range?: SampleRange | null } = "channels" in image
    ? image
    : { ...image, channels: 3 };
  const { data: planes } = resizeRaster(raster, size);
  const { channels, data, range } = raster;
  // Floating-point samples have any magnitude, and none of them is noise.
  const unit = data instanceof Float32Array
    ? planes.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    : 1;
  const moments = momentsOf(planes, channels, unit > 0 ? unit * LEAST_DEVIATION : LEAST_DEVIATION);
  return { planes, moments, samples: range ? { fullScale: fullScale(data), range } : null };
}

/** Writes the input of a network, `[3, height, width]`, to `target`: the resized image, normalized. */
export function normalizeSamples(
  { planes, moments, samples }: ResizedImage,
  target: Float32Array,
  { normalize, range }: Pick<InputForm, "normalize" | "range">,
): void {
  // An image's own moments are those of its samples, whatever their range.
  if (normalize === "picture") return normalizePlanes(planes, target, moments);
  const scaling = samples === null ? null : scalingOf(range ?? samples.range, samples.fullScale);
  normalizePlanes(planes, target, null, scaling);
}

/**
 * The input of a network, `[3, height, width]`: `normalizeImage(resizeImage(...))` for 8-bit images; the samples of others
 * are scaled by the range first, or normalized with their full precision. Padding is 0, the mean of what is normalized.
 */
export function networkInput(image: RgbImage | SampleImage, form: InputForm): Tensor {
  const frame = frameOf(form, image);
  const { width, height, inner } = frame;
  const data = new Float32Array(3 * inner.width * inner.height);
  normalizeSamples(resizeSamples(image, inner), data, form);
  const shape = [3, height, width];
  if (fillsFrame(frame)) return { shape, data };
  const padded = new Float32Array(3 * width * height);
  padPlanes(data, frame, padded);
  return { shape, data: padded };
}
