/**
 * What an image looks like to a network, in few numbers: the histogram of its intensities, together with how steep they
 * are, and mean and deviation of channels of the encoder's first level, both at points of a grid. Computed in float64 on the CPU: the same numbers on every
 * device, however the image is predicted.
 * This module is browser compatible.
 *
 * @module
 */
import { IMAGENET_DEVIATION, IMAGENET_MEAN, type Normalization } from "../image/normalize.ts";
import type { StateDict, Tensor } from "../tensor.ts";
import type { UNetConfig } from "../unet/config.ts";

/** The features of an image. */
export interface Features {
  /** Square roots of the shares of the histogram's bins, then two measures of its color. */
  readonly intensities: readonly number[];
  /** The mean of each channel, then the deviations. */
  readonly encoder: readonly number[];
}

/** Bins of the histogram: of gray values, and of how steep they are. */
const VALUE_BINS = 10;
const EDGE_BINS = 6;

/** The gray values of the first and the last bin; values beyond are in these. */
const RANGE: Readonly<Record<Normalization, readonly [low: number, high: number]>> = {
  imagenet: [0, 1],
  picture: [-1.2, 3],
};

/** Rows and columns of the grid of intensities, and of that of the encoder. */
const INTENSITY_GRID = 64;
const ENCODER_GRID = 24;

/** Most channels that are measured: more are spread evenly over the level's. */
const MOST_CHANNELS = 16;

/** ReLU and instance normalization are computed as in the network. */
const NORM_EPSILON = 1e-5;

/** The first level of an encoder, ready to measure images. */
export class FeatureMeter {
  readonly #normalize: Normalization;
  readonly #first: Convolution;
  readonly #second: Convolution;
  readonly #norm: { readonly weight: Float32Array; readonly bias: Float32Array } | null;

  /** By the weights and settings of a model. */
  constructor(state: StateDict, { norm }: UNetConfig, normalize: Normalization) {
    const weights = (name: string) => state.get(name)!.data;
    this.#normalize = normalize;
    const outputs = state.get("down1.conv1.bias")!.data.length;
    const all = Array.from({ length: outputs }, (_, channel) => channel);
    const count = Math.min(MOST_CHANNELS, outputs);
    const chosen = Array.from({ length: count }, (_, place) => Math.floor(place * outputs / count));
    this.#first = new Convolution(weights("down1.conv1.weight"), weights("down1.conv1.bias"), all);
    this.#second = new Convolution(weights("down1.conv2.weight"), weights("down1.conv2.bias"), chosen);
    this.#norm = norm === "none"
      ? null
      : { weight: weights("down1.norm1.weight"), bias: weights("down1.norm1.bias") };
  }

  /** Number of features of an image. */
  get features(): number {
    return VALUE_BINS * EDGE_BINS + 2 + 2 * this.#second.outputs;
  }

