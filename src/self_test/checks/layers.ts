/**
 * Self-tests of pooling, dropout and instance normalization.
 * This module is browser compatible.
 *
 * @module
 */
import { dropoutForward } from "../../../kernels/dropout/dropout.ts";
import {
  normAffine,
  normBackward,
  normBackwardBands,
  normBackwardSums,
  normBands,
} from "../../../kernels/instance_norm/instance_norm.ts";
import { maxPoolBackward, maxPoolForward } from "../../../kernels/max_pool2d/max_pool2d.ts";
import { draw, STREAMS } from "../../random.ts";
import { windowCheck } from "./windows.ts";
import { type Check, random, stepUniform, sum, sumLimit, table } from "./check.ts";

const NOTHING = new Float32Array(4);

/** The checks. */
export function* layerChecks(): Generator<Check> {
  yield* poolChecks();
  yield* normChecks();
  yield windowCheck();
  const x = random(73, 100);
  const [seed, step, firstImage, firstElement] = [9, 4, 3, 1000];
  yield {
    dispatch: dropoutForward(
      { pixels: 50, count: 2, firstElement, imageElements: 100 },
      0.4,
      false,
    ),
    operands: { x, affine: NOTHING, step: stepUniform(seed, step, 0, [], firstImage) },
    expected: {
      y: table(
        100,
        (i) =>
          draw(100 * firstImage + firstElement + i, step, seed, STREAMS.dropout) >= 0.4 * 2 ** 32
            ? x[i]! / 0.6
            : 0,
      ),
    },
    limit: 2 ** -22,
  };
}

/** 700 planes of 4 x 6: more than one value per invocation. */
function* poolChecks(): Generator<Check> {
  const planes = { height: 2, width: 3, count: 700 };
  const pooled = 6 * planes.count;
  // Values in quarters tie often.
  const x = random(70, 4 * pooled).map((value) => Math.max(0, Math.round(4 * value) / 4));
  const window = (index: number) => {
    const corner = Math.floor(index / 3) * 12 + index % 3 * 2;
    return [corner, corner + 1, corner + 6, corner + 7];
  };
  const largest = table(pooled, (index) => Math.max(...window(index).map((at) => x[at]!)));
  yield {
    dispatch: maxPoolForward(planes, false),
    operands: { x, affine: NOTHING },
    expected: { y: largest },
    limit: 0,
  };
  const gradient = random(71, pooled);
  const before = random(72, 4 * pooled);
  const after = Float64Array.from(before);
  largest.forEach((value, index) => {
    const winner = window(index).find((at) => x[at] === value)!;
    if (value > 0) after[winner]! += gradient[index]!;
  });
  yield {
    dispatch: maxPoolBackward(planes, false),
    operands: { x, affine: NOTHING, gradient, grad_input: before },
    expected: { grad_input: after },
    limit: 2 ** -22,
  };
}

/** Two images of 2 channels, 8 pixels in 2 bands of 4. */
function* normChecks(): Generator<Check> {
  const shape = { batch: 2, channels: 2, height: 2, width: 4 };
  const bands = { pixels: 4, perImage: 2, total: 4 };
  const planes = { pixels: 8, first: 0, count: 4 };
  const z = random(74, 32);
  const mean = (first: number, count: number) => sum(count, (i) => z[first + i]!) / count;
  const squares = (first: number, count: number) =>
    sum(count, (i) => (z[first + i]! - mean(first, count)) ** 2);
  /** One pair per item. */
  const pairs = (count: number, pair: (item: number) => readonly [number, number]) =>
    table(2 * count, (index) => pair(index >> 1)[index % 2]!);
  const partial = pairs(8, (band) => [mean(4 * band, 4), squares(4 * band, 4)]);
  yield {
    dispatch: normBands(planes, bands),
    operands: { z, z_vectors: z },
    expected: { partial },
    limit: sumLimit(4),
  };
  const weight = random(75, 2);
  const bias = random(76, 2);
  const statistics = pairs(
    4,
    (plane) => [mean(8 * plane, 8), 1 / Math.sqrt(squares(8 * plane, 8) / 8 + 1e-5)],
  );
  const affine = pairs(4, (plane) => {
    const scale = weight[plane % 2]! * statistics[2 * plane + 1]!;
    return [scale, bias[plane % 2]! - statistics[2 * plane]! * scale];
  });
  yield {
    dispatch: normAffine(shape, bands),
    operands: { partial: Float32Array.from(partial), weight, bias },
    expected: { statistics, affine },
    limit: sumLimit(16),
  };
  const gradient = random(77, 32);
  const normalized = z.map((value, i) => (value - statistics[i >> 3 << 1]!) * statistics[(i >> 3 << 1) + 1]!);
  const sumsOf = (first: number, count: number): [number, number] => [
    sum(count, (i) => gradient[first + i]!),
    sum(count, (i) => gradient[first + i]! * normalized[first + i]!),
  ];
  const single = Float32Array.from(statistics);
  const backwardPartial = pairs(8, (band) => sumsOf(4 * band, 4));
  yield {
    dispatch: normBackwardBands(planes, bands),
    operands: { z, z_vectors: z, gradient, gradient_vectors: gradient, statistics: single },
    expected: { partial: backwardPartial },
    limit: sumLimit(16),
  };
  const sums = pairs(4, (plane) => sumsOf(8 * plane, 8));
  const channelSum = (channel: number, part: 0 | 1) =>
    sums[2 * channel + part]! + sums[2 * channel + 4 + part]!;
  yield {
    dispatch: normBackwardSums(shape, bands),
    operands: { partial: Float32Array.from(backwardPartial) },
    expected: {
      sums,
      grad_weight: table(2, (channel) => channelSum(channel, 1)),
      grad_bias: table(2, (channel) => channelSum(channel, 0)),
    },
    limit: sumLimit(16),
  };
  yield {
    dispatch: normBackward(planes),
    operands: {
      z,
      statistics: single,
      affine: Float32Array.from(affine),
      sums: Float32Array.from(sums),
      gradient,
    },
    expected: {
      gradient: table(32, (i) => {
        const at = i >> 3 << 1;
        return affine[at]! * (gradient[i]! - sums[at]! / 8 - normalized[i]! * sums[at + 1]! / 8);
      }),
    },
    limit: sumLimit(16),
  };
}
