/**
 * 2 x 2 transposed convolution with stride 2.
 *
 * This module is browser compatible.
 *
 * @module
 */
import {
  bandCount,
  convTranspose2dDgrad,
  convTranspose2dForward,
  convTranspose2dWgrad,
  readsTransposed,
  transposeBands,
} from "../../kernels/conv_transpose2d/conv_transpose2d.ts";
import { transpose } from "../../kernels/gemm/gemm.ts";
import {
  type Activation,
  affineView,
  boundShapes,
  chunkBatch,
  chunkShape,
  chunkView,
  gateOf,
  gateViews,
  gradientOf,
} from "./activation.ts";
import type { Region } from "../graph/recorder.ts";
import type { Builder } from "./builder.ts";
import { chooseTranspose, rowSums } from "./choose.ts";
import { biasGradient } from "./parameter_gradient.ts";
import { emitRematerializable } from "./rematerialize.ts";

/**
 * Records a transposed convolution without ReLU: every pixel becomes a 2 x 2 patch.
 *
 * @param name of its parameters, such as `up1.up`
 * @returns [N, outputs, 2 H, 2 W]
 */
export function convTranspose2d(
  builder: Builder,
  name: string,
  source: Activation,
  outputs: number,
): Activation {
  const { recorder } = builder;
  const { channels: inputs, height, width, batch } = source.shape;
  const shape = { batch, channels: outputs, height: 2 * height, width: 2 * width };
  const output = builder.activation(name, shape, "plain");
  const normalized = source.kind === "normalized";
  const form = chooseTranspose(builder.target, source.shape);
  const chunks = chunkBatch(recorder, boundShapes([source, output]));
  emitRematerializable(builder, output, () => {
    for (const chunk of chunks) {
      recorder.run(convTranspose2dForward(chunkShape(source.shape, chunk), outputs, normalized, form), {
        x: chunkView(source.region, source.shape, chunk),
        affine: affineView(recorder, source, chunk),
        w: builder.weight(`${name}.weight`),
        bias: builder.weight(`${name}.bias`),
        y: chunkView(output.region, shape, chunk),
      });
    }
  });
  builder.onBackward(() => {
    const gradient = gradientOf(output, name);
    biasGradient(builder, name, shape, gradient);
    const bands = transposeBands(source.shape, outputs, form, builder.target.workgroups);
    const count = chunks.reduce((sum, chunk) => sum + bandCount(bands, chunk.count), 0);
    const rows = inputs * outputs * 4;
    // A single band is the gradient already, unless it must be accumulated or scaled.
    const direct = count === 1 && builder.replaces;
    const partial = recorder.temporary(`${name} partial sums`, rows * count);
    const target = builder.newGradient(source, name);
    const weights = readsTransposed(form, source.shape)
      ? { w_transposed: transposedWeights(builder, name, inputs, 4 * outputs) }
      : { w: builder.weight(`${name}.weight`) };
    let band = 0;
    for (const chunk of chunks) {
      const part = chunkShape(source.shape, chunk);
      recorder.run(convTranspose2dWgrad(part, outputs, normalized, bands, band, form), {
        x: chunkView(source.region, source.shape, chunk),
        affine: affineView(recorder, source, chunk),
        gradient: chunkView(gradient, shape, chunk),
        partial: direct ? builder.gradient(`${name}.weight`) : partial,
      });
      band += bandCount(bands, chunk.count);
      recorder.run(
        convTranspose2dDgrad(part, outputs, { gate: gateOf(source, true) }, source.gradientScale, form),
        {
          gradient: chunkView(gradient, shape, chunk),
          ...weights,
          ...gateViews(recorder, source, chunk),
          grad_input: chunkView(target, source.shape, chunk),
        },
      );
    }
    if (direct) return;
    const { accumulation } = builder;
    recorder.run(
      rowSums(builder.target, { rows, length: count, rowStride: 1, itemStride: rows, accumulation }),
      {
        partial,
        total: builder.gradient(`${name}.weight`),
      },
    );
  });
  return output;
}

/** Records the weights with inputs and taps swapped. */
function transposedWeights(builder: Builder, name: string, inputs: number, taps: number): Region {
  const transposed = builder.recorder.temporary(`${name} weights transposed`, inputs * taps);
  builder.recorder.run(transpose(inputs, taps), { a: builder.weight(`${name}.weight`), b: transposed });
  return transposed;
}
