/**
 * The network for batches that are to take less memory: the upper levels, whose maps are most of it, go chunk by chunk
 * and are made anew in the backward, while the lower ones, whose few pixels keep a device busy only together, are
 * computed once and whole.
 *
 * Forward, each chunk goes down and leaves its skips and what its lowest level pools; then the lower levels; then each
 * chunk goes up to its logits. Backward, each chunk goes up anew and back; then the lower levels; then each chunk goes
 * down anew and back. Every map is that of the whole batch, bit for bit; sums over pictures add up chunk by chunk.
 *
 * After T. Chen, B. Xu, C. Zhang, C. Guestrin, "Training Deep Nets with Sublinear Memory Cost" (2016).
 *
 * @module
 */
import type { Nchw } from "../../kernels/shape.ts";
import { type Activation, chunkOf, chunkPictures, gradientOf } from "./activation.ts";
import { core, down, up } from "./architecture.ts";
import type { Builder } from "./builder.ts";
import {
  emitConv1x1,
  emitConv1x1Backward,
  emitMaxPool,
  emitMaxPoolBackward,
  maxPool2d,
  pooledShape,
} from "./layers.ts";

/** What is made anew. */
export interface Recompute {
  /** Levels from the first on, 1 to 4, that go in chunks. */
  readonly levels: number;
  /** Pictures of a chunk, at most, or the few more that alignment asks for. */
  readonly atOnce: number;
}

/** Records the network from a batch of pictures to its logits, the upper levels in chunks. */
export function unetInChunks(
  builder: Builder,
  pictures: Activation,
  { levels, atOnce }: Recompute,
): Activation {
  const { filters, outChannels } = builder.config;
  let extents = pictures.shape;
  for (let level = 0; level < levels; level++) extents = pooledShape(extents);
  const pooled = builder.activation(
    "max-pool",
    { ...extents, channels: filters * 2 ** (levels - 1) },
    "plain",
  );
  const logits = builder.activation("outc", { ...pictures.shape, channels: outChannels }, "plain", "f32");
  const coreChannels = filters * 2 ** levels;
  const scales: Nchw = { ...extents, channels: 2 * coreChannels, height: 1, width: 1 };
  const chunks = chunkPictures(
    builder.recorder,
    [pictures.shape, pooled.shape, logits.shape, { ...extents, channels: coreChannels }, scales],
    atOnce,
  );
  const goDown = (index: number) =>
    builder.segment(() => wayDown(builder, chunkOf(pictures, chunks[index]!), levels));
  const skips = chunks.map((chunk, index) => {
    const { made } = goDown(index);
    emitMaxPool(builder, made.at(-1)!, chunkOf(pooled, chunk));
    return made;
  });
  builder.onBackward(() => {
    chunks.forEach((chunk, index) => {
      const { made, emitBackward } = goDown(index);
      made.forEach((skip, level) => skip.gradient = gradientOf(skips[index]![level]!, "skip"));
      builder.emitChunk(index === 0, () => {
        emitMaxPoolBackward(builder, made.at(-1)!, chunkOf(pooled, chunk));
        emitBackward();
      });
    });
  });
  const low = core(builder, pooled, levels);
  const goUp = (index: number) =>
    builder.segment(() => wayUp(builder, chunkOf(low, chunks[index]!), skips[index]!));
  const ways = chunks.map((chunk, index) => {
    const way = goUp(index);
    emitConv1x1(builder, "outc", way.made, chunkOf(logits, chunk));
    return way;
  });
  builder.onBackward(() => {
    // The last chunk is still there: it goes back first, and need not go up again.
    [...chunks.entries()].reverse().forEach(([index, chunk], turn) => {
      const { made, emitBackward } = turn === 0 ? ways[index]! : goUp(index);
      builder.emitChunk(turn === 0, () => {
        emitConv1x1Backward(builder, "outc", made, chunkOf(logits, chunk));
        emitBackward();
      });
    });
  });
  return logits;
}

/** Records the way down of some levels to their skips. */
function wayDown(builder: Builder, pictures: Activation, levels: number): Activation[] {
  const skips = [down(builder, pictures, 0)];
  while (skips.length < levels) {
    skips.push(down(builder, maxPool2d(builder, skips.at(-1)!), skips.length));
  }
  return skips;
}

/** Records the way up of as many levels as there are skips. */
function wayUp(builder: Builder, low: Activation, skips: readonly Activation[]): Activation {
  return skips.reduceRight((x, skip, level) => up(builder, x, skip, level), low);
}
