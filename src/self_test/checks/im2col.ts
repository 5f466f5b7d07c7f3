/**
 * Self-tests of the kernels around the matrix products of an im2col convolution.
 * This module is browser compatible.
 *
 * @module
 */
import { col2im, im2col } from "../../../kernels/conv2d/im2col.ts";
import { transpose } from "../../../kernels/gemm/gemm.ts";
import { size } from "../../../kernels/shape.ts";
import { type Check, pixelOf, placeOf, random, sum, table } from "./check.ts";

const NOTHING = new Float32Array(4);

/** The checks: two images of 2 x 3 pixels, padded to 16 columns. */
export function* im2colChecks(): Generator<Check> {
  const a = random(31, 40 * 36);
  yield {
    dispatch: transpose(40, 36),
    operands: { a },
    expected: { b: table(40 * 36, (index) => a[(index % 40) * 36 + Math.floor(index / 40)]!) },
    limit: 0,
  };
  const input = { batch: 2, channels: 3, height: 2, width: 3 };
  // Copies must be exact in float16 too, which represents these values exactly.
  const x = random(32, size(input)).map((value) => Math.round(1024 * value) / 1024);
  const pixel = pixelOf(x, input);
  const neighbor = (channel: number, tap: number, column: number) => {
    if (column >= 12) return 0;
    const [n, i, j] = [Math.floor(column / 6), Math.floor(column / 3) % 2, column % 3];
    return pixel(n, channel, i + Math.floor(tap / 3) - 1, j + tap % 3 - 1);
  };
  yield {
    dispatch: im2col({
      input,
      firstChannel: 0,
      depth: 3,
      taps: 9,
      pixelsOuter: false,
      normalized: false,
    }),
    operands: { x, affine: NOTHING },
    expected: {
      columns: table(27 * 16, (index) => {
        const row = Math.floor(index / 16);
        return neighbor(Math.floor(row / 9), row % 9, index % 16);
      }),
    },
    limit: 0,
  };
  const products = random(33, 27 * 16);
  yield {
    dispatch: col2im(input, 0, 9, { gate: "activation" }),
    operands: { products, bias: NOTHING, gate: x, gate_affine: NOTHING },
    expected: {
      y: table(x.length, (index) => {
        const [n, c, i, j] = placeOf(index, input);
        const value = sum(9, (tap) => {
          const [row, column] = [i + 1 - Math.floor(tap / 3), j + 1 - tap % 3];
          const inside = row >= 0 && column >= 0 && row < 2 && column < 3;
          return inside ? products[(9 * c + tap) * 16 + n * 6 + row * 3 + column]! : 0;
        });
        return x[index]! > 0 ? value : 0;
      }),
    },
    limit: 2 ** -20,
  };
}
