/**
 * Self-tests of the Winograd transforms, with the matrices of Lavin and Gray, Fast Algorithms for Convolutional Neural
 * Networks, CVPR 2016.
 * This module is browser compatible.
 *
 * @module
 */
import { REPLACE } from "../../../kernels/accumulation.ts";
import {
  tile,
  type Tiling,
  winogradGrad,
  winogradInput,
  winogradOutput,
  winogradWeight,
  winogradWeightGrad,
} from "../../../kernels/conv2d/winograd.ts";
import { type Nchw, size } from "../../../kernels/shape.ts";
import { type Check, pixelOf, placeOf, random, sum, sumLimit, table } from "./check.ts";

type Matrix = readonly (readonly number[])[];

/** The matrices B^T, G and A^T. */
const MATRICES: Record<2 | 4, { input: Matrix; weight: Matrix; output: Matrix }> = {
  2: {
    input: [[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]],
    weight: [[1, 0, 0], [1 / 2, 1 / 2, 1 / 2], [1 / 2, -1 / 2, 1 / 2], [0, 0, 1]],
    output: [[1, 1, 1, 0], [0, 1, -1, -1]],
  },
  4: {
    input: [
      [4, 0, -5, 0, 1, 0],
      [0, -4, -4, 1, 1, 0],
      [0, 4, -4, -1, 1, 0],
      [0, -2, -1, 2, 1, 0],
      [0, 2, -1, -2, 1, 0],
      [0, 4, 0, -5, 0, 1],
    ],
    weight: [
      [1 / 4, 0, 0],
      [-1 / 6, -1 / 6, -1 / 6],
      [-1 / 6, 1 / 6, -1 / 6],
      [1 / 24, 1 / 12, 1 / 6],
      [1 / 24, -1 / 12, 1 / 6],
      [0, 0, 1],
    ],
    output: [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]],
  },
};

/** The value at `row`, `column` of l x l^T. */
function sandwich(
  l: Matrix,
  x: (row: number, column: number) => number,
  row: number,
  column: number,
): number {
  const width = l[0]!.length;
  return sum(width, (i) => l[row]![i]! * sum(width, (j) => x(i, j) * l[column]![j]!));
}

function transposed(matrix: Matrix): Matrix {
  return matrix[0]!.map((_, column) => matrix.map((row) => row[column]!));
}

/** Bound on how much the transforms amplify rounding errors: the product of both sides' sums of absolute values. */
function gain(matrix: Matrix): number {
  return Math.max(...matrix.map((row) => sum(row.length, (i) => Math.abs(row[i]!)))) ** 2;
}

const NOTHING = new Float32Array(4);

/** The checks. */
export function* winogradChecks(): Generator<Check> {
  for (const [side, pairs] of [[2, false], [4, false], [4, true]] as const) {
    yield* transformChecks(side, pairs);
    yield* weightChecks(side, pairs);
  }
  yield* laneChecks();
}

/** Two images of 4 x 8 with 2 channels. */
function* transformChecks(side: 2 | 4, pairs: boolean): Generator<Check> {
  const matrices = MATRICES[side];
  const n = side + 2;
  const shape = { batch: 2, channels: 2, height: 4, width: 8 };
  const tiling = tile(shape, side, pairs);
  yield inputCheck(tiling, shape);
  const wide = transposed(matrices.output);
  const { positions, padded, tiles } = tiling;
  const gradient = random(20 + side, size(shape));
  const pixel = pixelOf(gradient, shape);
  yield {
    dispatch: winogradGrad(tiling, { channels: 2, first: 0, depth: 2 }),
    operands: { gradient },
    expected: {
      d: table(positions * padded * 2, (index) => {
        const [z, t, channel] = [Math.floor(index / 2 / padded), Math.floor(index / 2) % padded, index % 2];
        const [image, top, left] = cornerOf(tiling, t);
        const patch = (i: number, j: number) => pixel(image, channel, top + i, left + j);
        return t < tiles ? sandwich(wide, patch, Math.floor(z / n), z % n) : 0;
      }),
    },
    limit: gain(wide) * 2 ** -22,
  };
  yield outputCheck(tiling, shape);
}

/**
 * What exchanges values within subgroups: rows of 12 tiles begin and end within subgroups, and 9 channels of 24 tiles,
 * padded to 32, fill one workgroup and an eighth of another.
 */
