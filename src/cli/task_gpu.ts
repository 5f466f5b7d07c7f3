/**
 * The GPU as tasks open it: it is named, and a first compilation is announced, since it takes seconds.
 *
 * @module
 */
import { type Gpu, type GpuOptions, openGpu } from "../gpu/gpu.ts";
import { plural } from "./format.ts";
import { writeStderr } from "./task.ts";

/** Opens the GPU for a task, and names it. */
export async function openTaskGpu(options: GpuOptions = {}): Promise<Gpu> {
  const gpu = await openUnnamed(options);
  nameGpu(gpu);
  return gpu;
}

/** Opens the GPU for a task that names it later. */
export function openUnnamed(options: GpuOptions = {}): Promise<Gpu> {
  return openGpu({
    ...options,
    onCompile: (kernels) =>
      writeStderr(`compiling ${plural(kernels, "kernel")} (seconds once, then the driver keeps them)\n`),
  });
}

/** Says what a task runs on. */
export function nameGpu({ adapter }: Gpu): void {
  const kind = adapter.isFallback ? " (software: works everywhere, a GPU is faster)" : "";
  writeStderr(`running on ${adapter.description}${kind}\n`);
}
