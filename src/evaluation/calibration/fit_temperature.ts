/**
 * The temperatures that fit logits to labels best: Guo et al., On Calibration of Modern Neural Networks, ICML 2017.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Tensor } from "../../tensor.ts";
import { type Head } from "../../unet/config.ts";
import { TEMPERATURES } from "../../unet/model_calibration.ts";
import { evenPlace } from "../statistics.ts";

/** Logits beyond this count as this: their probability is 0 or 1 in float32 at most temperatures. */
const LARGEST = 64;

/** Bins per unit of a logit: rounding moves the loss by less than 1e-5 of itself. */
const RESOLUTION = 64;

/** Pixels of a softmax that are kept, spread evenly over all images. */
const MOST_PIXELS = 2 ** 18;

/** Collects logits and labels of images that a model has not seen. */
export interface TemperatureFit {
  /**
   * Adds a batch.
   *
   * @param logits [N, C, H, W]
   * @param masks as `Batch.masks`: -1 where a pixel is ignored
   */
  add(logits: Tensor, masks: Tensor): void;
  /** The temperatures of least negative log-likelihood: one per class with a sigmoid, a single one with a softmax. */
  temperatures(): number[];
}

/**
 * A fit for a head; `pixels` is how many pixels there will be at most.
 *
 * With a sigmoid every logit counts, in fine bins. With a softmax, whose loss depends on all logits of a pixel together,
 * a share of all pixels is kept.
 */
export function temperatureFit(head: Head, channels: number, pixels: number): TemperatureFit {
  return head === "sigmoid" ? new SigmoidFit(channels) : new SoftmaxFit(channels, pixels);
}

class SigmoidFit implements TemperatureFit {
  /** Per class and label, a count per bin. */
  readonly #counts: readonly (readonly [Float64Array, Float64Array])[];

  constructor(classes: number) {
    const bins = 2 * LARGEST * RESOLUTION + 1;
    this.#counts = Array.from({ length: classes }, () => [new Float64Array(bins), new Float64Array(bins)]);
  }

  add({ shape, data }: Tensor, masks: Tensor): void {
    const [, channels, height, width] = shape as [number, number, number, number];
    const pixels = height * width;
    for (let at = 0; at < data.length; at++) {
      const label = masks.data[at]!;
      if (label < 0) continue;
      const logit = Math.max(-LARGEST, Math.min(LARGEST, data[at]!));
      const counts = this.#counts[Math.floor(at / pixels) % channels]!;
      counts[label > 0 ? 1 : 0][Math.round((logit + LARGEST) * RESOLUTION)]!++;
    }
  }

  temperatures(): number[] {
    return this.#counts.map(([negative, positive]) => {
      const loss = (temperature: number) => {
        let sum = 0;
        for (let bin = 0; bin < negative.length; bin++) {
          if (negative[bin] === 0 && positive[bin] === 0) continue;
          const scaled = (bin / RESOLUTION - LARGEST) / temperature;
          sum += negative[bin]! * softplus(scaled) + positive[bin]! * softplus(-scaled);
        }
        return sum;
      };
      return leastTemperature(loss);
    });
  }
}

class SoftmaxFit implements TemperatureFit {
  readonly #channels: number;
  /** Pixels whose {@linkcode evenPlace} is less are kept. */
  #limit: number;
  /** Kept pixels, channel after channel, with their labels. */
  #logits: number[] = [];
  #labels: number[] = [];
  #places: number[] = [];
  #seen = 0;

  constructor(channels: number, pixels: number) {
    this.#channels = channels;
    this.#limit = Math.min(1, MOST_PIXELS / pixels);
  }

  add({ shape, data }: Tensor, masks: Tensor): void {
    const [images, channels, height, width] = shape as [number, number, number, number];
    const pixels = height * width;
    for (let image = 0; image < images; image++) {
      for (let at = 0; at < pixels; at++) {
        const label = masks.data[image * pixels + at]!;
        if (label < 0 || evenPlace(this.#seen++) >= this.#limit) continue;
        this.#labels.push(label);
        this.#places.push(this.#seen - 1);
        for (let channel = 0; channel < channels; channel++) {
          this.#logits.push(data[(image * channels + channel) * pixels + at]!);
        }
        if (this.#labels.length >= 2 * MOST_PIXELS) this.#thin();
      }
    }
  }

  /** Keeps half of the pixels: images that are read in windows may be larger than the first one. */
  #thin(): void {
    this.#limit /= 2;
    const stays = this.#places.map((place) => evenPlace(place) < this.#limit);
    this.#labels = this.#labels.filter((_, at) => stays[at]);
    this.#places = this.#places.filter((_, at) => stays[at]);
    this.#logits = this.#logits.filter((_, at) => stays[Math.floor(at / this.#channels)]);
  }

  temperatures(): number[] {
    const channels = this.#channels;
    const loss = (temperature: number) => {
      let sum = 0;
      this.#labels.forEach((label, at) => {
        const first = at * channels;
        let largest = -Infinity;
        for (let i = first; i < first + channels; i++) largest = Math.max(largest, this.#logits[i]!);
        let total = 0;
        for (let i = first; i < first + channels; i++) {
          total += Math.exp((this.#logits[i]! - largest) / temperature);
        }
        sum += Math.log(total) - (this.#logits[first + label]! - largest) / temperature;
      });
      return sum;
    };
    return [leastTemperature(loss)];
  }
}

function softplus(value: number): number {
  return Math.max(value, 0) + Math.log1p(Math.exp(-Math.abs(value)));
}

/** Steps of the search: each leaves 0.62 of the interval. */
const STEPS = 40;

/** The temperature of least loss, which falls up to it and rises after it, to four digits. */
export function leastTemperature(loss: (temperature: number) => number): number {
  const ratio = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [Math.log(TEMPERATURES.least), Math.log(TEMPERATURES.most)];
  const at = (place: number) => loss(Math.exp(place));
  let [a, b] = [high - ratio * (high - low), low + ratio * (high - low)];
  let [lossA, lossB] = [at(a), at(b)];
  for (let step = 0; step < STEPS; step++) {
    // Without labels all are equal: 1 stays.
    if (lossA === lossB && lossA === 0) return 1;
    if (lossA < lossB) {
      [high, b, lossB] = [b, a, lossA];
      a = high - ratio * (high - low);
      lossA = at(a);
    } else {
      [low, a, lossA] = [a, b, lossB];
      b = low + ratio * (high - low);
      lossB = at(b);
    }
  }
  const found = Number(Math.exp((low + high) / 2).toPrecision(4));
  return Math.max(TEMPERATURES.least, Math.min(TEMPERATURES.most, found));
}
