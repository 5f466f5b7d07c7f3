/**
 * Self-tests of the 3 x 3 convolution over maps of 4 x 4 and 2 x 2 pixels.
 * This module is browser compatible.
 *
 * @module
 */
import { smallDgrad, smallForward, smallWgrad } from "../../../kernels/conv2d/small.ts";
import { size } from "../../../kernels/shape.ts";
import { type Check, pixelOf, random, sum, sumLimit, table } from "./check.ts";
import { gatedGradientSums, reluOfSums } from "./conv3x3_sums.ts";

const NOTHING = new Float32Array(4);
const NEEDS = "subgroups of 8";

/** The checks: half of a layer's channels; batches that leave a part of a subgroup's maps without an image. */
export function* smallChecks(): Generator<Check> {
  yield* checksOf(4, 3);
  yield* checksOf(2, 3);
}

function* checksOf(side: number, batch: number): Generator<Check> {
  const [inputs, channels, outputs] = [32, 16, 16];
  const firstInput = side === 4 ? 16 : 0;
  const input = { batch, channels, height: side, width: side };
  const output = { ...input, channels: outputs };
  const x = random(80, size(input));
  const pixel = pixelOf(x, input);
  const w = random(81, outputs * inputs * 9);
  const bias = random(82, outputs);
  const layer = { w, inputs, firstInput };
  yield {
    needs: NEEDS,
    dispatch: smallForward({
      output,
      inputs,
      channels,
      firstInput,
      normalized: false,
      epilogue: { bias: true, relu: true },
    }),
    operands: { x, affine: NOTHING, w, bias },
    expected: {
      y: reluOfSums({ x, input, output, bias }, layer, { first: 0, count: channels }),
    },
    limit: sumLimit(channels * 9 + 1),
  };
  const gradient = random(83, size(output));
  const gradientPixel = pixelOf(gradient, output);
  yield {
    needs: NEEDS,
    dispatch: smallDgrad({ input, firstInput, inputs, outputs, gate: "activation" }),
    operands: { gradient, w, gate: x, gate_affine: NOTHING },
    expected: {
      grad_input: gatedGradientSums({ x, input, output, gradient }, layer, { first: 0, count: outputs }),
    },
    limit: sumLimit(outputs * 9),
  };
  const terms = batch * side * side;
  const [dispatch] = smallWgrad({
    input,
    firstInput,
    inputs,
    outputs,
    normalized: false,
    accumulation: { keep: false, scale: 1 },
  });
  // The other tensor's channels are not written, nor is the bias by a tensor that is not the first.
  yield {
    needs: NEEDS,
    dispatch: dispatch!,
    operands: {
      x,
      affine: NOTHING,
      gradient,
      total: new Float32Array(w.length),
      bias_total: new Float32Array(outputs),
    },
    expected: {
      total: table(w.length, (index) => {
        const [o, c] = [Math.floor(index / 9 / inputs), Math.floor(index / 9) % inputs - firstInput];
        const [p, q] = [Math.floor(index / 3) % 3, index % 3];
        if (c < 0 || c >= channels) return 0;
        return sum(terms, (at) => {
          const [n, i, j] = [Math.floor(at / side / side), Math.floor(at / side) % side, at % side];
          return gradientPixel(n, o, i, j) * pixel(n, c, i + p - 1, j + q - 1);
        });
      }),
      bias_total: table(outputs, (o) =>
        firstInput > 0 ? 0 : sum(terms, (at) =>
          gradientPixel(
            Math.floor(at / side / side),
            o,
            Math.floor(at / side) % side,
            at % side,
          ))),
    },
    limit: sumLimit(terms),
  };
}
