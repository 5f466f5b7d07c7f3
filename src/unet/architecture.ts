/**
 * The U-Net of the original's figure: five levels down (or as many as `depth` says), a bottleneck, as many up.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Activation } from "../layers/activation.ts";
import type { Builder } from "../layers/builder.ts";
import { conv1x1 } from "../layers/conv1x1.ts";
import { conv2d } from "../layers/conv2d.ts";
import { convTranspose2d } from "../layers/conv_transpose2d.ts";
import { dropout } from "../layers/dropout.ts";
import { maxPool2d } from "../layers/max_pool2d.ts";
import { depthOf, type UNetConfig } from "./config.ts";

/** Records the network from a batch of images to its logits. */
export function unet(builder: Builder, config: UNetConfig, images: Activation): Activation {
  const { filters, outChannels } = config;
  const depth = depthOf(config);
  const skips: Activation[] = [];
  const begins: number[] = [];
  let x = images;
  for (let level = 1; level <= depth; level++) {
    const skip = doubleConv(builder, config, `down${level}`, [x], filters * 2 ** (level - 1));
    skips.push(skip);
    begins.push(builder.recorder.steps.length);
    x = maxPool2d(builder, skip);
  }
  x = doubleConv(builder, config, "bottleneck", [x], filters * 2 ** depth);
  x = dropout(builder, x, config.dropout);
  builder.nest(begins.pop()!);
  for (let level = 1; level <= depth; level++) {
    const outputs = filters * 2 ** (depth - level);
    const up = convTranspose2d(builder, `up${level}.up`, x, outputs);
    x = doubleConv(builder, config, `up${level}`, [up, skips.pop()!], outputs);
    if (level < depth) builder.nest(begins.pop()!);
  }
  return conv1x1(builder, "outc", x, outChannels);
}

/** Two 3 x 3 convolutions, each with its ReLU and, if so configured, instance normalization. */
function doubleConv(
  builder: Builder,
  { norm }: UNetConfig,
  name: string,
  sources: readonly Activation[],
  outputs: number,
): Activation {
  const [norm1, norm2] = norm === "instance" ? [`${name}.norm1`, `${name}.norm2`] : [];
  const x = conv2d(builder, `${name}.conv1`, sources, outputs, norm1);
  return conv2d(builder, `${name}.conv2`, [x], outputs, norm2);
}