  /** The features of a network's input, `[3, h, w]`. */
  measure(input: Tensor): Features {
    return { intensities: this.#intensities(input), encoder: this.#encoder(input) };
  }

  #intensities({ shape, data }: Tensor): number[] {
    const [, height, width] = shape as [number, number, number];
    const counts = new Float64Array(VALUE_BINS * EDGE_BINS);
    const [low, high] = RANGE[this.#normalize];
    const at = (y: number, x: number) => this.#color(data, height * width, y * width + x);
    let [redder, bluer] = [0, 0];
    gridPoints(INTENSITY_GRID, height, width, (y, x) => {
      const [red, green, blue] = at(y, x);
      const along = gray(at(y, Math.min(x + 1, width - 1))) - gray(at(y, Math.max(x - 1, 0)));
      const across = gray(at(Math.min(y + 1, height - 1), x)) - gray(at(Math.max(y - 1, 0), x));
      const value = binOf((gray([red, green, blue]) - low) / (high - low), VALUE_BINS);
      // Noise and the edges of tissues are small differences: their bins are narrower.
      const edge = binOf(Math.sqrt(Math.hypot(along, across) / (high - low)), EDGE_BINS);
      counts[value * EDGE_BINS + edge]!++;
      redder += Math.abs(red - green);
      bluer += Math.abs(blue - green);
    });
    const points = INTENSITY_GRID ** 2;
    return [...Array.from(counts, (count) => Math.sqrt(count / points)), redder / points, bluer / points];
  }

  /** The color of a pixel: as the file has it, or, normalized by the image's own moments, in units of its deviation. */
  #color(data: Float32Array, plane: number, at: number): Color {
    const [red, green, blue] = [data[at]!, data[plane + at]!, data[2 * plane + at]!];
    if (this.#normalize === "picture") return [red, green, blue];
    const undo = (value: number, channel: number) =>
      value * IMAGENET_DEVIATION[channel]! + IMAGENET_MEAN[channel]!;
    return [undo(red, 0), undo(green, 1), undo(blue, 2)];
  }

  #encoder({ shape, data }: Tensor): number[] {
    const [, height, width] = shape as [number, number, number];
    const points = ENCODER_GRID ** 2;
    // The 3 x 3 neighbors of each point, zero outside of the image: what the second convolution reads.
    const channels = this.#first.outputs;
    const hidden = new Float64Array(points * 9 * channels);
    const inside = new Uint8Array(points * 9);
    const patch = new Float64Array(27);
    gridPoints(ENCODER_GRID, height, width, (y, x, at) => {
      for (let tap = 0; tap < 9; tap++) {
        const [row, column] = [y + Math.floor(tap / 3) - 1, x + tap % 3 - 1];
        if (row < 0 || row >= height || column < 0 || column >= width) continue;
        inside[9 * at + tap] = 1;
        readPatch(data, height, width, row, column, patch);
        this.#first.apply(patch, hidden, (9 * at + tap) * channels);
      }
    });
    if (this.#norm !== null) normalizeHidden(hidden, inside, channels, this.#norm);
    for (let at = 0; at < hidden.length; at++) if (hidden[at]! < 0) hidden[at] = 0;
    const outputs = this.#second.outputs;
    const values = new Float64Array(outputs);
    const sums = new Float64Array(outputs);
    const squares = new Float64Array(outputs);
    const window = new Float64Array(9 * channels);
    for (let point = 0; point < points; point++) {
      // Channel by channel, as weights are stored.
      for (let channel = 0; channel < channels; channel++) {
        for (let tap = 0; tap < 9; tap++) {
          window[9 * channel + tap] = hidden[(9 * point + tap) * channels + channel]!;
        }
      }
      this.#second.apply(window, values, 0);
      for (let output = 0; output < outputs; output++) {
        sums[output]! += values[output]!;
        squares[output]! += values[output]! ** 2;
      }
    }
    const means = Array.from(sums, (sum) => sum / points);
    const deviations = means.map((mean, output) =>
      Math.sqrt(Math.max(0, squares[output]! / points - mean * mean))
    );
    return [...means, ...deviations];
  }
}

type Color = readonly [red: number, green: number, blue: number];

function gray([red, green, blue]: Color): number {
  return (red + green + blue) / 3;
}

/** The bin of a value from 0 to 1; beyond them, the first or the last one. */
function binOf(value: number, bins: number): number {
  return Math.min(bins - 1, Math.max(0, Math.floor(value * bins)));
}

/** A 3 x 3 convolution at single points, for some of its output channels. */
class Convolution {
  readonly outputs: number;
  readonly #weight: Float64Array;
  readonly #bias: Float64Array;
  readonly #taps: number;

  constructor(weight: Float32Array, bias: Float32Array, outputs: readonly number[]) {
    this.outputs = outputs.length;
    this.#taps = weight.length / bias.length;
    this.#bias = Float64Array.from(outputs, (output) => bias[output]!);
    this.#weight = new Float64Array(outputs.length * this.#taps);
    for (const [row, output] of outputs.entries()) {
      this.#weight.set(
        weight.subarray(output * this.#taps, (output + 1) * this.#taps),
        row * this.#taps,
      );
    }
  }

  apply(taps: Float64Array, target: Float64Array, at: number): void {
    const count = this.#taps;
    for (let output = 0, from = 0; output < this.outputs; output++, from += count) {
      let sum = this.#bias[output]!;
      for (let tap = 0; tap < count; tap++) sum += this.#weight[from + tap]! * taps[tap]!;
      target[at + output] = sum;
    }
  }
}

/** The points of a grid of `count` rows and columns, evenly spread over an image. */
function gridPoints(
  count: number,
  height: number,
  width: number,
  visit: (y: number, x: number, at: number) => void,
): void {
  for (let row = 0, at = 0; row < count; row++) {
    const y = Math.floor((row + 0.5) * height / count);
    for (let column = 0; column < count; column++, at++) {
      visit(y, Math.floor((column + 0.5) * width / count), at);
    }
  }
}

function readPatch(
  data: Float32Array,
  height: number,
  width: number,
  row: number,
  column: number,
  patch: Float64Array,
): void {
  for (let channel = 0, to = 0; channel < 3; channel++) {
    for (let dy = -1; dy <= 1; dy++) {
      const y = row + dy;
      for (let dx = -1; dx <= 1; dx++, to++) {
        const x = column + dx;
        patch[to] = y < 0 || y >= height || x < 0 || x >= width
          ? 0
          : data[(channel * height + y) * width + x]!;
      }
    }
  }
}

/** Instance normalization by the moments of the points. */
function normalizeHidden(
  hidden: Float64Array,
  inside: Uint8Array,
  channels: number,
  { weight, bias }: { readonly weight: Float32Array; readonly bias: Float32Array },
): void {
  for (let channel = 0; channel < channels; channel++) {
    let [count, sum, squares] = [0, 0, 0];
    for (const [at, counts] of inside.entries()) {
      if (counts === 0) continue;
      const value = hidden[at * channels + channel]!;
      count++;
      sum += value;
      squares += value * value;
    }
    const mean = sum / count;
    const factor = weight[channel]! / Math.sqrt(Math.max(0, squares / count - mean * mean) + NORM_EPSILON);
    for (const [at, counts] of inside.entries()) {
      if (counts === 0) continue;
      hidden[at * channels + channel] = (hidden[at * channels + channel]! - mean) * factor + bias[channel]!;
    }
  }
}
