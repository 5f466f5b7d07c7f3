/**
 * The devices that all tests of a process share.
 *
 * @module
 */
import "./vulkan_only.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { openGpu, type OpenGpuOptions } from "../../src/host/open_gpu.ts";

const shared = new Map<string, Promise<Gpu>>();

/**
 * The process's device with these options, the default ones if none are given, opened on the first call. It stays open
 * until the process ends: a test that closes a device, breaks it or changes its choices opens another.
 */
export function openTestGpu(options: OpenGpuOptions = {}): Promise<Gpu> {
  const key = JSON.stringify(options);
  let gpu = shared.get(key);
  if (gpu === undefined) shared.set(key, gpu = openGpu(options));
  return gpu;
}

/** Likewise a device that stores tensors as float16; null if the adapter has no float16. */
export async function openF16TestGpu(): Promise<Gpu | null> {
  const adapter = await navigator.gpu.requestAdapter();
  return adapter?.features.has("shader-f16") ? await openTestGpu({ precision: "f16" }) : null;
}
