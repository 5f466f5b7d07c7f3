/**
 * Opens the GPU for a task: with the variants that were timed on it, and announcing a first compilation, which takes
 * seconds.
 *
 * @module
 */
import type { Gpu } from "../gpu/gpu.ts";
import { openGpu, type OpenGpuOptions } from "../host/open_gpu.ts";
import { plural } from "../format.ts";
import { writeStderr } from "./task.ts";

/** Opens the GPU for a task, which says nothing if `quiet`. */
export function openTaskGpu({ quiet, ...options }: OpenGpuOptions & { quiet?: boolean } = {}): Promise<Gpu> {
  return openGpu({
    tuned: true,
    ...options,
    onCompile: (kernels) =>
      !quiet &&
      writeStderr(`compiling ${plural(kernels, "kernel")} (seconds once, then the driver keeps them)\n`),
  });
}

/** Says what a task runs on. */
export function nameGpu({ adapter }: Gpu): void {
  const kind = adapter.isFallback ? " (software: works everywhere, a GPU is faster)" : "";
  writeStderr(`running on ${adapter.description}${kind}\n`);
}
