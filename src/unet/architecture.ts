/**
 * The network, as the original's figure shows it.
 *
 * @module
 */
import type { Activation } from "./activation.ts";
import type { Builder } from "./builder.ts";
import { convTranspose2d } from "./conv_transpose2d.ts";
import { conv1x1, conv2d, dropout, maxPool2d } from "./layers.ts";

/** How often the network halves a picture. */
export const LEVELS = 5;

/** Records the network from a batch of pictures to its logits. */
export function unet(builder: Builder, pictures: Activation): Activation {
  return conv1x1(builder, "outc", core(builder, pictures, 0), builder.config.outChannels);
}

/** Records all below the first `above` levels: from what they pool to what they upsample. */
export function core(builder: Builder, pooled: Activation, above: number): Activation {
  const skips: Activation[] = [];
  let x = pooled;
  for (let level = above; level < LEVELS; level++) {
    const skip = down(builder, x, level);
    skips.push(skip);
    x = maxPool2d(builder, skip);
  }
  x = dropout(builder, downBlock(builder, "bottleneck", x, builder.config.filters * 2 ** LEVELS));
  for (let level = LEVELS - 1; level >= above; level--) x = up(builder, x, skips.pop()!, level);
  return x;
}

/** Records a level's way down, from what the level above pools to its own skip; the first level is 0. */
export function down(builder: Builder, x: Activation, level: number): Activation {
  return downBlock(builder, `down${level + 1}`, x, builder.config.filters * 2 ** level);
}

/** Records a level's way up, from what the level below made. */
export function up(builder: Builder, x: Activation, skip: Activation, level: number): Activation {
  return upBlock(builder, `up${LEVELS - level}`, x, skip, builder.config.filters * 2 ** level);
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
