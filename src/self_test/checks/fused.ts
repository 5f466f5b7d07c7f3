/**
 * Self-tests of the 3 x 3 convolution by Winograd in registers.
 * This module is browser compatible.
 *
 * @module
 */
import {
  type ChannelRange,
  fusedDgrad,
  fusedForward,
  fusedRows,
  fusedWgrad,
} from "../../../kernels/conv2d/fused.ts";
import { size } from "../../../kernels/shape.ts";
import { type Check, pixelOf, placeOf, random, sum, sumLimit, table } from "./check.ts";

const NOTHING = new Float32Array(4);
const NEEDS = "subgroups of 8";

/** What F(4x4) may lose compared with a plain sum. */
const FACTOR = 4;

/** The checks: two ranges of channels, and more outputs than a subgroup has invocations. */
export function* fusedChecks(): Generator<Check> {
  const [maps, channels, inputs, outputs] = [{ batch: 2, height: 8, width: 8 }, [6, 5] as const, 11, 9];
  const output = { ...maps, channels: outputs };
  const tensors = channels.map((count, at) => random(70 + at, size({ ...maps, channels: count })));
  const pixels = tensors.map((x, at) => pixelOf(x, { ...maps, channels: channels[at]! }));
  const pixel = (n: number, c: number, i: number, j: number) =>
    c < channels[0] ? pixels[0]!(n, c, i, j) : pixels[1]!(n, c - channels[0], i, j);
  const w = random(72, outputs * inputs * 9);
  const bias = random(73, outputs);
  const rangeOf = (count: number, input: number): ChannelRange => ({
    channels: count,
    normalized: false,
    first: 0,
    count,
    input,
  });
  yield {
    needs: NEEDS,
    dispatch: fusedForward({
      output,
      inputs,
      range: rangeOf(channels[0], 0),
      second: { ...rangeOf(channels[1], channels[0]), tensor: "second" },
      epilogue: { bias: true, relu: true },
    }),
    operands: {
      x: tensors[0]!,
      affine: NOTHING,
      second: tensors[1]!,
      second_affine: NOTHING,
      w,
      bias,
    },
    expected: {
      y: table(size(output), (index) => {
        const [n, o, i, j] = placeOf(index, output);
        const products = sum(inputs * 9, (k) => {
          const [c, p, q] = [Math.floor(k / 9), Math.floor(k / 3) % 3, k % 3];
          return w[o * inputs * 9 + k]! * pixel(n, c, i + p - 1, j + q - 1);
        });
        return Math.max(0, products + bias[o]!);
      }),
    },
    limit: FACTOR * sumLimit(inputs * 9 + 1),
  };
  const gradient = random(74, size(output));
  const gradientPixel = pixelOf(gradient, output);
  const input = { ...maps, channels: channels[0] };
  yield {
    needs: NEEDS,
    dispatch: fusedDgrad({
      input,
      firstInput: 0,
      inputs,
      outputs,
      firstOutput: 0,
      count: outputs,
      epilogue: { gate: "activation" },
    }),
    operands: { gradient, w, gate: tensors[0]!, gate_affine: NOTHING },
    expected: {
      grad_input: table(size(input), (index) => {
        const [n, c, i, j] = placeOf(index, input);
        if (tensors[0]![index]! <= 0) return 0;
        return sum(outputs * 9, (k) => {
          const [o, p, q] = [Math.floor(k / 9), Math.floor(k / 3) % 3, k % 3];
          return w[(o * inputs + c) * 9 + 3 * p + q]! * gradientPixel(n, o, i + 1 - p, j + 1 - q);
        });
      }),
    },
    limit: FACTOR * sumLimit(outputs * 9),
  };
  // A band per image.
  const bands = { rows: 2, perImage: 1, total: 4 };
  const rows = fusedRows({ inputs, outputs });
  // Rows of the other tensor's channels and of padding are not written, nor are bands of padding.
  const written = (row: number, n: number) =>
    n < maps.batch &&
    (row >= rows.bias || (row < outputs * inputs * 9 && Math.floor(row / 9) % inputs < channels[0]));
  yield {
    needs: NEEDS,
    dispatch: fusedWgrad({ input, firstInput: 0, inputs, outputs, bands, firstImage: 0, normalized: false }),
    operands: {
      x: tensors[0]!,
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
