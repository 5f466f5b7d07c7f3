/**
 * Where the device spends its time in a training step or a forward pass: by kernel, and between dispatches.
 *
 * WebGPU timestamps passes, not dispatches. So steps run alternately as usual, in one pass, and with one pass per
 * dispatch. The latter gives the duration of each dispatch; but switching passes takes time that a usual step does not
 * spend, so the gaps between passes are an upper bound of the gaps between dispatches. On a quiet machine, the duration
 * of a usual step minus that of its dispatches is a better estimate.
 *
 * @module
 */
import type { Gpu } from "../gpu/gpu.ts";
import type { Program } from "../graph/program.ts";
import { type PassTime, Timestamps } from "../gpu/timestamps.ts";
import { summarize } from "../tuning/timing.ts";
import { Executor } from "../unet/executor.ts";
import type { NetworkBench, NetworkShape } from "./network_bench.ts";

/** Consecutive steps per round, so that the time between steps counts as well. */
const STEPS = 3;

/** Least number of rounds. */
const LEAST_ROUNDS = 3;

/** What is profiled: training steps, or forward passes of a prediction. */
export type GapsKind = "train" | "predict";

/** The share of a kernel in a step. */
export interface KernelShare {
  /** Label of the kernel. */
  readonly kernel: string;
  /** Dispatches per step. */
  readonly dispatches: number;
  /** Its share of the time in which the device was busy. */
  readonly share: number;
}

/** Profile of training steps (forward, loss and backward, without the optimizer) or of forward passes. */
export interface Gaps extends NetworkShape {
  /** Which of the two. */
  readonly kind: GapsKind;
  /** Dispatches per step. */
  readonly dispatches: number;
  /** Number of rounds, of which the shares are medians; 0 without timestamps, where all shares are null. */
  readonly rounds: number;
  /** Share of the time between steps, in which the device waits for JavaScript. */
  readonly idleBetweenSteps: number | null;
  /** Share of a usual step's duration that is not covered by its dispatches, as timed in separate passes. */
  readonly idleBetweenDispatches: number | null;
  /** Share of the time between separate passes: an upper bound of the gaps between dispatches. */
  readonly idleBetweenPasses: number | null;
  /** Milliseconds that JavaScript needs to submit a step, including the upload of its batch. */
  readonly handoverMilliseconds: number;
  /** All kernels, the slowest first; empty without timestamps. */
  readonly kernels: readonly KernelShare[];
}

/** Profiles training steps or forward passes for about `seconds`. */
export async function measureGaps(
  gpu: Gpu,
  bench: NetworkBench,
  shape: NetworkShape,
  seconds: number,
  kind: GapsKind = "train",
): Promise<Gaps> {
  const executor = new Executor(gpu, bench.unet.config, { weights: bench.unet.weights });
  const { size, batch } = shape;
  const spec = { kind, batch, height: size, width: size } as const;
  const { plan, program, images, masks } = await executor.prepare(spec, true);
  try {
    gpu.write(images, 0, bench.batch.images.data);
    if (kind === "train") gpu.write(masks, 0, bench.batch.masks.data);
    const handoverMilliseconds = await measureHandover(
      gpu,
      kind === "train" ? () => bench.trainer.enqueue(bench.batch.images, bench.batch.masks) : () => {
        gpu.write(images, 0, bench.batch.images.data);
        gpu.run((pass) => program.encode(pass));
      },
    );
    if (kind === "train") await bench.trainer.readMetrics();
    const labels = plan.steps.map(({ dispatch }) => dispatch.kernel.label);
    const common = { ...shape, kind, dispatches: program.length, handoverMilliseconds };
    const rounds = await profileSteps(gpu, program, seconds);
    const share = (of: (round: Round) => number) => rounds && Math.max(0, summarize(rounds.map(of)).median);
    return {
      ...common,
      rounds: rounds?.length ?? 0,
      idleBetweenSteps: share(({ steps }) => 1 - busyTicks(steps) / spanTicks(steps)),
      idleBetweenDispatches: share(({ dispatches, steps }) => 1 - busyTicks(dispatches) / spanTicks(steps)),
      idleBetweenPasses: share(({ dispatches }) => 1 - busyTicks(dispatches) / spanTicks(dispatches)),
      kernels: rounds ? kernelShares(labels, rounds.flatMap(({ dispatches }) => dispatches)) : [],
    };
  } finally {
    executor.clear();
  }
}

