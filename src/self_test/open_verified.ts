/**
 * Opens a GPU on which only kernels run that passed their self-tests. With a memory of earlier verdicts nothing is
 * tested twice, and the self-tests are not even loaded.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { GpuOptions } from "../gpu/adapter.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { float16Error, openDevice } from "../gpu/open_device.ts";
import { KernelGate } from "./kernel_gate.ts";
import { FLOAT16, type VerdictMemory } from "./verdicts.ts";

/**
 * Opens the GPU, or the software adapter of a machine without one. Variants are chosen by what the device has; their
 * kernels are tested before the first plan that runs them, and one that fails gives way to the next.
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
  // Compilations for the self-tests of float16 are not announced.
  const gpu = await openDevice({ ...options, onCompile: undefined });
  opened(gpu);
  try {
    const kept = await memory?.read(gpu);
    const gate = new KernelGate(gpu, kept?.verdicts, memory);
    gpu.choices = gate.choose(options.choices ?? kept?.choices);
    gpu.admit = (kernels) => gate.admit(kernels);
    if (gpu.precision === "f16") await verifyFloat16(gpu, kept?.verdicts[FLOAT16], memory);
  } catch (error) {
    gpu.close();
    throw error;
  }
  gpu.onCompile = options.onCompile;
  return gpu;
}

async function verifyFloat16(gpu: Gpu, known: boolean | undefined, memory?: VerdictMemory): Promise<void> {
  let passed: boolean | null | undefined = known;
  if (passed === undefined) {
    passed = await (await import("./admission.ts")).admissionOf(gpu).float16();
    if (passed !== null) await memory?.write(gpu, { [FLOAT16]: passed });
  }
  if (!passed) throw float16Error(gpu.adapter.description, "its kernels give wrong results there");
}
