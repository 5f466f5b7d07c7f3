/**
 * The 2 x 2 transposed convolution of a plan.
 *
 * @module
 */
import {
  bandCount,
  convTranspose2dDgrad,
  convTranspose2dForward,
  convTranspose2dWgrad,
  transposeBands,
} from "../../kernels/conv_transpose2d/conv_transpose2d.ts";
import {
  type Activation,
  affineView,
  chunkBatch,
  chunkShape,
  chunkView,
  gateOf,
  gateViews,
} from "./activation.ts";
import type { Builder } from "./builder.ts";
import { chooseTranspose, rowSums } from "./choose.ts";
import { bound } from "./conv3x3/conv3x3.ts";
import { biasGradient, emitRestorably, gradientOf } from "./layers.ts";

/** Doubles height and width: every pixel makes a 2 x 2 patch; no ReLU. */
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
  const chunks = chunkBatch(recorder, bound([source, output]));
  emitRestorably(builder, output, () => {
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
    // One band alone is the gradient already, if it replaces what is there.
    const alone = count === 1 && builder.replaces;
    const partial = recorder.temporary(`${name} partial sums`, rows * count);
    const target = builder.newGradient(source, name);
    let band = 0;
    for (const chunk of chunks) {
      const part = chunkShape(source.shape, chunk);
      recorder.run(convTranspose2dWgrad(part, outputs, normalized, bands, band, form), {
        x: chunkView(source.region, source.shape, chunk),
        affine: affineView(recorder, source, chunk),
        gradient: chunkView(gradient, shape, chunk),
        partial: alone ? builder.gradient(`${name}.weight`) : partial,
      });
      band += bandCount(bands, chunk.count);
      recorder.run(
        convTranspose2dDgrad(part, outputs, { gate: gateOf(source) }, source.gradientScale, form),
        {
          gradient: chunkView(gradient, shape, chunk),
          w: builder.weight(`${name}.weight`),
          ...gateViews(recorder, source, chunk),
          grad_input: chunkView(target, source.shape, chunk),
        },
      );
    }
    if (alone) return;
    const sums = { rows, length: count, rowStride: 1, itemStride: rows, accumulation: builder.accumulation };
    recorder.run(rowSums(builder.target, sums), {
      partial,
      total: builder.gradient(`${name}.weight`),
    });
  });
  return output;
}
