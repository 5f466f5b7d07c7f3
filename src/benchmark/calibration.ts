/**
 * Peak speed of the adapter, measured as multiply-adds in registers, and the cost of a dispatch. Other speeds are
 * reported relative to the peak, so that a busy or slow machine is not mistaken for a slow kernel.
 *
 * @module
 */
import type { Dispatch } from "../../kernels/kernel.ts";
import { multiplyAdd, multiplyAddOperations } from "../../kernels/probe/multiply_add.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { repeat, type Repetition, summarize, takeTurns, type Timing } from "../tuning/timing.ts";
import { Recorder, view } from "../graph/recorder.ts";
import { Standalone } from "../tuning/standalone.ts";

/** Invocations of the calibration kernel: enough to fill a large GPU. */
const INVOCATIONS = { software: 2 ** 16, hardware: 2 ** 20 };

/** Rounds of the calibration kernel. */
const ROUNDS = 500;

/** Dispatches per measurement of their cost. */
const DISPATCHES = 1000;

/** Speed in GFLOPS: billions of floating-point operations per second. */
export interface Speed {
  /** Number of measurements. */
  readonly runs: number;
  /** The fastest. */
  readonly best: number;
  /** The median. */
  readonly median: number;
}

/** The speed at which `operations` were done in the given time. */
export function speed(operations: number, timing: Timing): Speed {
  return {
    runs: timing.runs,
    best: operations / timing.best / 1e9,
    median: operations / timing.median / 1e9,
  };
}

/** The calibration kernel, ready to be measured interleaved with other work. */
export interface Calibration extends Repetition {
  /** Floating-point operations of one repetition; a multiply-add is two. */
  readonly operations: number;
  /** Frees its buffers. */
  destroy(): void;
}

/** Prepares the calibration kernel; a measurement takes about `seconds`. */
export async function createCalibration(gpu: Gpu, seconds: number): Promise<Calibration> {
  const invocations = gpu.adapter.isFallback ? INVOCATIONS.software : INVOCATIONS.hardware;
  const program = await standalone(gpu, multiplyAdd(invocations, ROUNDS), invocations);
  const repetition = await repeat((times) => program.run(times), seconds);
  return {
    ...repetition,
    operations: multiplyAddOperations(invocations, ROUNDS),
    destroy: () => program.destroy(),
  };
}

/** Seconds per dispatch in a sequence of minimal dispatches. */
export async function dispatchSeconds(gpu: Gpu): Promise<Timing> {
  const program = await standalone(gpu, multiplyAdd(1, 1), 64);
  try {
    await program.run(DISPATCHES);
    const run = async () => {
      const start = performance.now();
      await program.run(DISPATCHES);
      return (performance.now() - start) / 1000 / DISPATCHES;
    };
    return summarize([await run(), await run(), await run()]);
  } finally {
    program.destroy();
  }
}

/** Measures the peak speed for about `seconds`. */
export async function calibrate(gpu: Gpu, seconds: number): Promise<Speed> {
  const calibration = await createCalibration(gpu, seconds / 5);
  try {
    const [timing] = await takeTurns([calibration], { seconds });
    return speed(calibration.operations, timing!);
  } finally {
    calibration.destroy();
  }
}

function standalone(gpu: Gpu, dispatch: Dispatch, values: number): Promise<Standalone> {
  const recorder = new Recorder(gpu.limits.maxStorageBufferBindingSize);
  recorder.run(dispatch, { out: view(recorder.fixed("values", values)) });
  return Standalone.create(gpu, recorder.steps);
}
