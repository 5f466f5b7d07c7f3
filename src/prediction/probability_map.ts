/**
 * The network's answer for one image, and how it comes back to the image's own size.
 * This module is browser compatible.
 *
 * @module
 */
import { assertSize, type Size } from "../image/image.ts";
import type { Tensor } from "../tensor.ts";

/** How likely each pixel belongs to a tumor. */
export interface ProbabilityMap {
  /** Pixels in a row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** `width * height` values from 0 to 1, row-major. */
  readonly data: Float32Array;
}

/**
 * Takes a tensor of one channel, `[h, w]`, `[1, h, w]` or `[1, 1, h, w]`, as a map; shares its memory. Throws a
 * TypeError for other shapes.
 */
export function toProbabilityMap({ shape, data }: Tensor): ProbabilityMap {
  const [height = 0, width = 0] = shape.slice(-2);
  const single = shape.length >= 2 && shape.length <= 4 && shape.slice(0, -2).every((extent) => extent === 1);
  if (!single || data.length !== width * height) {
    throw new TypeError(
      `Cannot take a tensor of shape [${shape}] with ${data.length} values as probabilities: [1, h, w] is wanted`,
    );
  }
  return { width, height, data };
}

/**
 * Throws a RangeError for sides that are no positive whole numbers and for a value outside of 0 to 1 (NaN too),
 * and a TypeError for another number of values than the size says.
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
        `is ${data[wrong]}, not from 0 to 1`,
    );
  }
}

/**
 * Scales as `torch.nn.functional.interpolate(..., mode="bilinear", align_corners=False)`, as ATen's
 * `upsample_bilinear2d` computes it on the CPU. Where it shrinks it does not average (`antialias=False`). Throws a RangeError
 * for sides that are not positive whole numbers.
 */
export function resizeProbabilities(map: ProbabilityMap, size: Size): ProbabilityMap {
  assertSize(map, "scale probabilities");
  assertSize(size, "scale probabilities");
  const { width, height } = size;
  const columns = neighbours(map.width, width);
  const rows = neighbours(map.height, height);
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

/** `a` at 0, `b` at 1; of equal values, exactly these. */
function blend(a: number, b: number, weight: number): number {
  return a + (b - a) * weight;
}

/**
 * Which two source pixels lie around each output pixel's centre, and how much the second one counts. As in ATen, the
 * factor is rounded to float32 and the centre is not: a float32 centre would be up to 1e-5 pixels away.
 */
function neighbours(from: number, to: number) {
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
