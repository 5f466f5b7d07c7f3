/**
 * 2 x 2 max pooling with stride 2.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { maxPoolBackward, maxPoolForward } from "../../kernels/max_pool2d/max_pool2d.ts";
import { type Activation, affineView, boundShapes, chunkBatch, chunkView, gradientOf } from "./activation.ts";
import type { Builder } from "./builder.ts";
import { emitRematerializable } from "./rematerialize.ts";

/**
 * Records max pooling of a tensor that is also a skip connection: its backward adds to the gradient that the decoder
 * has written.
 *
 * @returns [N, C, H / 2, W / 2]
 */
export function maxPool2d(builder: Builder, source: Activation): Activation {
  const { recorder } = builder;
  const shape = { ...source.shape, height: source.shape.height / 2, width: source.shape.width / 2 };
  const output = builder.activation("max-pool", shape, "plain");
  const chunks = chunkBatch(recorder, boundShapes([source, output])).map((chunk) => ({
    chunk,
    planes: { height: shape.height, width: shape.width, count: chunk.count * shape.channels },
    x: chunkView(source.region, source.shape, chunk),
    affine: affineView(recorder, source, chunk),
  }));
  const normalized = source.kind === "normalized";
  emitRematerializable(builder, output, () => {
    for (const { chunk, planes, ...views } of chunks) {
      const y = chunkView(output.region, shape, chunk);
      recorder.run(maxPoolForward(planes, normalized), { ...views, y });
    }
  });
  builder.onBackward(() => {
    const gradient = gradientOf(output, "max-pool");
    const target = gradientOf(source, "skip");
    for (const { chunk, planes, ...views } of chunks) {
      recorder.run(maxPoolBackward(planes, normalized), {
        ...views,
        gradient: chunkView(gradient, shape, chunk),
        grad_input: chunkView(target, source.shape, chunk),
      });
    }
  });
  return output;
}
