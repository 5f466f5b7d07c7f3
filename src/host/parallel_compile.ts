/**
 * First dispatches of kernels on a software adapter, on two threads: the driver translates a kernel for the processor at
 * its first dispatch, one after the other on a device, and keeps the result in a cache that devices share.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import type { Kernel } from "../../kernels/kernel.ts";
import { FirstRun } from "../gpu/first_run.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { FirstRunTask } from "../gpu/first_run_worker.ts";
import { isGranted } from "./permissions.ts";

/** Fewer kernels are translated as they are met. */
const LEAST_KERNELS = 4;

/** A kernel that takes longer was not in the driver's cache: another thread pays. Opening a device there takes 0.15 s. */
const COLD_SECONDS = 0.15;

/** Devices whose driver did not know a kernel, and will hardly know others. */
const cold = new WeakSet<Gpu>();

/** Seconds after which a thread that does not answer is given up. */
const MOST_SECONDS = 120;

/**
 * Runs each kernel once, with a second thread if the first ones show that the driver does not know them.
 *
 * @param onProgress called after each kernel
 */
export async function runFirst(
  gpu: Gpu,
  kernels: readonly Kernel[],
  onProgress: () => void = () => {},
): Promise<void> {
  if (kernels.length < LEAST_KERNELS) return;
  const order = inOrder(kernels);
  const next = new Int32Array(new SharedArrayBuffer(4));
  const runs = new FirstRun(gpu);
  let helper = cold.has(gpu) ? runElsewhere(gpu, order, next) : undefined;
  try {
    for (let at = Atomics.add(next, 0, 1); at < order.length; at = Atomics.add(next, 0, 1)) {
      const start = performance.now();
      await runs.of(order[at]!);
      onProgress();
      if (performance.now() - start > 1000 * COLD_SECONDS && order.length - at > 2) {
        cold.add(gpu);
        helper ??= runElsewhere(gpu, order, next);
      }
    }
    await helper;
  } finally {
    runs.close();
  }
}

/**
 * Long texts are unrolled loops, which take longest: last, one would keep a single thread busy. The first shows whether
 * the driver knows them, and is shorter.
 */
function inOrder(kernels: readonly Kernel[]): readonly Kernel[] {
  const [longest, ...order] = kernels.toSorted((a, b) => b.code.length - a.code.length);
  const probe = order.splice(Math.floor(order.length / 2), 1);
  return [...probe, longest!, ...order];
}

/**
 * Runs kernels once on another thread, from index `next[0]` on, which both threads count up; resolves when nothing is
 * left, or that thread cannot do it.
 */
export function runElsewhere(gpu: Gpu, kernels: readonly Kernel[], next: Int32Array): Promise<void> {
  return new Promise((resolve) => {
    const module = new URL("../gpu/first_run_worker.ts", import.meta.url);
    // Without permission to read it, one thread does it all.
    if (module.protocol === "file:" && !isGranted("read", fileURLToPath(module))) return resolve();
    const worker = new Worker(module, { type: "module" });
    const end = () => {
      clearTimeout(timer);
      worker.terminate();
      resolve();
    };
    const timer = setTimeout(end, 1000 * MOST_SECONDS);
    worker.onmessage = end;
    worker.onerror = (event) => {
      event.preventDefault();
      end();
    };
    const compiled = kernels.map((kernel) => ({ ...kernel, code: gpu.textOf(kernel) }));
    worker.postMessage({ kernels: compiled, next, device: gpu.settings } satisfies FirstRunTask);
  });
}
