/**
 * The device that all tests of a process share.
 *
 * @module
 */
import "./vulkan_only.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { openGpu } from "../../src/host/open_gpu.ts";

let shared: Promise<Gpu> | undefined;

/**
 * The process's device, opened on the first call. It has the default options and stays open until the process ends:
 * whoever closes it, breaks it or changes its choices opens another.
 */
export function openTestGpu(): Promise<Gpu> {
  return shared ??= openGpu();
}

let sharedF16: Promise<Gpu | null> | undefined;

/** Likewise a device that stores tensors as float16; null if the adapter has no float16. */
export function openF16TestGpu(): Promise<Gpu | null> {
  return sharedF16 ??= openF16();
}

async function openF16(): Promise<Gpu | null> {
  const adapter = await navigator.gpu.requestAdapter();
  return adapter?.features.has("shader-f16") ? await openGpu({ precision: "f16" }) : null;
}
