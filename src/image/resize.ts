/**
 * Brings pictures and masks to the network's size, with PyTorch's arithmetic.
 *
 * @module
 */
import type { Tensor } from "../tensor.ts";
import { assertImage, assertSize, type RgbImage, type Size } from "./image.ts";
import type { Mask } from "./mask.ts";

/** Mean and deviation of ImageNet's channels, as torchvision's models want them. */
const IMAGENET_MEAN = [0.485, 0.456, 0.406];
const IMAGENET_DEVIATION = [0.229, 0.224, 0.225];

/** Of a channel or a picture without contrast; keeps the division finite. */
const LEAST_DEVIATION = 1e-6;

/**
 * Scales to `[3, height, width]` with values from 0 to 1: torchvision's `resize(..., antialias=True)` of the
 * picture divided by 255, bilinear (ATen's `_upsample_bilinear2d_aa`): a triangle filter as wide as the step
 * between output pixels, so that every source pixel counts when a picture shrinks; widths first, then heights.
 *
 * Throws a TypeError for a picture whose bytes do not fit its size, a RangeError for sides that are not
 * positive whole numbers.
 */
export function resizeImage(image: RgbImage, size: Size): Tensor {
  assertImage(image, 3, "resize a picture");
  assertSize(size, "resize a picture");
  const { width, height } = size;
  const planes = scaleRows(image, triangleFilter(image.width, width));
  const vertical = triangleFilter(image.height, height);
  const data = new Float32Array(3 * width * height);
  const row = new Float64Array(width);
  for (let channel = 0; channel < 3; channel++) {
    const plane = planes.subarray(channel * width * image.height, (channel + 1) * width * image.height);
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
  return { shape: [3, height, width], data };
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

/** Scales every row to the new width: `[3, image.height, width]`, divided by 255. */
function scaleRows(image: RgbImage, filter: Filter): Float32Array {
  const width = filter.starts.length;
  const plane = width * image.height;
  const planes = new Float32Array(3 * plane);
  const { data } = image;
  for (let y = 0; y < image.height; y++) {
    const row = y * image.width * 3;
    for (let x = 0; x < width; x++) {
      let at = row + (filter.starts[x] as number) * 3;
      const count = filter.counts[x] as number;
      let red = 0, green = 0, blue = 0;
      for (let k = 0; k < count; k++, at += 3) {
        const weight = filter.weights[x * filter.taps + k] as number;
        red += weight * (data[at] as number);
        green += weight * (data[at + 1] as number);
        blue += weight * (data[at + 2] as number);
      }
      const target = y * width + x;
      planes[target] = red / 255;
      planes[target + plane] = green / 255;
      planes[target + 2 * plane] = blue / 255;
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
  let target = 0;
  for (const y of rows) {
    const row = y * mask.width;
    for (const x of columns) data[target++] = mask.data[row + x] as number;
  }
  return { width: size.width, height: size.height, data };
}

function nearestIndices(from: number, to: number): Int32Array {
  const scale = Math.fround(from / to);
  return Int32Array.from({ length: to }, (_, i) => Math.min(Math.floor(Math.fround(i * scale)), from - 1));
}

/**
 * Centres and scales a `[3, h, w]` picture of values from 0 to 1: with ImageNet's mean and deviation of each
 * channel (the original's way), or with the mean and deviation of the picture's own values, all channels
 * together (`picture`), which takes out what differs from scanner to scanner. Throws a TypeError for another
 * shape, a RangeError for another `how`.
 */
export function normalizeImage(image: Tensor, how: "imagenet" | "picture" = "imagenet"): Tensor {
  const { shape } = image;
  const [channels = 0, height = 0, width = 0] = shape;
  if (shape.length !== 3 || channels !== 3 || image.data.length !== 3 * height * width) {
    throw new TypeError(
      `Cannot normalise a picture of shape [${shape}] with ${image.data.length} values: [3, h, w] is wanted`,
    );
  }
  if (how !== "imagenet" && how !== "picture") {
    throw new RangeError(`Cannot normalise a picture by ${JSON.stringify(how)}: "imagenet" or "picture"`);
  }
  const data = new Float32Array(image.data.length);
  const own = how === "picture" ? momentsOf(image.data) : undefined;
  for (let channel = 0; channel < 3; channel++) {
    const mean = own?.mean ?? IMAGENET_MEAN[channel] as number;
    const deviation = own?.deviation ?? IMAGENET_DEVIATION[channel] as number;
    const plane = height * width;
    for (let i = channel * plane; i < (channel + 1) * plane; i++) {
      data[i] = ((image.data[i] as number) - mean) / deviation;
    }
  }
  return { shape: [3, height, width], data };
}

/** Mean and (population) deviation, in two passes: one pass loses digits where the deviation is small. */
function momentsOf(values: Float32Array): { mean: number; deviation: number } {
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / values.length;
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  return { mean, deviation: Math.max(Math.sqrt(squares / values.length), LEAST_DEVIATION) };
}
