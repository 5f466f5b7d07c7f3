/**
 * Opens the GPU on this machine: with the verdicts of earlier starts, and with the variants that were timed here.
 *
 * @module
 */
import { FOLDERS } from "../fs/layout.ts";
import { describeGpu, type GpuOptions } from "../gpu/adapter.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { openVerifiedGpu } from "../self_test/open_verified.ts";
import { isFileSizeLimited } from "./file_limit.ts";
import { KernelMemory } from "./kernel_memory.ts";
import { runFirst } from "./parallel_compile.ts";

/** How {@linkcode openGpu} opens, verifies and chooses. */
export interface OpenGpuOptions extends GpuOptions {
  /**
   * Folder that keeps the verdicts of self-tests and timed variants; defaults to `dataset/.cache` in the working
   * directory. It is used only as far as permissions were granted; nothing is asked for.
   */
  cache?: string | undefined;
  /** Whether to take the variants that were timed on this adapter, unless `choices` names some; defaults to false. */
  tuned?: boolean;
  /** Whether to run the self-tests again although verdicts of theirs are kept; defaults to false. */
  retest?: boolean;
}

/**
 * Opens the GPU, or the software adapter of a machine without one. Kernels of variants that are not basic are tested
 * before a plan first runs them; a verdict that an earlier start kept is taken in place of a test.
 *
 * @throws {Error} if there is no adapter, with what to install, or tensors cannot be stored as float16 on it.
 * @throws {RangeError} if a limit of the adapter is too small for the kernels.
 */
export async function openGpu(
  { cache = FOLDERS.cache, tuned = false, retest = false, ...options }: OpenGpuOptions = {},
): Promise<Gpu> {
  if (await isFileSizeLimited(cache) && (await describeGpu(options))?.adapter.isFallback) {
    throw new Error(
      "Cannot open the software adapter: the shell limits the size of files, one of which its memory is\n" +
        "hint: raise the limit (ulimit -f unlimited)",
    );
  }
  return await openVerifiedGpu(options, new KernelMemory(cache, { tuned, retest }), (gpu) => {
    if (gpu.adapter.isFallback) gpu.runFirst = (kernels, onProgress) => runFirst(gpu, kernels, onProgress);
  });
}
