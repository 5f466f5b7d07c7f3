/**
 * Brings images and masks to the network's size, with PyTorch's arithmetic.
 *
 * @module
 */
import type { Tensor } from "../tensor.ts";
import { assertImage, assertSize, type Pixels, type RgbImage, type Size } from "./image.ts";
import type { Mask } from "./mask.ts";

/** Mean and deviation of ImageNet's channels, as torchvision's models want them. */
const IMAGENET_MEAN = [0.485, 0.456, 0.406];
const IMAGENET_DEVIATION = [0.229, 0.224, 0.225];

/** Of a channel or an image without contrast; keeps the division finite. */
const LEAST_DEVIATION = 1e-6;

/**
 * Scales to `[3, height, width]` with values from 0 to 1: torchvision's `resize(..., antialias=True)` of the
 * image divided by 255, bilinear (ATen's `_upsample_bilinear2d_aa`): a triangle filter as wide as the step
 * between output pixels, so that every source pixel counts when an image shrinks; widths first, then heights.
 *
 * Throws a TypeError for an image whose bytes do not fit its size, a RangeError for sides that are not
 * positive whole numbers.
 */
export function resizeImage(image: RgbImage, size: Size): Tensor {
  return resizePixels({ ...image, channels: 3 }, size);
}

/** {@linkcode resizeImage} for an image of one or three channels: `[channels, height, width]`. */
export function resizePixels(pixels: Pixels, size: Size): Tensor {
  assertImage(pixels, pixels.channels, "resize an image");
  assertSize(size, "resize an image");
  const { width, height } = size;
  const { channels, height: fromHeight } = pixels;
  const planes = scaleRows(pixels, triangleFilter(pixels.width, width));
  const vertical = triangleFilter(fromHeight, height);
  const data = new Float32Array(channels * width * height);
  const row = new Float64Array(width);
  for (let channel = 0; channel < channels; channel++) {
    const plane = planes.subarray(channel * width * fromHeight, (channel + 1) * width * fromHeight);
    for (let y = 0; y < height; y++) {
      row.fill(0);
      const start = vertical.starts[y] as number;
      const count = vertical.counts[y] as number;
      for (let k = 0; k < count; k++) {
        const weight = vertical.weights[y * vertical.taps + k] as number;
        const source = (start + k) * width;
        for (let x = 0; x < width; x++) row[x] = (row[x] as number) + weight * (plane[source + x] as number);
      }
      data.set(row, (channel * height + y) * width);
    }
  }
  return { shape: [channels, height, width], data };
}

/** Which source pixels make each output pixel, and with what weight. */
interface Filter {
  /** Places for weights of each output pixel. */
  taps: number;
  /** First source pixel of each output pixel. */
  starts: Int32Array;
  /** Source pixels of each output pixel. */
  counts: Int32Array;
  /** `taps` weights for each output pixel; those in use sum to 1. */
  weights: Float32Array;
}

/**
 * The triangle filter from `from` to `to` pixels: ATen's `_compute_weights_aa`, rounded to float32 where that
 * rounds. Exact weights would differ from PyTorch's by up to 3e-5, its centres being float32.
 */
function triangleFilter(from: number, to: number): Filter {
  const f32 = Math.fround;
  const scale = f32(from / to);
  const support = Math.max(1, scale);
  const inverse = scale >= 1 ? f32(1 / scale) : 1;
  const taps = Math.ceil(support) * 2 + 1;
  const filter: Filter = {
    taps,
    starts: new Int32Array(to),
    counts: new Int32Array(to),
    weights: new Float32Array(to * taps),
  };
  for (let i = 0; i < to; i++) {
    const center = f32(scale * (i + 0.5));
    const start = Math.max(0, Math.trunc(f32(center - support) + 0.5));
    const count = Math.min(from, Math.trunc(f32(center + support) + 0.5)) - start;
    const weights = filter.weights.subarray(i * taps, i * taps + count);
    let sum = 0;
    for (let k = 0; k < count; k++) {
      const distance = f32((f32(start + k - center) + 0.5) * inverse);
      weights[k] = Math.max(0, 1 - Math.abs(distance));
      sum = f32(sum + (weights[k] as number));
    }
    for (let k = 0; k < count; k++) weights[k] = (weights[k] as number) / sum;
    filter.starts[i] = start;
    filter.counts[i] = count;
  }
  return filter;
}

/**
 * Scales every row to the new width: `[channels, height, width]`, divided by 255. Column by column, six weights at
 * a time in registers: twice as fast as row by row.
 */
