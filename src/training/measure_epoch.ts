/**
 * How long an epoch will take, measured before training starts.
 *
 * @module
 */
import type { Gpu } from "../gpu/gpu.ts";
import type { Size } from "../image/image.ts";
import { inputSize } from "../image/input_frame.ts";
import { maskChannels } from "../unet/config.ts";
import { UNet } from "../unet/unet.ts";
import { VALIDATION_SHARE } from "./budget.ts";
import { type Collective, largestOf, SINGLE_RANK } from "./collective.ts";
import { extentsOf, networkConfig, type TrainConfig, trainerOptions } from "./train_config.ts";
import { drawsOf } from "./train_data.ts";
import type { TrainPlan } from "./train_plan.ts";
import { Trainer } from "./trainer.ts";

/** A step expected to take more seconds is not run: its time is that of one image times the batch size. */
const MOST_SECONDS = 2;

/** Seconds per epoch, including validation, given the seconds per batch. */
export function epochSeconds(secondsPerBatch: number, { train, valid }: TrainPlan["data"]): number {
  return secondsPerBatch * (train.batches + VALIDATION_SHARE * valid.batches);
}

/** Images of the original's network and size that a CPU trains on in about a second each. */
const LONG_IMAGES = 180;

/** Whether an epoch on the software adapter may take minutes, by a rule of thumb: only then is it worth measuring. */
export function mayTakeLong({ filters, size }: TrainConfig, { train }: TrainPlan["data"]): boolean {
  return drawsOf(train) * (filters / 32) ** 1.4 * (size / 256) ** 2 > LONG_IMAGES;
}

/**
 * Seconds per epoch, measured on synthetic images: by a step of one image, and by one of a whole batch if that is
 * expected to be quick, since a single image does not keep a GPU busy. Several ranks measure together, each its share of
 * a batch, with the exchange of gradients: all get the seconds of the slowest.
 *
 * @throws {RangeError} if the device is too small.
 */
export async function measureEpoch(
  gpu: Gpu,
  config: TrainConfig,
  data: TrainPlan["data"],
  collective: Collective = SINGLE_RANK,
): Promise<number> {
  const unet = await UNet.create(gpu, networkConfig(config), { seed: config.seed });
  const trainer = await Trainer.create(unet, { ...trainerOptions(config), collective });
  try {
    const extents = inputSize(extentsOf(config));
    const batch = Math.ceil(Math.min(config.batchSize, drawsOf(data.train)) / collective.size);
    const measure = async (images: number) =>
      await largestOf(collective, await stepSeconds(trainer, images, extents));
    let seconds = batch * await measure(1);
    if (batch > 1 && seconds < MOST_SECONDS) seconds = await measure(batch);
    return epochSeconds(seconds, data);
  } finally {
    trainer.close();
    unet.close();
  }
}

/** Seconds of a training step, the mean of so many; the kernels are compiled in an earlier one. */
export async function stepSeconds(
  trainer: Trainer,
  batch: number,
  { width, height }: Size,
  steps = 1,
): Promise<number> {
  const { config } = trainer.unet;
  const inChannels = config.inChannels;
  const masks = maskChannels(config);
  const values = (channels: number) => ({ length: batch * channels * height * width });
  const tensors = [
    {
      shape: [batch, inChannels, height, width],
      data: Float32Array.from(values(inChannels), (_, i) => Math.sin(i)),
    },
    { shape: [batch, masks, height, width], data: Float32Array.from(values(masks), () => 0) },
  ] as const;
  await trainer.step(...tensors);
  const start = performance.now();
  for (let step = 0; step < steps; step++) await trainer.step(...tensors);
  return (performance.now() - start) / 1000 / steps;
}
