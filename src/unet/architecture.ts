/**
 * The network, as the original's figure shows it.
 *
 * @module
 */
import type { Activation } from "../layers/activation.ts";
import type { Builder } from "../layers/builder.ts";
import { convTranspose2d } from "../layers/conv_transpose2d.ts";
import { conv1x1, conv2d, dropout, maxPool2d } from "../layers/layers.ts";

/** Records the network from a batch of images to its logits. */
export function unet(builder: Builder, images: Activation): Activation {
  const { filters, outChannels } = builder.config;
  const skips: Activation[] = [];
  let x = images;
  for (let level = 1; level <= 5; level++) {
    const skip = downBlock(builder, `down${level}`, x, filters * 2 ** (level - 1));
    skips.push(skip);
    x = maxPool2d(builder, skip);
  }
  x = dropout(builder, downBlock(builder, "bottleneck", x, filters * 32));
  for (let level = 1; level <= 5; level++) {
    x = upBlock(builder, `up${level}`, x, skips.pop()!, filters * 2 ** (5 - level));
  }
  return conv1x1(builder, "outc", x, outChannels);
}

function downBlock(builder: Builder, name: string, x: Activation, outputs: number): Activation {
  const first = conv2d(builder, name, 1, [x], outputs);
  return conv2d(builder, name, 2, [first], outputs);
}

function upBlock(
  builder: Builder,
  name: string,
  x: Activation,
  skip: Activation,
  outputs: number,
): Activation {
  const up = convTranspose2d(builder, `${name}.up`, x, outputs);
  const first = conv2d(builder, name, 1, [up, skip], outputs);
  return conv2d(builder, name, 2, [first], outputs);
}
