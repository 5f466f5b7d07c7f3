/**
 * The GPU as tasks open it: it is named, and a first compilation is announced, since it takes seconds.
 *
 * @module
 */
import { type Gpu, type GpuOptions, openGpu } from "../gpu/gpu.ts";
import { plural } from "./format.ts";
import { writeStderr } from "./task.ts";

/** Opens the GPU for a task. */
export async function openTaskGpu(options: GpuOptions = {}): Promise<Gpu> {
  const gpu = await openGpu({
    ...options,
    onCompile: (kernels) =>
      writeStderr(`compiling ${plural(kernels, "kernel")} (seconds once, then the driver keeps them)\n`),
  });
  const kind = gpu.adapter.isFallback ? " (software: works everywhere, a GPU is faster)" : "";
  writeStderr(`running on ${gpu.adapter.description}${kind}\n`);
  return gpu;
}
