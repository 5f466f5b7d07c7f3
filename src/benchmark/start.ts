/**
 * How long opening a GPU takes, and a training run up to its first step: a new device, nothing compiled. Mesa keeps
 * compiled kernels on disk, so the first run on a machine takes longer than the next.
 *
 * @module
 */
import type { GpuOptions } from "../gpu/adapter.ts";
import { DEFAULT_ARITHMETIC } from "../gpu/arithmetic.ts";
import { openGpu } from "../host/open_gpu.ts";
import { stopwatch } from "../stopwatch.ts";
import { NetworkBench, type NetworkShape } from "./network_bench.ts";
import { measureOpening, type OpeningTime } from "./opening.ts";

/** Seconds of a start. */
export interface StartTime extends NetworkShape {
  /** Opening a GPU, next to a bare device; null if Deno cannot be started. */
  readonly opening: OpeningTime | null;
  /** Opening the device, creating the network and its plan, and translating kernels. */
  readonly prepareSeconds: number;
  /** The first training step; drivers compile kernels when they first run. */
  readonly firstStepSeconds: number;
  /** The second one. */
  readonly secondStepSeconds: number;
  /** What a start costs: everything up to the end of the first step, less one step. */
  readonly readySeconds: number;
  /** Number of compiled kernels. */
  readonly pipelines: number;
}

/** Times opening a GPU `rounds` times, then starts a training run on a device of its own. */
export async function measureStart(
  shape: NetworkShape,
  { software = false, kernels = DEFAULT_ARITHMETIC, choices }: Pick<
    GpuOptions,
    "software" | "kernels" | "choices"
  >,
  rounds: number,
): Promise<StartTime> {
  const opening = await measureOpening({ software, kernels }, rounds);
  const clock = stopwatch();
  const gpu = await openGpu({ software, kernels, choices });
  try {
    const bench = await NetworkBench.create(gpu, shape);
    await bench.trainer.prepare(shape.batch, shape.size, shape.size);
    const prepareSeconds = clock();
    await bench.step(1);
    const firstStepSeconds = clock();
    await bench.step(1);
    const secondStepSeconds = clock();
    bench.close();
    return {
      ...shape,
      opening,
      prepareSeconds,
      firstStepSeconds,
      secondStepSeconds,
      readySeconds: prepareSeconds + Math.max(0, firstStepSeconds - secondStepSeconds),
      pipelines: gpu.pipelineCount,
    };
  } finally {
    gpu.close();
  }
}
