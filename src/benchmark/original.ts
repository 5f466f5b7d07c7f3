/**
 * The configuration of the original on this adapter, next to PyTorch on the same machine, and the resulting duration of
 * the original's run: 40 epochs of 1,502 training and 429 validation images, which took 13 min 22 s and 6.1 GB of
 * memory on its GPU.
 *
 * @module
 */
import type { GpuOptions } from "../gpu/adapter.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { openGpu } from "../host/open_gpu.ts";
import { planBatch } from "../training/batch_memory.ts";
import { type Contestant, repeat, takeTurns, type Timing, type TurnOptions } from "../tuning/timing.ts";
import { type Gaps, measureGaps } from "./gaps.ts";
import { NetworkBench, type NetworkShape } from "./network_bench.ts";
import { PeerProcess } from "./peer_process.ts";
import { startTorchTwin } from "./peers.ts";

/** Network and batch of the original. */
export const ORIGINAL_SHAPE: NetworkShape = { filters: 32, size: 256, batch: 32 };

/** The run of the original. */
const RUN = { epochs: 40, train: 1502, valid: 429 };

/** Precisions that PyTorch is measured with. */
export const PRECISIONS = [
  { precision: "strict", name: "strict float32" },
  { precision: "default", name: "default" },
  { precision: "autocast", name: "autocast to bfloat16, channels last" },
] as const;

/** One way to train the original. */
export interface OriginalSpeed {
  /** Implementation and precision. */
  readonly name: string;
  /** Seconds per training step, including the upload of its batch. */
  readonly step: Timing;
  /** Seconds per evaluated batch, likewise. */
  readonly evaluation: Timing;
  /** Peak device memory in bytes; null if unknown. */
  readonly peakBytes: number | null;
  /** Estimated seconds of the original's run by the medians, without preparing images. */
  readonly runSeconds: number;
  /** Our step in float32 divided by this one, by best and by median; null for itself. */
  readonly ratio: { readonly best: number; readonly median: number } | null;
}

/** Everything that was measured. */
export interface OriginalReport extends NetworkShape {
  /** Planned memory of our training in bytes. */
  readonly plannedBytes: number;
  /** Ours, then PyTorch's. */
  readonly speeds: readonly OriginalSpeed[];
  /** Why PyTorch is missing; null if it is not. */
  readonly missing: string | null;
  /** Why float16 is missing; null if it is not. */
  readonly missingHalf: string | null;
  /** Profile of a training step. */
  readonly gaps: Gaps;
}

/** Settings of {@linkcode measureOriginal}. */
export interface OriginalOptions extends TurnOptions {
  /** Seconds per measurement of ours. */
  readonly measurement: number;
  /** Called with notes on progress. */
  readonly onNote: (note: string) => void;
}

/**
 * Measures the configuration of the original, or a smaller one.
 *
 * @param half Options of a second device, which stores tensors as float16; without them, there is none.
 */
export async function measureOriginal(
  gpu: Gpu,
  shape: NetworkShape,
  options: OriginalOptions,
  half?: GpuOptions,
): Promise<OriginalReport> {
  const { size, batch } = shape;
  const bench = await NetworkBench.create(gpu, shape);
  const halfBench = half ? await HalfBench.create(half, shape) : "not requested";
  options.onNote("starting PyTorch");
  const twin = await startTorchTwin(shape);
  try {
    const { config } = bench.unet;
    const { byteLength } = planBatch(config, gpu, { batch, height: size, width: size }, "normal");
    const step = await repeat((times) => bench.step(times), options.measurement);
    const evaluation = await repeat((times) => bench.evaluate(times), options.measurement);
    const peaks = new Map<string, number>();
    const precisions = twin instanceof PeerProcess
      ? PRECISIONS.filter(({ precision }) =>
        ["step", "evaluate"].every((work) => twin.work.includes(`${precision} ${work}`))
      )
      : [];
    const theirs = twin instanceof PeerProcess
      ? precisions.flatMap(({ precision }) => [
        torchContestant(twin, precision, "step", peaks),
        torchContestant(twin, precision, "evaluate", peaks),
      ])
      : [];
    const halves = halfBench instanceof HalfBench
      ? [
        await repeat((times) => halfBench.bench.step(times), options.measurement),
        await repeat((times) => halfBench.bench.evaluate(times), options.measurement),
      ]
      : [];
    const contestants = [step, evaluation, ...halves, ...theirs];
    const [ourStep, ourEvaluation, ...timings] = await takeTurns(contestants, options);
    const entry = (name: string, stepTime: Timing, evaluationTime: Timing, peakBytes: number | null) => ({
      name,
      step: stepTime,
      evaluation: evaluationTime,
      peakBytes,
      runSeconds: runSeconds(batch, stepTime.median, evaluationTime.median),
      ratio: stepTime === ourStep ? null : {
        best: ourStep!.best / stepTime.best,
        median: ourStep!.median / stepTime.median,
      },
    });
    const speeds = [entry("this project, float32", ourStep!, ourEvaluation!, bench.trainer.byteLength)];
    if (halfBench instanceof HalfBench) {
      const [halfStep, halfEvaluation] = timings.splice(0, 2);
      const { byteLength } = halfBench.bench.trainer;
      speeds.push(entry("this project, float16", halfStep!, halfEvaluation!, byteLength));
    }
    if (twin instanceof PeerProcess) {
      precisions.forEach(({ precision, name }, index) =>
        speeds.push(
          entry(
            `${twin.name}, ${name}`,
            timings[2 * index]!,
            timings[2 * index + 1]!,
            peaks.get(precision) ?? null,
          ),
        )
      );
    }
    options.onNote("measuring gaps between dispatches");
    return {
      ...shape,
      plannedBytes: byteLength,
      speeds,
      missing: twin instanceof PeerProcess ? null : twin.message,
      missingHalf: halfBench instanceof HalfBench ? null : halfBench,
      gaps: await measureGaps(gpu, bench, shape, options.seconds / 3),
    };
  } finally {
    bench.close();
    if (halfBench instanceof HalfBench) halfBench.close();
    if (twin instanceof PeerProcess) await twin.close();
  }
}

/** The same on a separate device that stores tensors between layers as float16. */
class HalfBench {
  private constructor(readonly gpu: Gpu, readonly bench: NetworkBench) {}

  /** Opens the device; returns the reason if it cannot be opened. */
  static async create(options: GpuOptions, shape: NetworkShape): Promise<HalfBench | string> {
    let gpu: Gpu;
    try {
      gpu = await openGpu({ ...options, precision: "f16" });
    } catch (error) {
      return (error as Error).message.split("\n")[0]!;
    }
    return new HalfBench(gpu, await NetworkBench.create(gpu, shape));
  }

  /** Frees everything. */
  close(): void {
    this.bench.close();
    this.gpu.close();
  }
}

/** Seconds of the original's run, given seconds per step and per evaluated batch. */
export function runSeconds(batch: number, step: number, evaluation: number): number {
  return RUN.epochs * (RUN.train * step + RUN.valid * evaluation) / batch;
}

/** A kind of work of PyTorch, which notes its peak memory. */
export function torchContestant(
  twin: PeerProcess,
  precision: string,
  work: string,
  peaks: Map<string, number> = new Map(),
): Contestant {
  return {
    run: async () => {
      const { seconds, peakBytes } = await twin.measure(`${precision} ${work}`);
      if (peakBytes !== undefined) peaks.set(precision, Math.max(peaks.get(precision) ?? 0, peakBytes));
      return seconds;
    },
  };
}
