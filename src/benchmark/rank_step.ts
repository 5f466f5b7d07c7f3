/**
 * The time of a training step that ranks take together, and how much of it they exchange. Every rank measures; the first
 * one's numbers are those of all, since they wait for each other.
 *
 * @module
 */
import type { Gpu } from "../gpu/gpu.ts";
import { shareOf } from "../ranks/share.ts";
import { allTexts, type Collective } from "../training/collective.ts";
import { Trainer } from "../training/trainer.ts";
import { median } from "../math.ts";
import { UNet } from "../unet/unet.ts";
import { makeBatch, type NetworkShape } from "./network_bench.ts";

/** A step of all ranks, in seconds. */
export interface RankStep extends NetworkShape {
  /** Number of ranks. */
  readonly ranks: number;
  /** The adapters, in the order of the ranks. */
  readonly adapters: readonly string[];
  /** Bytes of a rank's gradients. */
  readonly gradientBytes: number;
  /** Median of a step. */
  readonly step: number;
  /** Mean time per step in which the slowest rank was waited for. */
  readonly waiting: number;
  /** Mean time per step of the exchange itself. */
  readonly exchanging: number;
}

/** A collective that knows where its time went. */
export interface TimedCollective extends Collective {
  readonly times: { readonly waiting: number; readonly exchanging: number };
}

const WARM_UP = 2;
const MOST_STEPS = 40;
const LEAST_STEPS = 3;

/** Measures about `seconds` of steps; `shape.batch` is that of all ranks. */
export async function measureRankStep(
  gpu: Gpu,
  shape: NetworkShape,
  collective: TimedCollective,
  seconds: number,
): Promise<RankStep> {
  const { rank, size: ranks } = collective;
  const { first, end } = shareOf(shape.batch, collective);
  const unet = await UNet.create(gpu, { filters: shape.filters });
  const trainer = await Trainer.create(unet, { collective });
  const { images, masks } = makeBatch(unet.config, { ...shape, batch: end - first });
  try {
    const step = async () => {
      const start = performance.now();
      await trainer.step(images, masks);
      return (performance.now() - start) / 1000;
    };
    let last = 0;
    for (let count = 0; count < WARM_UP; count++) last = await step();
    // All take as many steps as the first one says.
    const count = Math.max(LEAST_STEPS, Math.min(MOST_STEPS, Math.round(seconds / last)));
    const [steps] = await allTexts(collective, rank === 0 ? `${count}` : "");
    const { waiting, exchanging } = collective.times;
    const times: number[] = [];
    while (times.length < Number(steps)) times.push(await step());
    return {
      ...shape,
      ranks,
      adapters: await allTexts(collective, gpu.adapter.description),
      gradientBytes: 4 * unet.parameters.blockSize,
      step: median(times),
      waiting: (collective.times.waiting - waiting) / times.length,
      exchanging: (collective.times.exchanging - exchanging) / times.length,
    };
  } finally {
    trainer.close();
    unet.close();
  }
}
