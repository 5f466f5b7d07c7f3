/**
 * The network's output for one image, and its resize to the image's own size.
 * This module is browser compatible.
 *
 * @module
 */
import { assertSize, type Size } from "../image/image.ts";
import type { Tensor } from "../tensor.ts";

/** The foreground probability of each pixel. */
export interface ProbabilityMap {
  /** Width in pixels. */
  readonly width: number;
  /** Height in pixels. */
  readonly height: number;
  /** `width * height` values from 0 to 1, row-major. */
  readonly data: Float32Array;
}

/**
 * A tensor of one channel, `[h, w]`, `[1, h, w]` or `[1, 1, h, w]`, as a map that shares its memory. Throws a TypeError
 * for other shapes.
 */
export function toProbabilityMap({ shape, data }: Tensor): ProbabilityMap {
  const [height = 0, width = 0] = shape.slice(-2);
  const single = shape.length >= 2 && shape.length <= 4 && shape.slice(0, -2).every((extent) => extent === 1);
  if (!single || data.length !== width * height) {
    throw new TypeError(
      `Cannot use a tensor of shape [${shape}] with ${data.length} values as probabilities: expected [1, h, w]`,
    );
  }
  return { width, height, data };
}

/**
 * Throws a RangeError for sides that are not positive integers and for values outside 0 to 1 or NaN, and a TypeError if
 * the number of values does not match the size.
 */
export function assertProbabilities(map: ProbabilityMap, action: string): void {
  assertSize(map, action);
  const { width, height, data } = map;
  if (data.length !== width * height) {
    throw new TypeError(
      `Cannot ${action}: ${width} x ${height} pixels need ${
        width * height
      } probabilities, not ${data.length}`,
    );
  }
  const wrong = data.findIndex((value) => !(value >= 0 && value <= 1));
  if (wrong >= 0) {
    throw new RangeError(
      `Cannot ${action}: the probability in column ${wrong % width} of row ${Math.floor(wrong / width)} ` +
        `is ${data[wrong]}, expected 0 to 1`,
    );
  }
}

/**
 * Resizes like `torch.nn.functional.interpolate(..., mode="bilinear", align_corners=False)`, as ATen's
 * `upsample_bilinear2d` computes it on the CPU; shrinking does not average (`antialias=False`). Throws a RangeError for
 * sides that are not positive integers.
 */
export function resizeProbabilities(map: ProbabilityMap, size: Size): ProbabilityMap {
  assertSize(map, "resize probabilities");
  assertSize(size, "resize probabilities");
  const { width, height } = size;
  const columns = neighbors(map.width, width);
  const rows = neighbors(map.height, height);
  const data = new Float32Array(width * height);
  for (let y = 0, target = 0; y < height; y++) {
    const above = rows.first[y]! * map.width;
    const below = rows.second[y]! * map.width;
    const down = rows.weights[y]!;
    for (let x = 0; x < width; x++, target++) {
      const left = columns.first[x]!;
      const right = columns.second[x]!;
      const across = columns.weights[x]!;
      const upper = blend(map.data[above + left]!, map.data[above + right]!, across);
      const lower = blend(map.data[below + left]!, map.data[below + right]!, across);
      data[target] = blend(upper, lower, down);
    }
  }
  return { width, height, data };
}

/** Linear interpolation: `a` at weight 0, `b` at 1, exact for equal values. */
function blend(a: number, b: number, weight: number): number {
  return a + (b - a) * weight;
}

/**
 * The two source pixels around the center of each output pixel, and the weight of the second one. As in ATen, the scale
 * is rounded to float32 and the center is not: a float32 center would be off by up to 1e-5 pixels.
 */
function neighbors(from: number, to: number) {
  const scale = Math.fround(from / to);
  const first = new Int32Array(to);
  const second = new Int32Array(to);
  const weights = new Float32Array(to);
  for (let i = 0; i < to; i++) {
    const center = Math.max(0, scale * (i + 0.5) - 0.5);
    first[i] = Math.min(Math.trunc(center), from - 1);
    second[i] = Math.min(first[i]! + 1, from - 1);
    weights[i] = Math.min(Math.max(center - first[i]!, 0), 1);
  }
  return { first, second, weights };
}
