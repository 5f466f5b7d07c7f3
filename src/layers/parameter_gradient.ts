/**
 * Gradients of parameters as sums over images and pixels, by way of partial sums: one long float32 sum would lose
 * digits.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { pixelBands } from "../../kernels/bands.ts";
import { channelSums, channelTotals, SMALL_CHANNEL } from "../../kernels/reduce/reduce.ts";
import type { Nchw } from "../../kernels/shape.ts";
import type { Region, RegionView } from "../graph/recorder.ts";
import { chunkBatch, chunkShape, chunkView } from "./activation.ts";
import type { Builder } from "./builder.ts";
import { rowSums } from "./choose.ts";

/** How the pixels of a batch are split into bands with a partial sum each. */
interface Bands {
  readonly perImage: number;
  readonly total: number;
}

/** Records the totals of partial sums `[rows][bands.total]` over the bands of `batch` images. */
export function sumBands(
  builder: Builder,
  { rows, bands, batch }: { rows: number; bands: Bands; batch: number },
  partial: Region | RegionView,
  total: RegionView,
): void {
  const sums = {
    rows,
    length: bands.perImage * batch,
    rowStride: bands.total,
    itemStride: 1,
    accumulation: builder.accumulation,
  };
  builder.recorder.run(rowSums(builder.target, sums), { partial, total });
}

/** Records the gradient of a layer's bias from the gradient of its result: the sum over images and pixels. */
export function biasGradient(builder: Builder, name: string, shape: Nchw, gradient: Region): void {
  const { recorder } = builder;
  const total = builder.gradient(`${name}.bias`);
  const chunks = chunkBatch(recorder, [shape]);
  if (chunks.length === 1 && shape.batch * shape.height * shape.width <= SMALL_CHANNEL) {
    const x = chunkView(gradient, shape, chunks[0]!);
    recorder.run(channelTotals(shape, builder.accumulation), { x, x_vectors: x, total });
    return;
  }
  const bands = pixelBands(shape);
  const partial = recorder.temporary(`${name} bias sums`, shape.channels * bands.total);
  for (const chunk of chunks) {
    const x = chunkView(gradient, shape, chunk);
    recorder.run(channelSums(chunkShape(shape, chunk), bands, chunk.first), { x, x_vectors: x, partial });
  }
  sumBands(builder, { rows: shape.channels, bands, batch: shape.batch }, partial, total);
}
