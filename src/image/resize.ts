/**
 * Resizes images and label maps with PyTorch's arithmetic.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Tensor } from "../tensor.ts";
import { assertImage, assertSize, fullScale, type Raster, type RgbImage, type Size } from "./image.ts";
import type { LabelMap } from "./label_map.ts";
import type { Mask } from "./mask.ts";

/**
 * Resizes to `[3, height, width]` with values from 0 to 1: torchvision's `resize(..., antialias=True)` of the image
 * divided by 255, bilinear (ATen's `_upsample_bilinear2d_aa`): a triangle filter as wide as the step between output
 * pixels, so that every source pixel counts when an image shrinks; horizontally first, then vertically.
 *
 * Throws a TypeError for an image whose data does not fit its size, a RangeError for sides that are not integers >= 1.
 */
export function resizeImage(image: RgbImage, size: Size): Tensor {
  return resizeRaster({ ...image, channels: 3 }, size);
}

/**
 * {@linkcode resizeImage} for one or three channels of any sample type: `[channels, height, width]`. 16-bit samples
 * are divided by 65535, float32 samples keep their range.
 */
export function resizeRaster(raster: Raster, size: Size): Tensor {
  assertImage(raster, raster.channels, "resize an image");
  assertSize(size, "resize an image");
  const { width, height } = size;
  const { channels, height: fromHeight } = raster;
  const planes = scaleRows(raster, triangleFilter(raster.width, width));
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

/** The source pixels of each output pixel, and their weights. */
interface Filter {
  /** Room for weights per output pixel. */
  taps: number;
  /** First source pixel of each output pixel. */
  starts: Int32Array;
  /** Number of source pixels of each output pixel. */
  counts: Int32Array;
  /** `taps` weights per output pixel; those in use sum to 1. */
  weights: Float32Array;
}

/**
 * The triangle filter from `from` to `to` pixels: ATen's `_compute_weights_aa`, rounded to float32 at the same
 * points. Exact weights would differ from PyTorch's by up to 3e-5, since its centers are float32.
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
 * Resizes every row to the new width: `[channels, height, width]`, scaled to 0..1. Column by column, with six weights
 * in registers: twice as fast as row by row.
 */
function scaleRows({ width, height, channels, data }: Raster, filter: Filter): Float32Array {
  const toWidth = filter.starts.length;
  const planes = new Float32Array(channels * height * toWidth);
  const sums = new Float64Array(height);
  const scale = fullScale(data);
  for (let channel = 0; channel < channels; channel++) {
    for (let x = 0; x < toWidth; x++) {
      const count = filter.counts[x] as number;
      const weights = filter.weights.subarray(x * filter.taps, x * filter.taps + count);
      const start = (filter.starts[x] as number) * channels + channel;
      sums.fill(0);
      for (let k = 0; k < count; k += 6) {
        const [w0 = 0, w1 = 0, w2 = 0, w3 = 0, w4 = 0, w5 = 0] = weights.subarray(k, k + 6);
        // Beyond the last tap: the first tap again, with weight 0.
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
        planes[at] = (sums[y] as number) / scale;
      }
    }
  }
  return planes;
}

/**
 * Resizes a label map like `torch.nn.functional.interpolate(..., mode="nearest")`: output pixel `i` is source pixel
 * `floor(i * from / to)`, with the factor rounded to float32 as in ATen. Throws a TypeError for data that does not
 * fit its size, a RangeError for sides that are not integers >= 1.
 */
export function resizeLabelMap(labelMap: LabelMap, size: Size): LabelMap {
  assertImage(labelMap, 1, "resize a mask");
  assertSize(size, "resize a mask");
  const columns = nearestIndices(labelMap.width, size.width);
  const rows = nearestIndices(labelMap.height, size.height);
  const data = new Uint8Array(size.width * size.height);
  for (let y = 0, target = 0; y < size.height; y++) {
    const row = (rows[y] as number) * labelMap.width;
    for (let x = 0; x < size.width; x++) {
      data[target++] = labelMap.data[row + (columns[x] as number)] as number;
    }
  }
  const { overlaps, classCount } = labelMap;
  return {
    width: size.width,
    height: size.height,
    data,
    ...(overlaps === undefined ? {} : { overlaps, classCount }),
  };
}

/** {@linkcode resizeLabelMap} for a binary mask. */
export function resizeMask(mask: Mask, size: Size): Mask {
  return resizeLabelMap(mask, size);
}

function nearestIndices(from: number, to: number): Int32Array {
  const scale = Math.fround(from / to);
  const indices = new Int32Array(to);
  for (let i = 0; i < to; i++) indices[i] = Math.min(Math.floor(Math.fround(i * scale)), from - 1);
  return indices;
}
