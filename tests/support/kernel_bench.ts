/**
 * Benches of kernels on the GPU: `deno bench -P=test-bench tests/bench/conv2d_bench.ts`.
 *
 * Waiting for the device costs time, so a measurement repeats its work and waits once; Deno's table shows the time of a
 * whole measurement. The line that each bench prints gives the time of one repetition, its speed, and its share of the
 * speed of the calibration kernel, which runs before each measurement: on a busy machine only the share is meaningful.
 *
 * @module
 */
import type { Dispatch } from "../../kernels/kernel.ts";
import { type Calibration, createCalibration } from "../../src/benchmark/calibration.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { openGpu } from "../../src/host/open_gpu.ts";
import { repeat } from "../../src/tuning/timing.ts";
import { Recorder, type Region } from "../../src/graph/recorder.ts";
import { Standalone } from "../../src/tuning/standalone.ts";

/** The device of this process, opened by the first bench. */
let opened: Promise<[Gpu, Calibration]> | undefined;

/** Measurements per bench. */
const RUNS = 5;

/** Seconds per measurement. */
const SECONDS = 0.1;

/** Work of one repetition: floating-point operations, or bytes read and written. */
export type Amount = { readonly operations: number } | { readonly bytes: number };

/** Work that can be repeated before waiting for it. */
export interface Work {
  /** Repeats the work and waits once. */
  run(times: number): Promise<void>;
}

/** Registers a bench. */
export function benchGpu(name: string, amount: Amount, make: (gpu: Gpu) => Promise<Work>): void {
  let prepared: Promise<{ work: Work; times: number }> | undefined;
  const seconds: number[] = [];
  let peak = 0;
  Deno.bench({ name, n: RUNS, warmup: 0 }, async (bench) => {
    const [gpu, calibration] = await (opened ??= open());
    const { work, times } = await (prepared ??= prepare(gpu, make));
    peak = Math.max(peak, calibration.operations / await calibration.run() / 1e9);
    const start = performance.now();
    bench.start();
    await work.run(times);
    bench.end();
    seconds.push((performance.now() - start) / 1000 / times);
    if (seconds.length === RUNS) await print(name, amount, Math.min(...seconds), peak);
  });
}

async function open(): Promise<[Gpu, Calibration]> {
  const gpu = await openGpu();
  return [gpu, await createCalibration(gpu, SECONDS)];
}

async function prepare(
  gpu: Gpu,
  make: (gpu: Gpu) => Promise<Work>,
): Promise<{ work: Work; times: number }> {
  const work = await make(gpu);
  const { times } = await repeat((count) => work.run(count), SECONDS);
  return { work, times };
}

async function print(name: string, amount: Amount, seconds: number, peak: number): Promise<void> {
  const parts = [`${name}: ${(1000 * seconds).toFixed(3)} ms`];
  if ("operations" in amount) {
    const speed = amount.operations / seconds / 1e9;
    parts.push(`${speed.toFixed(1)} GF`, `${(100 * speed / peak).toFixed(0)} % of ${peak.toFixed(0)} GF`);
  } else parts.push(`${(amount.bytes / seconds / 1e9).toFixed(1)} GB/s`);
  await Deno.stderr.write(new TextEncoder().encode(`${parts.join(", ")}\n`));
}

/** Registers a bench of one dispatch. Bindings are lengths in floats, or the name of a binding whose memory they share. */
export function benchKernel(
  name: string,
  dispatch: Dispatch,
  bindings: Readonly<Record<string, number | string>>,
  operations?: number,
): void {
  const recorder = new Recorder(Infinity);
  const regions: Record<string, Region> = {};
  for (const [binding, size] of Object.entries(bindings)) {
    regions[binding] = typeof size === "string" ? regions[size]! : recorder.fixed(binding, size);
  }
  recorder.run(dispatch, regions);
  const writes = new Map(dispatch.kernel.bindings.map(({ name, access }) => [name, access === "read_write"]));
  const bytes = Object.entries(bindings).reduce((sum, [binding, size]) => {
    return sum + (typeof size === "number" ? 4 * size * (writes.get(binding) ? 2 : 1) : 0);
  }, 0);
  const amount = operations === undefined ? { bytes } : { operations };
  benchGpu(`${dispatch.kernel.label}: ${name}`, amount, (gpu) => Standalone.create(gpu, recorder.steps));
}
