/**
 * Whether an image looks like those that a model was trained on.
 * This module is browser compatible.
 *
 * @module
 */
import type { Tensor } from "../tensor.ts";
import { type FeatureSpace, type ModelAppearance, packSpace, unpackSpace } from "../unet/model_appearance.ts";
import type { Model } from "../unet/model_format.ts";
import { FeatureMeter, type Features } from "./features.ts";
import { fitSpace, whiten } from "./feature_space.ts";

/** How far an image is from the training set, relative to the distance that the stated share of it stays below. */
export interface ImageAppearance {
  /** The distance; 1 is the threshold. */
  readonly distance: number;
  /** That of the histogram of intensities. */
  readonly intensities: number;
  /** That of the encoder's statistics, as far as the intensities do not explain them. */
  readonly encoder: number;
  /** Whether the distance exceeds 1. */
  readonly unusual: boolean;
}

/** The share of training images, held out in turn, that are not called unusual. */
const QUANTILE = 0.99;

/** Most training images that are measured: each costs milliseconds, and more change little. */
export const MOST_MEASURED = 256;

/** Fewer images do not tell what is usual. */
export const LEAST_MEASURED = 16;

/** Parts that are held out in turn. */
const PARTS = 5;

/**
 * The appearance of training images by their features. The threshold is the distance that 99 % of them stay below when
 * they are held out in turn, together with `further` ones, as of the validation split. Null for fewer than
 * {@linkcode LEAST_MEASURED} images.
 */
export function fitAppearance(
  measured: readonly Features[],
  further: readonly Features[] = [],
): ModelAppearance | null {
  if (measured.length < LEAST_MEASURED) return null;
  const vectors = measured.map(vectorOf);
  const distances: number[] = [];
  for (let part = 0; part < PARTS; part++) {
    const kept = fitSpace(vectors.filter((_, index) => index % PARTS !== part));
    for (let index = part; index < vectors.length; index += PARTS) {
      distances.push(distanceOf(whiten(kept, vectors[index]!)));
    }
  }
  const space = fitSpace(vectors);
  distances.push(...further.map((each) => distanceOf(whiten(space, vectorOf(each)))));
  distances.sort((a, b) => a - b);
  return {
    images: measured.length,
    quantile: QUANTILE,
    threshold: Math.max(distances[Math.ceil(QUANTILE * distances.length) - 1]!, LEAST_THRESHOLD),
    features: space.mean.length,
    space: packSpace(space),
  };
}

/** Copies of one image have no distance from each other. */
const LEAST_THRESHOLD = 1e-3;

/** Measures images against the training set of a model. */
export class AppearanceJudge {
  /** What the model's file keeps. */
  readonly appearance: ModelAppearance;
  readonly #meter: FeatureMeter;
  readonly #space: FeatureSpace;

  private constructor(meter: FeatureMeter, appearance: ModelAppearance) {
    this.#meter = meter;
    this.appearance = appearance;
    this.#space = unpackSpace(appearance.space, appearance.features)!;
  }

  /** The judge of a model; null if its file does not keep the appearance. */
  static of(model: Model): AppearanceJudge | null {
    const { appearance } = model.description;
    if (!appearance) return null;
    const meter = meterOf(model);
    return meter.features === appearance.features ? new AppearanceJudge(meter, appearance) : null;
  }

  /** The distance of a network's input, `[3, h, w]`, from the training set. */
  judge(input: Tensor): ImageAppearance {
    const { intensities, encoder } = this.#meter.measure(input);
    const { threshold } = this.appearance;
    const whitened = whiten(this.#space, [...intensities, ...encoder]);
    // The triangle whitens the first features without the others, and the others given the first.
    const part = (from: number, to: number) => distanceOf(whitened.subarray(from, to)) / threshold;
    const distance = part(0, whitened.length);
    return {
      distance,
      intensities: part(0, intensities.length),
      encoder: part(intensities.length, whitened.length),
      unusual: distance > 1,
    };
  }
}

/** Measures what a model sees of images. */
export function meterOf({ state, description: { network, normalize } }: Model): FeatureMeter {
  return new FeatureMeter(state, network, normalize);
}

function vectorOf({ intensities, encoder }: Features): number[] {
  return [...intensities, ...encoder];
}

/** The root mean square of whitened features: about 1 for a vector of the distribution. */
function distanceOf(whitened: Float64Array): number {
  return Math.sqrt(whitened.reduce((sum, value) => sum + value * value, 0) / whitened.length);
}
