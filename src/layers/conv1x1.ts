/**
 * 1 x 1 convolution to the logits.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { pixelBands } from "../../kernels/bands.ts";
import { conv1x1Dgrad, conv1x1Forward, conv1x1Wgrad } from "../../kernels/conv1x1/conv1x1.ts";
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
import type { Builder } from "./builder.ts";
import { biasGradient, sumBands } from "./parameter_gradient.ts";

/**
 * Records a 1 x 1 convolution, stored as float32 independent of the precision of other tensors.
 *
 * @param name of its parameters, such as `outc`
 * @returns [N, outputs, H, W]
 */
export function conv1x1(builder: Builder, name: string, source: Activation, outputs: number): Activation {
  const { recorder } = builder;
  const shape = { ...source.shape, channels: outputs };
  const output = builder.activation(name, shape, "plain", "f32");
  const normalized = source.kind === "normalized";
  const chunks = chunkBatch(recorder, boundShapes([source, output]));
  for (const chunk of chunks) {
    recorder.run(conv1x1Forward(chunkShape(source.shape, chunk), outputs, normalized), {
      x: chunkView(source.region, source.shape, chunk),
      affine: affineView(recorder, source, chunk),
      w: builder.weight(`${name}.weight`),
      bias: builder.weight(`${name}.bias`),
      y: chunkView(output.region, shape, chunk),
    });
  }
  builder.onBackward(() => {
    const gradient = gradientOf(output, name);
    biasGradient(builder, name, shape, gradient);
    const bands = pixelBands(shape);
    const rows = outputs * source.shape.channels;
    const partial = recorder.temporary(`${name} partial sums`, rows * bands.total);
    for (const chunk of chunks) {
      recorder.run(conv1x1Wgrad(chunkShape(source.shape, chunk), outputs, bands, chunk.first, normalized), {
        x: chunkView(source.region, source.shape, chunk),
        affine: affineView(recorder, source, chunk),
        gradient: chunkView(gradient, shape, chunk),
        partial,
      });
    }
    sumBands(builder, { rows, bands, batch: shape.batch }, partial, builder.gradient(`${name}.weight`));
    const target = builder.newGradient(source, name);
    for (const chunk of chunks) {
      recorder.run(conv1x1Dgrad(chunkShape(source.shape, chunk), outputs, { gate: gateOf(source) }), {
        gradient: chunkView(gradient, shape, chunk),
        w: builder.weight(`${name}.weight`),
        ...gateViews(recorder, source, chunk),
        grad_input: chunkView(target, source.shape, chunk),
      });
    }
  });
  return output;
}
