/**
 * The loss of a plan: partial sums over bands of logits, their totals with the batch's record, and the gradient of
 * the logits.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { type LossSpec, recordSize } from "../../kernels/loss/definition.ts";
import {
  BATCH_SUMS,
  LOSS_SUMS,
  lossBands,
  lossGradient,
  lossScale,
  lossSums,
  lossTotal,
  SOFTMAX_PIXEL,
  softmaxPixels,
} from "../../kernels/loss/loss.ts";
import { type Nchw, size } from "../../kernels/shape.ts";
import { type Recorder, type Region, type RegionView, view } from "../graph/recorder.ts";
import { type Activation, type Chunk, chunkBatch, chunkView } from "./activation.ts";
import type { Builder } from "./builder.ts";

/** Floats that the history has, if these are enough for {@linkcode LEAST_RECORDS}. */
const HISTORY_FLOATS = 2 ** 17;

/** Training reads its records after at most half as many batches. */
const LEAST_RECORDS = 1024;

/** Number of batches whose records fit the history. */
export function historyCapacity(classes: number): number {
  return Math.max(LEAST_RECORDS, Math.floor(HISTORY_FLOATS / recordSize(classes)));
}

/** The regions that a loss reads and writes, apart from the logits and their gradient. */
export interface LossRegions {
  /** Targets, NCHW: of the same shape as the logits, or with a softmax one channel of class indices. */
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
export function lossRegions({ recorder, partOf }: Builder, logits: Nchw, spec: LossSpec): LossRegions {
  const { classes } = spec;
  const bands = lossBands(partOf ?? logits.batch, logits.height * logits.width);
  const allocate = (label: string, floats: number) =>
    partOf === undefined ? recorder.temporary(label, floats) : recorder.fixed(label, floats);
  return {
    masks: recorder.fixed("masks", size(targetShape(logits, spec))),
    history: recorder.fixed("history", historyCapacity(classes) * recordSize(classes)),
    lossPartials: allocate("loss partial sums", classes * LOSS_SUMS * bands.total),
    batchSums: allocate("loss sums", classes * BATCH_SUMS),
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
  spec: LossSpec,
): void {
  const { recorder, partOf } = builder;
  const { shape } = logits;
  const targets = targetShape(shape, spec);
  const { masks, history, lossPartials: partial, batchSums: sums } = regions;
  const pixels = shape.height * shape.width;
  const bands = lossBands(builder.wholeBatch(shape).batch, pixels);
  const pixelShape = { ...targets, channels: SOFTMAX_PIXEL };
  const chunks = chunkBatch(recorder, spec.head === "softmax" ? [shape, targets, pixelShape] : [shape]);
  const step = view(builder.step, 0, 12);
  if (recorder.precision === "f16") builder.lossScale = lossScale(size(builder.wholeBatch(targets)));
  const inputs = (chunk: Chunk) => ({
    logits: chunkView(logits.region, shape, chunk),
    target_mask: chunkView(masks, targets, chunk),
  });
  for (const chunk of chunks) {
    const softmax = spec.head === "softmax"
      ? recordSoftmaxPixels(recorder, inputs(chunk), chunk.count, pixels, spec)
      : {};
    recorder.run(lossSums(chunk.count, pixels, bands, chunk.first, spec), {
      ...inputs(chunk),
      ...softmax,
      partial,
      step,
    });
  }
  if (partOf === undefined) {
    recorder.run(lossTotal(bands.total, size(targets), spec), { partial, sums, history, step });
  }
  builder.onBackward(() => {
    const gradient = builder.newGradient(logits, "logits");
    for (const chunk of chunks) {
      recorder.run(lossGradient(chunk.count, pixels, builder.lossScale, spec), {
        ...inputs(chunk),
        sums,
        gradient: chunkView(gradient, shape, chunk),
      });
    }
  });
}

/** The shape of the targets of logits. */
export function targetShape(logits: Nchw, { head }: LossSpec): Nchw {
  return head === "softmax" ? { ...logits, channels: 1 } : logits;
}

function recordSoftmaxPixels(
  recorder: Recorder,
  inputs: { logits: RegionView; target_mask: RegionView },
  images: number,
  imagePixels: number,
  spec: LossSpec,
): { pixels: Region } {
  const pixels = recorder.temporary("softmax of pixels", SOFTMAX_PIXEL * images * imagePixels);
  recorder.run(softmaxPixels(images, imagePixels, spec), { ...inputs, pixels });
  return { pixels };
}