function* laneChecks(): Generator<Check> {
  const shape = { batch: 1, channels: 9, height: 8, width: 48 };
  const tiling = tile(shape, 4, true, true);
  const needs = "subgroups of exactly 8";
  yield { needs, ...inputCheck(tiling, shape) };
  yield { needs, ...outputCheck(tiling, shape) };
}

/** Image, first row and first column of a tile. */
function cornerOf({ side, rows, columns }: Tiling, index: number): [number, number, number] {
  const image = Math.floor(index / (rows * columns));
  return [image, Math.floor(index / columns) % rows * side, index % columns * side];
}

function inputCheck(tiling: Tiling, shape: Nchw): Check {
  const { side, positions, padded, tiles } = tiling;
  const { channels } = shape;
  const n = side + 2;
  const matrix = MATRICES[side].input;
  const x = random(20 + side, size(shape));
  const pixel = pixelOf(x, shape);
  return {
    dispatch: winogradInput(tiling, { channels, first: 0, depth: channels }, false),
    operands: { x, affine: NOTHING },
    expected: {
      v: table(positions * channels * padded, (index) => {
        const [z, channel, t] = [
          Math.floor(index / channels / padded),
          Math.floor(index / padded) % channels,
          index % padded,
        ];
        const [image, top, left] = cornerOf(tiling, t);
        const patch = (i: number, j: number) => pixel(image, channel, top + i - 1, left + j - 1);
        return t < tiles ? sandwich(matrix, patch, Math.floor(z / n), z % n) : 0;
      }),
    },
    limit: gain(matrix) * 2 ** -22,
  };
}

function outputCheck(tiling: Tiling, shape: Nchw): Check {
  const { side, positions, padded, rows, columns } = tiling;
  const { channels } = shape;
  const n = side + 2;
  const matrix = MATRICES[side].output;
  const m = random(30 + side, positions * channels * padded);
  const bias = random(40 + side, channels);
  return {
    dispatch: winogradOutput(
      tiling,
      { target: shape, firstChannel: 0, channels, rows: channels, firstRow: 0 },
      { bias: true, relu: true },
    ),
    operands: { m, bias, gate: NOTHING, gate_affine: NOTHING },
    expected: {
      y: table(size(shape), (index) => {
        const [image, channel, i, j] = placeOf(index, shape);
        const t = (image * rows + Math.floor(i / side)) * columns + Math.floor(j / side);
        const product = (row: number, column: number) =>
          m[((row * n + column) * channels + channel) * padded + t]!;
        return Math.max(0, sandwich(matrix, product, i % side, j % side) + bias[channel]!);
      }),
    },
    limit: gain(matrix) * 2 ** -22,
  };
}

/** 3 outputs and 2 inputs, padded to 16 rows and columns; a slice, with a kernel of its own, and 2. */
function* weightChecks(side: 2 | 4, pairs: boolean): Generator<Check> {
  const { weight } = MATRICES[side];
  const n = side + 2;
  const layer = { outputs: 3, inputs: 2 };
  const block = { first: 0, used: 3, padded: 16 };
  const w = random(50 + side, 54);
  yield {
    dispatch: winogradWeight(side, layer, block, false, pairs),
    operands: { w },
    expected: {
      u: table(n * n * 2 * 16, (index) => {
        const [z, k, row] = [index >> 5, (index >> 4) % 2, index % 16];
        const taps = (p: number, q: number) => w[(row * 2 + k) * 9 + 3 * p + q]!;
        return row < 3 ? sandwich(weight, taps, Math.floor(z / n), z % n) : 0;
      }),
    },
    limit: sumLimit(9),
  };
  const partial = random(60 + side, 2 * n * n * 256);
  const narrow = transposed(weight);
  for (const slices of side === 4 ? [1, 2] : [2]) {
    yield {
      dispatch: winogradWeightGrad(side, layer, block, 16, slices, REPLACE, pairs),
      operands: { partial },
      expected: {
        total: table(54, (index) => {
          const [row, column, tap] = [Math.floor(index / 18), Math.floor(index / 9) % 2, index % 9];
          const added = (i: number, j: number) =>
            sum(slices, (slice) => partial[((slice * n + i) * n + j) * 256 + row * 16 + column]!);
          return sandwich(narrow, added, Math.floor(tap / 3), tap % 3);
        }),
      },
      limit: sumLimit(slices * n * n),
    };
  }
}
