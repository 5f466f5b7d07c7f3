/**
 * Self-tests of the 3 x 3 convolution by Winograd in registers.
 * This module is browser compatible.
 *
 * @module
 */
import { fusedDgrad, fusedForward, fusedRows, fusedWgrad } from "../../../kernels/conv2d/fused.ts";
import { size } from "../../../kernels/shape.ts";
import { type Check, pixelOf, random, sum, sumLimit, table } from "./check.ts";
import { gatedGradientSums, reluOfSums } from "./conv3x3_sums.ts";

const NOTHING = new Float32Array(4);
const NEEDS = "subgroups of 8";

/** What F(4x4) may lose compared with a plain sum. */
const FACTOR = 4;

/** A tensor whose channels are read in part, among the inputs of its layer. */
interface Case {
  readonly channels: number;
  readonly inputs: number;
  readonly first: number;
  readonly count: number;
  readonly firstInput: number;
}

/**
 * The checks: a part of the channels of a tensor that is not the layer's only one, and a whole color image, which has a
 * kernel of its own; more outputs than invocations.
 */
export function* fusedChecks(): Generator<Check> {
  yield* checksOf({ channels: 7, inputs: 11, first: 1, count: 6, firstInput: 5 });
  yield* checksOf({ channels: 3, inputs: 3, first: 0, count: 3, firstInput: 0 });
}

function* checksOf({ channels, inputs, first, count, firstInput }: Case): Generator<Check> {
  const [maps, outputs] = [{ batch: 2, height: 8, width: 8 }, 9];
  const input = { ...maps, channels };
  const output = { ...maps, channels: outputs };
  const x = random(70, size(input));
  const pixel = pixelOf(x, input);
  const w = random(72, outputs * inputs * 9);
  const bias = random(73, outputs);
  yield {
    needs: NEEDS,
    dispatch: fusedForward({
      output,
      inputs,
      channels,
      first,
      count,
      firstInput,
      normalized: false,
      epilogue: { bias: true, relu: true },
    }),
    operands: { x, affine: NOTHING, w, bias },
    expected: {
      y: reluOfSums({ x, input, output, bias }, { w, inputs, firstInput }, { first, count }),
    },
    limit: FACTOR * sumLimit(count * 9 + 1),
  };
  const gradient = random(74, size(output));
  const gradientPixel = pixelOf(gradient, output);
  // The gradient of an image is never asked for.
  if (inputs > channels) {
    yield {
      needs: NEEDS,
      dispatch: fusedDgrad({
        input,
        firstInput: inputs - channels,
        inputs,
        outputs,
        first,
        count,
        epilogue: { gate: "activation" },
      }),
      operands: { gradient, w, gate: x, gate_affine: NOTHING },
      expected: {
        grad_input: gatedGradientSums({ x, input, output, gradient }, {
          w,
          inputs,
          firstInput: inputs - channels,
        }, { first, count }),
      },
      limit: FACTOR * sumLimit(count * 9),
    };
  }
  // A band per image.
  const bands = { rows: 2, perImage: 1, total: 4 };
  const rows = fusedRows({ inputs, outputs });
  // Rows of the other tensor's channels and of padding are not written, nor are bands of padding.
  const written = (row: number, n: number) =>
    n < maps.batch &&
    (row >= rows.bias || (row < outputs * inputs * 9 && Math.floor(row / 9) % inputs < channels));
  yield {
    needs: NEEDS,
    dispatch: fusedWgrad({ input, firstInput: 0, inputs, outputs, bands, firstImage: 0, normalized: false }),
    operands: {
      x,
      affine: NOTHING,
      gradient,
      partial: new Float32Array(rows.all * bands.total),
    },
    expected: {
      // [o][c][p][q][image], and behind them [o][image].
      partial: table(rows.all * bands.total, (index) => {
        const [row, n] = [Math.floor(index / bands.total), index % bands.total];
        if (!written(row, n)) return 0;
        const [o, c] = [Math.floor(row / 9 / inputs), Math.floor(row / 9) % inputs];
        const [p, q] = [Math.floor(row / 3) % 3, row % 3];
        return sum(64, (at) => {
          const [i, j] = [Math.floor(at / 8), at % 8];
          return row < rows.bias
            ? gradientPixel(n, o, i, j) * pixel(n, c, i + p - 1, j + q - 1)
            : gradientPixel(n, row - rows.bias, i, j);
        });
      }),
    },
    limit: FACTOR * sumLimit(64),
  };
}
