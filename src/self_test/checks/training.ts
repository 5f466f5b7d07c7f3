/**
 * Self-tests of the optimizer step, augmentation, and the calibration kernel.
 * This module is browser compatible.
 *
 * @module
 */
import { adamAverageStep, adamStep } from "../../../kernels/adam/adam.ts";
import { augment, toneChange } from "../../../kernels/augment/augment.ts";
import { weightedSum } from "../../../kernels/average/average.ts";
import { clipScale, gradientSquares } from "../../../kernels/clip/clip.ts";
import { multiplyAdd } from "../../../kernels/probe/multiply_add.ts";
import { draw, drawFour, STREAMS } from "../../random.ts";
import { lossChecks } from "./losses.ts";
import { type Check, random, stepUniform, sum, sumLimit, table } from "./check.ts";

/** The checks. */
export function* trainingChecks(): Generator<Check> {
  yield* lossChecks();
  yield* updateChecks();
  yield augmentCheck();
  yield toneCheck();
  const out = random(99, 64).map((value) => value + 2);
  yield { dispatch: multiplyAdd(64, 10), operands: { out }, expected: { out }, limit: 1e-4 };
}

function* updateChecks(): Generator<Check> {
  const [rate, inverseRoot, beta1, beta2, epsilon, shrink] = [0.01, 3, 0.9, 0.75, 1e-3, 0.99];
  const weights = random(82, 12);
  const gradient = random(83, 12);
  const first_moment = random(84, 12);
  const second_moment = random(85, 12).map(Math.abs);
  const first = table(12, (i) => beta1 * first_moment[i]! + (1 - beta1) * gradient[i]! / 2);
  const second = table(12, (i) => beta2 * second_moment[i]! + (1 - beta2) * (gradient[i]! / 2) ** 2);
  const total = random(86, 12);
  const operands = {
    weights,
    gradient,
    first_moment,
    second_moment,
    gradient_scale: Float32Array.of(0.5, 0, 0, 0),
    step: stepUniform(0, 1, 0, [rate, inverseRoot, beta1, beta2, epsilon, shrink, 0.75]),
  };
  const updated = table(
    12,
    (i) => shrink * weights[i]! - rate * first[i]! / (Math.sqrt(second[i]!) * inverseRoot + epsilon),
  );
  const expected = { first_moment: first, second_moment: second, weights: updated };
  yield { dispatch: adamStep(12), operands, expected, limit: 1e-6 };
  yield {
    dispatch: adamAverageStep(12),
    operands: { ...operands, average: total },
    expected: { ...expected, average: table(12, (i) => 0.75 * total[i]! + 0.25 * updated[i]!) },
    limit: 1e-6,
  };
  yield {
    dispatch: weightedSum(11, 0.9, 0.1),
    operands: { value: weights, total },
    expected: { total: table(12, (i) => i < 11 ? 0.9 * total[i]! + 0.1 * weights[i]! : total[i]!) },
    limit: 2 ** -22,
  };
  const squares = sum(12, (i) => gradient[i]! ** 2);
  yield {
    dispatch: gradientSquares(12, 0),
    operands: { gradient },
    expected: { partial: [squares] },
    limit: sumLimit(12),
  };
  yield {
    dispatch: clipScale(4, 0.5),
    operands: { partial: Float32Array.of(1, 2, 3, 4) },
    expected: { gradient_scale: [0.5 / (Math.sqrt(10) + 1e-6)] },
    limit: 2 ** -22,
  };
}

