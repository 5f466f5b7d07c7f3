/**
 * Measures within about two seconds how fast a device trains, with the real trainer on small batches.
 *
 * @module
 */
import { CapacityError } from "../gpu/capacity_error.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { sizeStep } from "../unet/config.ts";
import { UNet } from "../unet/unet.ts";
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

/** Measures training steps of networks of so many filters; settings other than filters and size are the run's. */
export async function measureSpeed(
  gpu: Gpu,
  config: TrainConfig,
  { filters = MEASURED_FILTERS, mostPixels = Infinity }: {
    readonly filters?: readonly number[];
    /** The largest batch of interest; two are measured in any case. */
    readonly mostPixels?: number;
  } = {},
): Promise<Speed> {
  const started = performance.now();
  const points: SpeedPoint[] = [];
  for (const each of filters) {
    try {
      points.push(...await measureFilters(gpu, { ...config, filters: each }, mostPixels));
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

async function measureFilters(gpu: Gpu, config: TrainConfig, mostPixels: number): Promise<SpeedPoint[]> {
  const unet = await UNet.create(gpu, networkConfig(config), { seed: config.seed });
  const trainer = await Trainer.create(unet, trainerOptions(config));
  const points: SpeedPoint[] = [];
  try {
    for (const { size, batch } of BATCHES) {
      if (size % sizeStep(config) !== 0) continue;
      const pixels = batch * size * size;
      const last = points.at(-1);
      const most = points.length < ENOUGH ? MOST_SECONDS.second : MOST_SECONDS.further;
      const growth = points.length < ENOUGH ? 1 : pixels / last!.pixels;
      if (last && (growth * last.seconds > most || (points.length >= ENOUGH && pixels > mostPixels))) break;
      try {
        let seconds = await stepSeconds(trainer, batch, { width: size, height: size });
        if (seconds < STEPS.shortSeconds) {
          seconds = await stepSeconds(trainer, batch, { width: size, height: size }, STEPS.short);
        }
        points.push({ filters: config.filters, pixels, seconds });
      } catch (error) {
        if (!(error instanceof CapacityError) || points.length === 0) throw error;
        break;
      }
    }
    return points;
  } finally {
    trainer.close();
    unet.close();
  }
}
