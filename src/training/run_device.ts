/**
 * The device of a run: one of its own, or one that is open already.
 *
 * @module
 */
import { completeChoices, type KernelChoices } from "../../kernels/choices.ts";
import { OPERATIONS } from "../../kernels/variants.ts";
import { adapterKind, type GpuOptions } from "../gpu/adapter.ts";
import { DEFAULT_ARITHMETIC } from "../gpu/arithmetic.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { openGpu } from "../host/open_gpu.ts";

/** A device, and how its user is done with it. */
export interface RunDevice extends Disposable {
  /** The device. */
  readonly gpu: Gpu;
}

/**
 * Takes the device that is given, which then stays open, if it computes what these options ask for, bit for bit. Opens
 * another otherwise, which is closed with the result.
 *
 * @param cache the folder of kept verdicts
 * @throws as `openGpu`
 */
export async function openRunDevice(
  given: Gpu | undefined,
  wanted: GpuOptions,
  cache: string | undefined,
): Promise<RunDevice> {
  if (given !== undefined && computesAs(given, wanted)) return { gpu: given, [Symbol.dispose]() {} };
  const gpu = await openGpu({ ...wanted, cache });
  return { gpu, [Symbol.dispose]: () => gpu.close() };
}

function computesAs(
  { adapter, kernels, precision, choices }: Gpu,
  { software = false, kernels: arithmetic = DEFAULT_ARITHMETIC, precision: storage = "f32", choices: chosen }:
    GpuOptions,
): boolean {
  if (kernels !== arithmetic || precision !== storage || (software && !adapter.isFallback)) return false;
  if (chosen === undefined) return true;
  const all = (some: KernelChoices) => completeChoices(OPERATIONS, adapterKind(adapter), some);
  const [is, asked] = [all(choices), all(chosen)];
  return Object.entries(is).every(([label, variant]) => asked[label] === variant);
}