/** Ticks in which at least one pass ran; passes may overlap. */
export function busyTicks(times: readonly PassTime[]): number {
  const sorted = times.toSorted((a, b) => a.begin < b.begin ? -1 : 1);
  let busy = 0n;
  let done = 0n;
  for (const { begin, end } of sorted) {
    if (end <= done) continue;
    busy += end - (begin > done ? begin : done);
    done = end;
  }
  return Number(busy);
}

/** Ticks from the first beginning to the last end; at least 1. */
export function spanTicks(times: readonly PassTime[]): number {
  const first = times.reduce((least, { begin }) => begin < least ? begin : least, times[0]!.begin);
  const last = times.reduce((most, { end }) => end > most ? end : most, times[0]!.end);
  return Math.max(1, Number(last - first));
}

/** Sums passes by kernel; `labels` are those of one step, `times` those of complete steps. */
export function kernelShares(labels: readonly string[], times: readonly PassTime[]): KernelShare[] {
  const sums = new Map<string, { dispatches: number; ticks: number }>();
  times.forEach(({ begin, end }, index) => {
    const label = labels[index % labels.length]!;
    const { dispatches, ticks } = sums.get(label) ?? { dispatches: 0, ticks: 0 };
    sums.set(label, { dispatches: dispatches + 1, ticks: ticks + Number(end - begin) });
  });
  const total = Math.max(1, [...sums.values()].reduce((sum, { ticks }) => sum + ticks, 0));
  const steps = times.length / labels.length;
  return [...sums]
    .map(([kernel, { dispatches, ticks }]) => ({
      kernel,
      dispatches: dispatches / steps,
      share: ticks / total,
    }))
    .sort((a, b) => b.share - a.share);
}

/** Timestamps of one round. */
interface Round {
  /** Passes of steps with one pass per dispatch. */
  readonly dispatches: PassTime[];
  /** Passes of usual steps. */
  readonly steps: PassTime[];
}

/** Runs steps in both ways alternately; null without timestamps. */
async function profileSteps(gpu: Gpu, program: Program, seconds: number): Promise<Round[] | null> {
  const ofDispatches = await Timestamps.create(gpu, STEPS * program.length);
  const ofSteps = await Timestamps.create(gpu, STEPS);
  if (ofDispatches === null || ofSteps === null) return null;
  const run = async (clock: Timestamps) => {
    const length = clock.passes / STEPS;
    for (let step = 0; step < STEPS; step++) {
      const encoder = gpu.device.createCommandEncoder();
      for (let index = 0; index < length; index++) {
        const pass = encoder.beginComputePass({ timestampWrites: clock.writes(step * length + index) });
        if (length === 1) program.encode(pass);
        else program.encode(pass, index, index + 1);
        pass.end();
      }
      gpu.submit(encoder);
    }
    return await clock.read();
  };
  try {
    // Compiles and warms up.
    await run(ofSteps);
    const rounds: Round[] = [];
    const start = performance.now();
    while (rounds.length < LEAST_ROUNDS || performance.now() - start < 1000 * seconds) {
      rounds.push({ dispatches: await run(ofDispatches), steps: await run(ofSteps) });
    }
    return rounds;
  } finally {
    ofDispatches.destroy();
    ofSteps.destroy();
  }
}

/** Every step is submitted to an idle device: some drivers block a submission until the previous one is done. */
async function measureHandover(gpu: Gpu, submit: () => Promise<void> | void): Promise<number> {
  let best = Infinity;
  for (let round = 0; round <= LEAST_ROUNDS; round++) {
    await gpu.idle();
    const start = performance.now();
    await submit();
    // The first round creates the plan.
    if (round > 0) best = Math.min(best, performance.now() - start);
  }
  return best;
}
