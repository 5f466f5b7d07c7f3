/**
 * How long a training run takes to its first step: a new device, nothing compiled. Mesa keeps compiled kernels on
 * disk, so the first run on a machine takes longer than the next.
 *
 * @module
 */
import type { GpuOptions } from "../gpu/adapter.ts";
import { openGpu } from "../host/open_gpu.ts";
import { NetworkBench, type NetworkShape } from "./network.ts";

/** Seconds of a start. */
export interface StartTime extends NetworkShape {
  /** Opening the device, making the network and its plan, and translating kernels. */
  readonly prepareSeconds: number;
  /** The first training step; drivers compile kernels when they first run. */
  readonly firstStepSeconds: number;
  /** The second one. */
  readonly secondStepSeconds: number;
  /** What a start costs: all until the end of the first step, less a step. */
  readonly readySeconds: number;
  /** Kernels that were compiled. */
  readonly pipelines: number;
}

/** Starts a training run on a device of its own. */
export async function measureStart(
  shape: NetworkShape,
  { software = false, kernels = "fast", choices }: Pick<GpuOptions, "software" | "kernels" | "choices">,
): Promise<StartTime> {
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

/** A function that returns the seconds since it was last called. */
function stopwatch(): () => number {
  let last = performance.now();
  return () => {
    const now = performance.now();
    const seconds = (now - last) / 1000;
    last = now;
    return seconds;
  };
}
