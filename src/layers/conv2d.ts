/**
 * 3 x 3 convolution, optional instance normalization, and ReLU.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { type Activation, gradientOf } from "./activation.ts";
import type { Builder } from "./builder.ts";
import { conv3x3 } from "./conv3x3/conv3x3.ts";
import { instanceNorm } from "./instance_norm.ts";
import { emitRematerializable } from "./rematerialize.ts";

/**
 * Records ReLU(norm(conv(x))) with zero padding 1, where x is the concatenation of the sources' channels.
 *
 * @param name of the convolution's parameters, such as `down1.conv1`
 * @param norm name of the instance normalization's parameters; without it there is none
 * @returns [N, outputs, H, W]
 */
export function conv2d(
  builder: Builder,
  name: string,
  sources: readonly Activation[],
  outputs: number,
  norm?: string,
): Activation {
  const inputs = sources.reduce((sum, { shape }) => sum + shape.channels, 0);
  const layer = { name, inputs, outputs };
  const shape = { ...sources[0]!.shape, channels: outputs };
  const raw = builder.activation(name, shape, norm === undefined ? "relu" : "normalized");
  const forward = () =>
    conv3x3.forward(builder, layer, sources, raw, { bias: true, relu: norm === undefined });
  // The network's first convolution has one of the largest results and the fewest operations. A micro-batch is to save
  // memory, and computes it again in the backward: a ninth less for 1 % of the time at 8 filters.
  if (builder.partOf !== undefined && sources[0]!.region.fixed) emitRematerializable(builder, raw, forward);
  else forward();
  builder.onBackward(() => {
    const gradient = gradientOf(output, name);
    for (const source of sources) source.rematerialize?.();
    conv3x3.weightGradient(builder, layer, sources, shape, gradient);
    // The network's input, which is a fixed region and always the only source, needs no gradient.
    if (!sources[0]!.region.fixed) conv3x3.inputGradients(builder, layer, sources, shape, gradient);
  });
  // Registers its backward after this layer's, so that it runs before it.
  const output = norm === undefined ? raw : instanceNorm(builder, norm, raw);
  return output;
}
