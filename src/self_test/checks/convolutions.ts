/**
 * Self-tests of the direct 3 x 3 convolution and the 1 x 1 convolution.
 * This module is browser compatible.
 *
 * @module
 */
import { conv1x1Dgrad, conv1x1Forward, conv1x1Wgrad } from "../../../kernels/conv1x1/conv1x1.ts";
import { directBands, directConv2d, directPack, directWgrad } from "../../../kernels/conv2d/direct.ts";
import { size } from "../../../kernels/shape.ts";
import { type Check, pixelOf, random, sum, sumLimit, table } from "./check.ts";
import { reluOfSums } from "./conv3x3_sums.ts";

const NOTHING = new Float32Array(4);

/** The checks. */
export function* convolutionChecks(): Generator<Check> {
  yield* directChecks();
  yield* pointwiseChecks();
}

function* directChecks(): Generator<Check> {
  const [inputs, outputs] = [2, 3];
  const input = { batch: 4, channels: inputs, height: 4, width: 8 };
  const output = { ...input, channels: outputs };
  const x = random(11, size(input));
  const w = random(12, outputs * inputs * 9);
  const bias = random(13, outputs);
  // [k][tap][8]: eight adjacent outputs.
  const packed = table(inputs * 72, (index) => {
    const [k, tap, o] = [Math.floor(index / 72), Math.floor(index / 8) % 9, index % 8];
    return o < outputs ? w[(o * inputs + k) * 9 + tap]! : 0;
  });
  yield {
    dispatch: directPack({ inputs, outputs, flipped: false, firstRow: 0, rows: outputs }),
    operands: { w },
    expected: { packed },
    limit: 0,
  };
  const pixel = pixelOf(x, input);
  yield {
    dispatch: directConv2d({
      output,
      channels: inputs,
      firstChannel: 0,
      depth: inputs,
      normalized: false,
      epilogue: { bias: true, relu: true },
    }),
    operands: {
      x,
      affine: NOTHING,
      weights: Float32Array.from(packed),
      bias,
      gate: NOTHING,
      gate_affine: NOTHING,
    },
    expected: {
      y: reluOfSums({ x, input, output, bias }, { w, inputs, firstInput: 0 }, { first: 0, count: inputs }),
    },
    limit: sumLimit(inputs * 9 + 1),
  };
  const gradient = random(14, size(output));
  const bands = directBands(input);
  yield {
    dispatch: directWgrad({
      input,
      firstChannel: 0,
      inputs,
      outputs,
      bands,
      firstImage: 0,
      normalized: false,
    }),
    operands: { x, affine: NOTHING, gradient },
    expected: {
      // One band per image: [o][c][p][q][image].
      partial: table(outputs * inputs * 9 * 4, (index) => {
        const [weight, n] = [Math.floor(index / 4), index % 4];
        const [o, c] = [Math.floor(weight / 9 / inputs), Math.floor(weight / 9) % inputs];
        const [p, q] = [Math.floor(weight / 3) % 3, weight % 3];
        return sum(32, (at) => {
          const [i, j] = [Math.floor(at / 8), at % 8];
          return gradient[(n * outputs + o) * 32 + at]! * pixel(n, c, i + p - 1, j + q - 1);
        });
      }),
    },
    limit: sumLimit(32),
  };
}

function* pointwiseChecks(): Generator<Check> {
  const [channels, outputs, pixels] = [3, 2, 32];
  const input = { batch: 2, channels, height: 4, width: 8 };
  const x = random(15, size(input));
  const w = random(16, outputs * channels);
  const bias = random(17, outputs);
  const gradient = random(18, 2 * outputs * pixels);
  yield {
    dispatch: conv1x1Forward(input, outputs, false),
    operands: { x, affine: NOTHING, w, bias },
    expected: {
      y: table(gradient.length, (index) => {
        const [n, o, pixel] = [Math.floor(index / 64), Math.floor(index / 32) % 2, index % 32];
        return bias[o]! +
          sum(channels, (c) => w[o * channels + c]! * x[(n * channels + c) * pixels + pixel]!);
      }),
    },
    limit: sumLimit(channels + 1),
  };
  yield {
    dispatch: conv1x1Dgrad(input, outputs, { gate: "activation" }),
    operands: { gradient, w, gate: x, gate_affine: NOTHING },
    expected: {
      grad_input: table(x.length, (index) => {
        const [n, c, pixel] = [Math.floor(index / 96), Math.floor(index / 32) % 3, index % 32];
        const products = sum(
          outputs,
          (o) => w[o * channels + c]! * gradient[(n * outputs + o) * pixels + pixel]!,
        );
        return x[index]! > 0 ? products : 0;
      }),
    },
    limit: sumLimit(outputs),
  };
  yield {
    dispatch: conv1x1Wgrad(input, outputs, { pixels: 8, perImage: 4, total: 8 }, 0, false),
    operands: { x, affine: NOTHING, gradient },
    expected: {
      // [o][c][band], four bands per image.
      partial: table(outputs * channels * 8, (index) => {
        const [o, c, band] = [Math.floor(index / 24), Math.floor(index / 8) % 3, index % 8];
        const [n, first] = [Math.floor(band / 4), (band % 4) * 8];
        return sum(
          8,
          (i) =>
            gradient[(n * outputs + o) * pixels + first + i]! * x[(n * channels + c) * pixels + first + i]!,
        );
      }),
    },
    limit: sumLimit(8),
  };
}
