/**
 * Measures within about two seconds how fast a device trains, with the real trainer on small batches.
 *
 * @module
 */
import { CapacityError } from "../gpu/capacity_error.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { sizeStep } from "../unet/config.ts";
import { UNet } from "../unet/unet.ts";
import { planBatch } from "./batch_memory.ts";
import { anyRank, type Collective, largestOf, SINGLE_RANK } from "./collective.ts";
import { stepSeconds } from "./measure_epoch.ts";
import type { Speed, SpeedPoint } from "./step_speed.ts";
import { networkConfig, type TrainConfig, trainerOptions } from "./train_config.ts";
import { Trainer } from "./trainer.ts";

/** Networks that are measured: the smallest that is worth its name, and the original's. */
export const MEASURED_FILTERS = [8, 32] as const;

/** Batches of growing size; on a GPU a small one shows only what its dispatches cost. */
const BATCHES = [
  { size: 64, batch: 1 },
  { size: 128, batch: 1 },
  { size: 128, batch: 4 },
  { size: 256, batch: 8 },
  { size: 256, batch: 32 },
] as const;

/** Two batches tell what a step and a pixel cost; a third one is measured only if that is quick. */
const ENOUGH = 2;
const MOST_SECONDS = { second: 1, further: 0.6 } as const;
/** Steps that are timed of a short one. */
const STEPS = { short: 3, long: 1, shortSeconds: 0.06 } as const;

/** What is measured, and by whom. */
export interface MeasureSpeedOptions {
  /** Filters of the networks. */
  readonly filters?: readonly number[];
  /** Pixels of the largest batch of interest; two batches are measured in any case. */
  readonly mostPixels?: number;
  /** The ranks that train together. */
  readonly collective?: Collective;
}

/**
 * Measures training steps of networks of so many filters; settings other than filters and size are the run's. Several
 * ranks measure together, each with the batch that one rank alone would have, and exchange gradients: all get the speed
 * of the slowest.
 */
export async function measureSpeed(
  gpu: Gpu,
  config: TrainConfig,
  { filters = MEASURED_FILTERS, ...options }: MeasureSpeedOptions = {},
): Promise<Speed> {
  const started = performance.now();
  const points: SpeedPoint[] = [];
  for (const each of filters) {
    try {
      points.push(...await measureFilters(gpu, { ...config, filters: each }, options));
    } catch (error) {
      // A device without room for the original's network can train a smaller one.
      if (!(error instanceof CapacityError) || points.length === 0) throw error;
    }
  }
  return {
    adapter: gpu.adapter.description,
    points,
    seconds: (performance.now() - started) / 1000,
  };
}

async function measureFilters(
  gpu: Gpu,
  config: TrainConfig,
  { mostPixels = Infinity, collective = SINGLE_RANK }: MeasureSpeedOptions,
): Promise<SpeedPoint[]> {
  const trainer = await onAll(collective, () => openTrainer(gpu, config, collective), close);
  const points: SpeedPoint[] = [];
  try {
    for (const { size, batch } of BATCHES) {
      if (size % sizeStep(config) !== 0) continue;
      const pixels = batch * size * size;
      const last = points.at(-1);
      const most = points.length < ENOUGH ? MOST_SECONDS.second : MOST_SECONDS.further;
      const growth = points.length < ENOUGH ? 1 : pixels / last!.pixels;
      if (last && (growth * last.seconds > most || (points.length >= ENOUGH && pixels > mostPixels))) break;
      const measure = async (steps?: number) =>
        await largestOf(collective, await stepSeconds(trainer, batch, { width: size, height: size }, steps));
      try {
        const shape = { batch, height: size, width: size };
        await onAll(collective, () => planBatch(trainer.unet.config, gpu, shape, "normal"));
        let seconds = await measure();
        if (seconds < STEPS.shortSeconds) seconds = await measure(STEPS.short);
        points.push({ filters: config.filters, pixels, seconds });
      } catch (error) {
        if (!(error instanceof CapacityError) || points.length === 0) throw error;
        break;
      }
    }
    return points;
  } finally {
    close(trainer);
  }
}

async function openTrainer(gpu: Gpu, config: TrainConfig, collective: Collective): Promise<Trainer> {
  const unet = await UNet.create(gpu, networkConfig(config), { seed: config.seed });
  try {
    return await Trainer.create(unet, { ...trainerOptions(config), collective });
  } catch (error) {
    unet.close();
    throw error;
  }
}

function close(trainer: Trainer): void {
  trainer.close();
  trainer.unet.close();
}

/** Does something on all ranks; if one has too little room for it, it fails on all, which would wait for that one. */
async function onAll<T>(
  collective: Collective,
  work: () => T | Promise<T>,
  undo?: (done: T) => void,
): Promise<T> {
  const outcome = await Promise.try(work).then((done) => ({ done }), (error: unknown) => ({ error }));
  const fails = "error" in outcome;
  if (fails && !(outcome.error instanceof CapacityError)) throw outcome.error;
  if (await anyRank(collective, fails)) {
    if (fails) throw outcome.error;
    undo?.(outcome.done);
    throw new CapacityError("Cannot measure this network: the device of another rank has too little room");
  }
  return (outcome as { done: T }).done;
}