/** Rotation, random flip, contrast and an elastic displacement on two images of 5 x 6. */
function augmentCheck(): Check {
  const elastic = 0.12;
  const shape = { batch: 2, channels: 1, height: 5, width: 6 };
  const source_images = random(87, 60);
  const source_masks = source_images.map((value) => value > 0 ? 1 : 0);
  const [seed, step, firstImage] = [5, 3, 7];
  const chance = (image: number, kind: number) =>
    (draw(firstImage + image, step, seed, STREAMS.augmentation + kind) >>> 8) / 2 ** 23 - 1;
  // The displacement is a sum over 7 x 7 control points, 4 cells per side.
  const spline = (d: number) => d < 1 ? 2 / 3 - d * d + d ** 3 / 2 : Math.max(0, 2 - d) ** 3 / 6;
  const offset = (image: number, axis: number, x: number, y: number) =>
    elastic * sum(49, (point) => {
      const drawn = drawFour(firstImage + image, step, seed, STREAMS.elastic + point)[axis]!;
      const weight = spline(Math.abs(4 * x - point % 7 + 1)) *
        spline(Math.abs(4 * y - Math.floor(point / 7) + 1));
      return weight * ((drawn >>> 8) / 2 ** 23 - 1);
    });
  const placeOf = (index: number): [number, number] => {
    const image = Math.floor(index / 30);
    const angle = Math.PI / 4 * chance(image, 1);
    const [column, row] = [index % 6, Math.floor(index / 6) % 5];
    const [across, down] = [(column + 0.5) / 6, (row + 0.5) / 5];
    const dx = column - 2.5 + 6 * offset(image, 0, across, down);
    const dy = row - 2 + 5 * offset(image, 1, across, down);
    const x = Math.cos(angle) * dx + Math.sin(angle) * dy;
    return [
      2.5 + (chance(image, 2) < 0 ? -x : x),
      2 + Math.cos(angle) * dy - Math.sin(angle) * dx,
    ];
  };
  const clamp = (value: number, end: number) => Math.min(end - 1, Math.max(0, value));
  return {
    dispatch: augment(shape, 1, {
      flipHorizontal: true,
      flipVertical: false,
      rotation: 45,
      scale: 0,
      shift: 0,
      elastic,
      contrast: 0.5,
      brightness: 0,
      noise: 0,
    }),
    operands: { source_images, source_masks, step: stepUniform(seed, step, 0, [], firstImage) },
    expected: {
      images: table(60, (index) => {
        const image = Math.floor(index / 30);
        const [x, y] = placeOf(index);
        const mixed = sum(4, (corner) => {
          const [column, row] = [Math.floor(x) + corner % 2, Math.floor(y) + (corner >> 1)];
          const share = (1 - Math.abs(x - column)) * (1 - Math.abs(y - row));
          return share * source_images[image * 30 + clamp(row, 5) * 6 + clamp(column, 6)]!;
        });
        return (1 + 0.5 * chance(image, 3)) * mixed;
      }),
      masks: table(60, (index) => {
        const [column, row] = placeOf(index).map(Math.round) as [number, number];
        const inside = column >= 0 && row >= 0 && column < 6 && row < 5;
        return inside ? source_masks[Math.floor(index / 30) * 30 + row * 6 + column]! : 0;
      }),
    },
    limit: 1e-4,
  };
}

/** A gamma curve, a smooth curve and a bias field on some of three images of 5 x 6, and inversion of some of these. */
function toneCheck(): Check {
  const strength = { gamma: 0.7, tone: 0.5, bias: 0.5, invert: 0.5, share: 0.7 };
  const flips = { flipHorizontal: false, flipVertical: false };
  const images = random(88, 90);
  const [seed, step, firstImage] = [5, 3, 7];
  const drawn = (image: number, kind: number) =>
    drawFour(firstImage + image, step, seed, STREAMS.tone + kind).map((value) => (value >>> 8) / 2 ** 24);
  const softplus = (x: number) => Math.log1p(Math.exp(x));
  const turn = 2 * Math.PI;
  const changed = (index: number) => {
    const image = Math.floor(index / 30);
    const [share, invert, exponent, gain] = drawn(image, 0) as [number, number, number, number];
    if (share >= strength.share) return images[index]!;
    const [curve, wave, field] = [1, 2, 3].map((kind) => drawn(image, kind)) as [
      number[],
      number[],
      number[],
    ];
    let z = -Math.log(Math.expm1(Math.exp(strength.gamma * (2 * exponent - 1)) * softplus(-images[index]!)));
    z += sum(2, (which) => {
      const rate = turn / (4 + 8 * curve[which]!);
      const rise = strength.tone / 2 * (2 * curve[2 + which]! - 1) / rate;
      return rise * Math.sin(rate * z + turn * wave[which]!);
    });
    const across = (2 * field[0]! - 1) * (index % 6) / 6 +
      (2 * field[1]! - 1) * (Math.floor(index / 6) % 5) / 5;
    z += strength.bias * (2 * gain - 1) * Math.cos(turn * (across + field[2]!)) * softplus(z);
    return invert < strength.invert ? -z : z;
  };
  return {
    dispatch: toneChange({ batch: 3, channels: 1, height: 5, width: 6 }, {
      ...{ ...flips, rotation: 0, scale: 0, shift: 0, contrast: 0, brightness: 0, noise: 0 },
      ...strength,
    }),
    operands: { images, step: stepUniform(seed, step, 0, [], firstImage) },
    expected: { images: table(90, changed) },
    limit: 1e-4,
  };
}
