/**
 * One exploration of an adapter, within a time limit: the variants of every class, what the fastest ones do for the
 * original's training step, that step next to PyTorch, a small network, and predictions.
 *
 * @module
 */
import type { KernelChoices } from "../../kernels/choices.ts";
import type { GpuOptions } from "../gpu/adapter.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { type Contestant, repeat, takeTurns, type Timing } from "../tuning/timing.ts";
import { tuneKernels, type Tuning } from "../tuning/tune.ts";
import { type Gaps, measureGaps } from "./gaps.ts";
import { NetworkBench, type NetworkShape } from "./network_bench.ts";
import { CALL_WARM_UPS } from "./network_speed.ts";
import { measureOriginal, type OriginalReport, PRECISIONS, torchContestant } from "./original.ts";
import { PeerProcess } from "./peer_process.ts";
import { startTorchTwin } from "./peers.ts";

/** The network whose steps are mostly launches. */
const SMALL_SHAPE: NetworkShape = { filters: 8, size: 64, batch: 4 };

/** Shares of the time limit that the parts are planned with; starting PyTorch four times takes most of the rest. */
const SHARES = { variants: 0.2, proposal: 0.08, original: 0.12, small: 0.04, inference: 0.05 };

/** Seconds per measurement of ours, unless a part has less. */
const MEASUREMENT = 0.5;

/** Time of calls next to PyTorch's. */
export interface CallSpeed {
  /** Who calls. */
  readonly name: string;
  /** Seconds per call. */
  readonly call: Timing;
  /** Our best and median divided by this one's; null for ours. */
  readonly ratio: { readonly best: number; readonly median: number } | null;
}

/** Calls on one batch. */
export interface CallReport extends NetworkShape {
  /** A training step, enqueued; or a prediction from values to probabilities in the host's memory. */
  readonly work: "step" | "predict";
  /** Ours, then PyTorch's. */
  readonly speeds: readonly CallSpeed[];
  /** Why PyTorch is missing; null if it is not. */
  readonly missing: string | null;
}

/** The original's step with the proposed variants, next to the one with those that would be chosen. */
export interface Proposal {
  /** Classes whose fastest variant is not the one that would be chosen. */
  readonly choices: KernelChoices;
  /** Seconds of a step with each. */
  readonly step: { readonly chosen: Timing; readonly proposed: Timing };
  /** Whether the proposal is faster by best and median. */
  readonly isFaster: boolean;
}

/** The parts of an exploration. */
export interface ExploreParts {
  /** Times of the variants of every class. */
  variants: Tuning;
  /** What they change in a step; null if nothing differs. */
  proposal: Proposal | null;
  /** The original's configuration next to PyTorch. */
  original: OriginalReport;
  /** A forward pass of it by kernel. */
  forward: Gaps;
  /** A network of few filters. */
  small: readonly CallReport[];
  /** Predictions of one image, and of a batch. */
  inference: readonly CallReport[];
}

/** What was measured. */
export interface ExploreReport extends Partial<ExploreParts> {
  /** Parts that no time was left for. */
  readonly left: (keyof ExploreParts)[];
}

/** Settings of {@linkcode explore}. */
export interface ExploreOptions {
  /** Seconds that its parts are planned with. */
  readonly seconds: number;
  /** Seconds after which no part is begun; defaults to the planned ones. */
  readonly limit?: number | undefined;
  /** Options of a second device, which stores tensors as float16. */
  readonly half?: GpuOptions | undefined;
  /** Factor on the size of the variants' samples; by default that of the adapter's kind. */
  readonly scale?: number | undefined;
  /** Called with notes on progress. */
  readonly onNote: (note: string) => void;
  /** Called with the report after each part, so that a part that fails leaves those before it. */
  readonly onPart?: ((name: keyof ExploreParts, report: ExploreReport) => void) | undefined;
}

