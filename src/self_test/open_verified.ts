/**
 * Opens a GPU whose variants have passed their self-tests on it. With a memory of earlier verdicts nothing is tested
 * twice, and the self-tests are not even loaded.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { GpuOptions } from "../gpu/adapter.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { float16Error, openDevice } from "../gpu/open_device.ts";
import { chooseVerified, FLOAT16, type VerdictMemory, verdictName } from "./verdicts.ts";

/**
 * Opens the GPU, or the software adapter of a machine without one, and chooses variants that pass their self-tests.
 *
 * @param opened called with the device before anything is tested
 * @throws {Error} if there is no adapter, or tensors cannot be stored as float16 on it.
 * @throws {RangeError} if a limit of the adapter is too small for the kernels.
 */
export async function openVerifiedGpu(
  options: GpuOptions = {},
  memory?: VerdictMemory,
  opened: (gpu: Gpu) => void = () => {},
): Promise<Gpu> {
  // Self-tests compile kernel by kernel: those are not announced.
  const gpu = await openDevice({ ...options, onCompile: undefined });
  opened(gpu);
  try {
    await verifyGpu(gpu, options, memory);
  } catch (error) {
    gpu.close();
    throw error;
  }
  gpu.onCompile = options.onCompile;
  return gpu;
}

async function verifyGpu(gpu: Gpu, { choices }: GpuOptions, memory?: VerdictMemory): Promise<void> {
  const kept = await memory?.read(gpu);
  const known = new Map(Object.entries(kept?.verdicts ?? {}));
  const tested: Record<string, boolean> = {};
  const passes = async (name: string, test: () => Promise<boolean | null>) => {
    let verdict = known.get(name) ?? null;
    if (verdict === null) {
      verdict = await test();
      if (verdict !== null) tested[name] = verdict;
    }
    return verdict === true;
  };
  const admission = async () => (await import("./admission.ts")).admissionOf(gpu);
  gpu.choices = await chooseVerified(
    gpu,
    choices ?? kept?.choices,
    (label, variant) =>
      passes(verdictName(label, variant), async () => (await admission()).verdict(label, variant)),
    async (variants) => {
      const untested = variants.filter(({ label, variant }) => !known.has(verdictName(label, variant)));
      if (untested.length > 0) await (await admission()).compile(untested);
    },
  );
  const usable = gpu.precision === "f32" ||
    await passes(FLOAT16, async () => (await admission()).float16());
  if (Object.keys(tested).length > 0) await memory?.write(gpu, tested);
  if (!usable) throw float16Error(gpu.adapter.description, "its kernels give wrong results there");
}
