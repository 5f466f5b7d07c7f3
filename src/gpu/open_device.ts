/**
 * Opens a device with the limits and features that the kernels want. Nothing is tested here: see src/self_test.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { bindingSize, type GpuOptions, isSoftware, requestAdapter, WORDS_FEATURE } from "./adapter.ts";
import { Gpu } from "./gpu.ts";

/** Limits that are requested if the adapter offers more than WebGPU's default. */
const WANTED_LIMITS = [
  "maxStorageBufferBindingSize",
  "maxBufferSize",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
] as const;

/** Storage buffers that one kernel binds at most. */
const STORAGE_BUFFERS = 8;

const NO_ADAPTER = "Cannot open a GPU: this machine offers no WebGPU adapter\n" +
  "hint: install a Vulkan driver; on Debian or Ubuntu without a GPU: apt-get install mesa-vulkan-drivers libvulkan1, " +
  "or run sh tasks/run.sh doctor";

/**
 * Opens a device with the basic variants, which every adapter is trusted with. `options.choices` is ignored: other
 * variants are chosen only after their self-tests.
 *
 * @throws {Error} if there is no adapter, or it does not offer the storage type.
 * @throws {RangeError} if a limit of the adapter is too small for the kernels.
 */
export async function openDevice(options: GpuOptions = {}): Promise<Gpu> {
  const adapter = await requestAdapter(options);
  if (!adapter) throw new Error(NO_ADAPTER);
  const requiredLimits: Record<string, number> = {};
  for (const name of WANTED_LIMITS) requiredLimits[name] = adapter.limits[name];
  requiredLimits.maxStorageBufferBindingSize = bindingSize(adapter.limits, {});
  if (adapter.limits.maxStorageBuffersPerShaderStage < STORAGE_BUFFERS) {
    throw new RangeError(
      `Cannot use adapter "${adapter.info.description}": it binds ` +
        `${adapter.limits.maxStorageBuffersPerShaderStage} storage buffers, the kernels need ${STORAGE_BUFFERS}\n` +
        "hint: a Vulkan, Metal or D3D12 driver binds 8 or more; an OpenGL one may not",
    );
  }
  const requiredFeatures: GPUFeatureName[] = [];
  if (adapter.features.has("timestamp-query")) requiredFeatures.push("timestamp-query");
  if (options.precision === "f16") {
    if (!adapter.features.has("shader-f16")) {
      throw float16Error(adapter.info.description, "the adapter does not offer shader-f16");
    }
    requiredFeatures.push("shader-f16");
  }
  const device = await requestDevice(adapter, { requiredLimits, requiredFeatures });
  return new Gpu(adapter, device, options);
}

/** The error for an adapter that cannot store tensors as float16. */
export function float16Error(adapter: string, why: string): Error {
  return new Error(`Cannot store tensors as f16 on "${adapter}": ${why}\nhint: train with --precision f32`);
}

/**
 * Requests subgroups too, and on a software adapter 64-bit integers, which an adapter may grant without listing them: only
 * asking tells.
 */
async function requestDevice(
  adapter: GPUAdapter,
  wanted: { requiredLimits: Record<string, number>; requiredFeatures: GPUFeatureName[] },
): Promise<GPUDevice> {
  const subgroups: GPUFeatureName = "subgroups";
  const words = WORDS_FEATURE as GPUFeatureName;
  for (const more of [...(isSoftware(adapter) ? [[subgroups, words]] : []), [subgroups]]) {
    try {
      const requiredFeatures = [...wanted.requiredFeatures, ...more];
      return await adapter.requestDevice({ ...wanted, requiredFeatures });
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
  }
  return await adapter.requestDevice(wanted);
}