/** Measures the parts in order; those that no time is left for are named in the report. */
export async function explore(
  gpu: Gpu,
  shape: NetworkShape,
  { seconds, limit = seconds, half, scale, onNote, onPart }: ExploreOptions,
): Promise<ExploreReport> {
  const start = performance.now();
  const report: { -readonly [Name in keyof ExploreReport]: ExploreReport[Name] } = { left: [] };
  const turns = (share: number) => ({
    seconds: share * seconds,
    measurement: Math.min(MEASUREMENT, share * seconds / 20),
    least: 2,
  });
  const parts: { readonly [Name in keyof ExploreParts]: () => Promise<ExploreParts[Name]> } = {
    variants: () =>
      tuneKernels(gpu, {
        seconds: SHARES.variants * seconds,
        measurement: Math.min(0.08, SHARES.variants * seconds / 200),
        scale,
        onClass: (name) => onNote(`variants of ${name}`),
      }),
    proposal: () => measureProposal(gpu, shape, report.variants!.choices, turns(SHARES.proposal)),
    original: () => measureOriginal(gpu, shape, { ...turns(SHARES.original), onNote }, half),
    forward: async () => {
      const bench = await NetworkBench.create(gpu, shape);
      try {
        return await measureGaps(gpu, bench, shape, SHARES.small * seconds, "predict");
      } finally {
        bench.close();
      }
    },
    small: () => measureCalls(gpu, SMALL_SHAPE, ["step", "predict"], turns(SHARES.small)),
    inference: async () => {
      const calls: CallReport[] = [];
      for (const batch of new Set([1, shape.batch])) {
        calls.push(...await measureCalls(gpu, { ...shape, batch }, ["predict"], turns(SHARES.inference)));
      }
      return calls;
    },
  };
  const measure = async <Name extends keyof ExploreParts>(name: Name) => {
    if (performance.now() - start > 1000 * limit) {
      report.left.push(name);
      return;
    }
    onNote(`exploring: ${name}`);
    (report as Partial<Pick<ExploreParts, Name>>)[name] = await parts[name]();
    onPart?.(name, report);
  };
  for (const name of Object.keys(parts) as (keyof ExploreParts)[]) await measure(name);
  return report;
}

/** How long contestants take turns, and seconds per measurement of ours. */
interface Turns {
  readonly seconds: number;
  readonly measurement: number;
  readonly least: number;
}

/** The original's step with the fastest variants; null if they are the ones that would be chosen. */
async function measureProposal(
  gpu: Gpu,
  shape: NetworkShape,
  fastest: KernelChoices,
  turns: Turns,
): Promise<Proposal | null> {
  const { choices: chosen } = gpu;
  const choices = Object.fromEntries(
    Object.entries(fastest).filter(([name, variant]) => chosen[name] !== variant),
  );
  if (Object.keys(choices).length === 0) return null;
  const benches: NetworkBench[] = [];
  try {
    const contestants = [];
    for (const used of [chosen, { ...chosen, ...choices }]) {
      // Plans keep the choices of the time at which they were recorded, in the first step.
      gpu.choices = used;
      const bench = await NetworkBench.create(gpu, shape);
      benches.push(bench);
      contestants.push(await repeat((times) => bench.step(times), turns.measurement));
    }
    const [before, after] = await takeTurns(contestants, turns);
    const isFaster = after!.best < before!.best && after!.median < before!.median;
    return { choices, step: { chosen: before!, proposed: after! }, isFaster };
  } finally {
    gpu.choices = chosen;
    for (const bench of benches) bench.close();
  }
}

/** Times kinds of work on one batch next to PyTorch in every precision. */
async function measureCalls(
  gpu: Gpu,
  shape: NetworkShape,
  works: readonly CallReport["work"][],
  turns: Turns,
): Promise<CallReport[]> {
  const bench = await NetworkBench.create(gpu, shape);
  const twin = await startTorchTwin(shape);
  const missing = twin instanceof PeerProcess ? null : twin.message;
  try {
    const ours: Record<CallReport["work"], (times: number) => Promise<void>> = {
      step: (times) => bench.step(times),
      predict: async (times) => {
        for (let i = 0; i < times; i++) await bench.unet.predict(bench.batch.images);
      },
    };
    const reports: CallReport[] = [];
    for (const work of works) {
      const theirs: (Contestant & { readonly name: string })[] = [];
      if (twin instanceof PeerProcess) {
        for (const { precision, name } of PRECISIONS) {
          if (!twin.work.includes(`${precision} ${work}`)) continue;
          theirs.push({ ...torchContestant(twin, precision, work), name: `${twin.name}, ${name}` });
        }
      }
      await ours[work](CALL_WARM_UPS);
      const own = await repeat(ours[work], turns.measurement);
      const [first, ...timings] = await takeTurns([own, ...theirs], turns);
      const speeds = [
        { name: "this project, float32", call: first!, ratio: null },
        ...timings.map((call, index) => ({
          name: theirs[index]!.name,
          call,
          ratio: { best: first!.best / call.best, median: first!.median / call.median },
        })),
      ];
      reports.push({ ...shape, work, speeds, missing });
    }
    return reports;
  } finally {
    bench.close();
    if (twin instanceof PeerProcess) await twin.close();
  }
}
