/**
 * How long an epoch will take, told before a training starts.
 *
 * @module
 */
import type { Gpu } from "../gpu/gpu.ts";
import { UNet } from "../unet/unet.ts";
import { networkConfig, type TrainConfig, trainerOptions } from "./config.ts";
import type { TrainPlan } from "./train_plan.ts";
import { Trainer } from "./trainer.ts";

/** Validation computes no gradients: a batch takes about a third of a training step. */
export const VALIDATION_SHARE = 1 / 3;

/** A step that should take longer than so many seconds is not waited for: it is that of one image times as many. */
const MOST_SECONDS = 2;

/** Seconds of an epoch, validation included, by the seconds of a batch. */
export function epochSeconds(secondsPerBatch: number, { train, valid }: TrainPlan["data"]): number {
  return secondsPerBatch * (train.batches + VALIDATION_SHARE * valid.batches);
}

/**
 * Seconds of an epoch, measured on made-up images: by a step of one image, and by one of a whole batch where that
 * should be quick, since a GPU is not busy with one.
 *
 * @throws {RangeError} where the device is too small.
 */
export async function measureEpoch(gpu: Gpu, config: TrainConfig, data: TrainPlan["data"]): Promise<number> {
  const unet = await UNet.create(gpu, networkConfig(config), { seed: config.seed });
  const trainer = await Trainer.create(unet, trainerOptions(config));
  try {
    const batch = Math.min(config.batchSize, data.train.samples);
    let seconds = batch * await stepSeconds(trainer, 1, config.size);
    if (batch > 1 && seconds < MOST_SECONDS) seconds = await stepSeconds(trainer, batch, config.size);
    return epochSeconds(seconds, data);
  } finally {
    trainer.close();
    unet.close();
  }
}

/** Seconds of a training step; an earlier one compiles. */
async function stepSeconds(trainer: Trainer, batch: number, size: number): Promise<number> {
  const pixels = size * size;
  const images = Float32Array.from({ length: batch * 3 * pixels }, (_, index) => Math.sin(index));
  const tensors = [
    { shape: [batch, 3, size, size], data: images },
    { shape: [batch, 1, size, size], data: new Float32Array(batch * pixels) },
  ] as const;
  await trainer.step(...tensors);
  const start = performance.now();
  await trainer.step(...tensors);
  return (performance.now() - start) / 1000;
}
