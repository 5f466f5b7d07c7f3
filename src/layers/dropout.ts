/**
 * Inverted dropout.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { dropoutForward } from "../../kernels/dropout/dropout.ts";
import { imageSize } from "../../kernels/shape.ts";
import { view } from "../graph/recorder.ts";
import { type Activation, affineView, boundShapes, chunkBatch, chunkView, gradientOf } from "./activation.ts";
import type { Builder } from "./builder.ts";

/**
 * Records dropout of a ReLU's result: with `probability` an element becomes 0, otherwise it is divided by
 * 1 - probability. Without training, or with probability 0, it returns the source.
 */
export function dropout(builder: Builder, source: Activation, probability: number): Activation {
  if (!builder.training || probability === 0) return source;
  const { recorder } = builder;
  const { shape } = source;
  const output: Activation = {
    ...builder.activation("dropout", shape, "relu"),
    gradientScale: 1 / (1 - probability),
  };
  for (const chunk of chunkBatch(recorder, boundShapes([source, output]))) {
    const planes = {
      pixels: shape.height * shape.width,
      count: chunk.count * shape.channels,
      firstElement: chunk.first * imageSize(shape),
      imageElements: imageSize(shape),
    };
    recorder.run(dropoutForward(planes, probability, source.kind === "normalized"), {
      x: chunkView(source.region, shape, chunk),
      affine: affineView(recorder, source, chunk),
      y: chunkView(output.region, shape, chunk),
      step: view(builder.step, 0, 12),
    });
  }
  // A dropped element is 0 like one below the ReLU's threshold, so the reader's gate and scale cover both.
  builder.onBackward(() => source.gradient = gradientOf(output, "dropout"));
  return output;
}