function scaleRows({ width, height, channels, data }: Pixels, filter: Filter): Float32Array {
  const toWidth = filter.starts.length;
  const planes = new Float32Array(channels * height * toWidth);
  const sums = new Float64Array(height);
  for (let channel = 0; channel < channels; channel++) {
    for (let x = 0; x < toWidth; x++) {
      const count = filter.counts[x] as number;
      const weights = filter.weights.subarray(x * filter.taps, x * filter.taps + count);
      const start = (filter.starts[x] as number) * channels + channel;
      sums.fill(0);
      for (let k = 0; k < count; k += 6) {
        const [w0 = 0, w1 = 0, w2 = 0, w3 = 0, w4 = 0, w5 = 0] = weights.subarray(k, k + 6);
        // Beyond the last tap, the first one's place with no weight.
        const step = (i: number) => k + i < count ? i * channels : 0;
        const [s1, s2, s3, s4, s5] = [step(1), step(2), step(3), step(4), step(5)];
        let at = start + k * channels;
        for (let y = 0; y < height; y++, at += width * channels) {
          sums[y] = (sums[y] as number) + w0 * (data[at] as number) + w1 * (data[at + s1] as number) +
            w2 * (data[at + s2] as number) + w3 * (data[at + s3] as number) +
            w4 * (data[at + s4] as number) + w5 * (data[at + s5] as number);
        }
      }
      for (let y = 0, at = channel * height * toWidth + x; y < height; y++, at += toWidth) {
        planes[at] = (sums[y] as number) / 255;
      }
    }
  }
  return planes;
}

/**
 * Scales a mask as `torch.nn.functional.interpolate(..., mode="nearest")`: output pixel `i` is source pixel
 * `floor(i * from / to)`, the factor being a float32 as in ATen. Throws a RangeError for sides that are not
 * positive whole numbers.
 */
export function resizeMask(mask: Mask, size: Size): Mask {
  assertImage(mask, 1, "resize a mask");
  assertSize(size, "resize a mask");
  const columns = nearestIndices(mask.width, size.width);
  const rows = nearestIndices(mask.height, size.height);
  const data = new Uint8Array(size.width * size.height);
  for (let y = 0, target = 0; y < size.height; y++) {
    const row = (rows[y] as number) * mask.width;
    for (let x = 0; x < size.width; x++) data[target++] = mask.data[row + (columns[x] as number)] as number;
  }
  return { width: size.width, height: size.height, data };
}

function nearestIndices(from: number, to: number): Int32Array {
  const scale = Math.fround(from / to);
  return Int32Array.from({ length: to }, (_, i) => Math.min(Math.floor(Math.fround(i * scale)), from - 1));
}

/**
 * Centres and scales a `[3, h, w]` image of values from 0 to 1: with ImageNet's mean and deviation of each
 * channel (the original's way), or with the mean and deviation of the image's own values, all channels
 * together (`picture`), which takes out what differs from scanner to scanner. Throws a TypeError for another
 * shape, a RangeError for another `how`.
 */
export function normalizeImage(image: Tensor, how: "imagenet" | "picture" = "imagenet"): Tensor {
  const { shape } = image;
  const [channels = 0, height = 0, width = 0] = shape;
  if (shape.length !== 3 || channels !== 3 || image.data.length !== 3 * height * width) {
    throw new TypeError(
      `Cannot normalise an image of shape [${shape}] with ${image.data.length} values: [3, h, w] is wanted`,
    );
  }
  assertNormalization(how);
  const data = new Float32Array(image.data.length);
  normalizePlanes(image.data, data, how === "picture" ? momentsOf(image.data, 3) : null);
  return { shape: [3, height, width], data };
}

/** Throws a RangeError for what is no way to normalise. */
export function assertNormalization(how: string): asserts how is "imagenet" | "picture" {
  if (how !== "imagenet" && how !== "picture") {
    throw new RangeError(`Cannot normalise an image by ${JSON.stringify(how)}: "imagenet" or "picture"`);
  }
}

/** Mean and deviation of an image's own values. */
export interface Moments {
  /** The mean. */
  readonly mean: number;
  /** The population's deviation; never 0. */
  readonly deviation: number;
}

/**
 * {@linkcode normalizeImage}'s arithmetic: from one or three planes in `source` to three in `target`, by the
 * image's own moments, or ImageNet's for null. A single plane is that of all three channels.
 */
export function normalizePlanes(source: Float32Array, target: Float32Array, moments: Moments | null): void {
  const length = target.length / 3;
  for (let channel = 0; channel < 3; channel++) {
    const mean = moments?.mean ?? IMAGENET_MEAN[channel] as number;
    const deviation = moments?.deviation ?? IMAGENET_DEVIATION[channel] as number;
    const from = source.length === length ? 0 : channel * length;
    const to = channel * length;
    for (let i = 0; i < length; i++) target[to + i] = ((source[from + i] as number) - mean) / deviation;
  }
}

/**
 * Mean and deviation of an image of one or three planes, in two passes: one pass loses digits where the deviation
 * is small. Sums are taken plane by plane, so that one plane gives the same as that plane three times.
 */
export function momentsOf(values: Float32Array, planes: 1 | 3): Moments {
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
  return { mean, deviation: Math.max(Math.sqrt(addChannels(squares) / (3 * length)), LEAST_DEVIATION) };
}

/** The sum over three channels, of which each may be that of the one plane. */
function addChannels([red, green, blue]: readonly number[]): number {
  return (red as number) + (green ?? red as number) + (blue ?? red as number);
}
