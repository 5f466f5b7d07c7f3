/**
 * The loss of a plan: partial sums over bands of logits, their totals with the batch's record, and the gradient of
 * the logits.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { LossName } from "../../kernels/loss/definition.ts";
import {
  BATCH_SUMS,
  LOSS_SUMS,
  lossBands,
  lossGradient,
  lossScale,
  lossSums,
  lossTotal,
  RECORD_SIZE,
} from "../../kernels/loss/loss.ts";
import { imageSize, type Nchw, size } from "../../kernels/shape.ts";
import { type Region, view } from "../graph/recorder.ts";
import { type Activation, chunkBatch, chunkView } from "./activation.ts";
import type { Builder } from "./builder.ts";

/** Number of batches whose records fit the history. */
export const HISTORY_CAPACITY = 16384;

/** The regions that a loss reads and writes, apart from the logits and their gradient. */
export interface LossRegions {
  /** Targets, NCHW, of the same shape as the logits. */
  readonly masks: Region;
  /** One record per batch. */
  readonly history: Region;
  /** Partial sums over the whole batch. */
  readonly lossPartials: Region;
  /** The whole batch's sums that the gradient needs. */
  readonly batchSums: Region;
}

/**
 * Regions for the loss of logits of this shape. A micro-batch shares the sums with the other micro-batches of its
 * batch, so there they are fixed regions.
 */
export function lossRegions({ recorder, partOf }: Builder, logits: Nchw): LossRegions {
  const bands = lossBands(partOf ?? logits.batch, imageSize(logits));
  const allocate = (label: string, floats: number) =>
    partOf === undefined ? recorder.temporary(label, floats) : recorder.fixed(label, floats);
  return {
    masks: recorder.fixed("masks", size(logits)),
    history: recorder.fixed("history", HISTORY_CAPACITY * RECORD_SIZE),
    lossPartials: allocate("loss partial sums", LOSS_SUMS * bands.total),
    batchSums: allocate("loss sums", BATCH_SUMS),
  };
}

/**
 * Records the loss and registers its gradient. For a micro-batch only the partial sums are recorded: the owner of the
 * plan computes the totals once all micro-batches have left theirs.
 */
export function recordLoss(
  builder: Builder,
  logits: Activation,
  regions: LossRegions,
  loss?: LossName,
): void {
  const { recorder, partOf } = builder;
  const { shape } = logits;
  const { masks, history, lossPartials: partial, batchSums: sums } = regions;
  const whole = builder.wholeBatch(shape);
  const image = imageSize(shape);
  const bands = lossBands(whole.batch, image);
  const chunks = chunkBatch(recorder, [shape]);
  const step = view(builder.step, 0, 12);
  if (recorder.precision === "f16") builder.lossScale = lossScale(size(whole));
  for (const chunk of chunks) {
    recorder.run(lossSums(chunk.count, image, bands, chunk.first, loss), {
      logits: chunkView(logits.region, shape, chunk),
      target_mask: chunkView(masks, shape, chunk),
      partial,
      step,
    });
  }
  if (partOf === undefined) {
    recorder.run(lossTotal(bands.total, size(shape), loss), { partial, sums, history, step });
  }
  builder.onBackward(() => {
    const gradient = builder.newGradient(logits, "logits");
    for (const chunk of chunks) {
      recorder.run(lossGradient(chunk.count * image, builder.lossScale, loss), {
        logits: chunkView(logits.region, shape, chunk),
        target_mask: chunkView(masks, shape, chunk),
        sums,
        gradient: chunkView(gradient, shape, chunk),
      });
    }
  });
}
