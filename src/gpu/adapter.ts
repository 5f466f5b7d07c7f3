/**
 * Adapters: requested, described, and what their devices may be granted. Opens no device.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { type AdapterKind, completeChoices, type KernelChoices, type Need } from "../../kernels/choices.ts";
import type { Precision } from "../../kernels/storage.ts";
import { OPERATIONS } from "../../kernels/variants.ts";
import { type Arithmetic, DEFAULT_ARITHMETIC } from "./arithmetic.ts";

/** How an adapter, its limits and its arithmetic are chosen. */
export interface GpuOptions {
  /** Request the software adapter even if there is a hardware GPU. */
  software?: boolean;
  /** `fast` (the default), or `strict`: only arithmetic as accurate as plain float32 sums. */
  kernels?: Arithmetic;
  /**
   * Storage type of the tensors between layers in training: `f32` (the default), or `f16`, which halves their memory.
   * `f16` needs an adapter with `shader-f16` whose kernels pass their self-tests in it. Sums, weights and predictions
   * stay float32.
   */
  precision?: Precision;
  /**
   * Variants for classes of shapes, in place of the defaults for this kind of adapter. Names that do not exist, and
   * variants that fail their self-test on the adapter, are ignored.
   */
  choices?: KernelChoices | undefined;
  /** Upper limit on the bytes of one binding; larger work is split into chunks. */
  maxBindingSize?: number;
  /** Upper limit on the bytes of one buffer; batches that need more are split into micro-batches. */
  maxBufferSize?: number;
  /** Called with the number of kernels if compiling them takes a while, as a machine's first compilation does. */
  onCompile?: ((kernels: number) => void) | undefined;
}

/** What is known of an adapter. */
export interface AdapterDescription {
  /** Name of the device and driver, as far as the platform tells. */
  readonly description: string;
  /** Vendor, as far as the platform tells. */
  readonly vendor: string;
  /** Whether this is a software implementation. */
  readonly isFallback: boolean;
}

/** The limits that plans depend on. */
export interface GpuLimits {
  /** Bytes of one storage binding. */
  readonly maxStorageBufferBindingSize: number;
  /** Bytes of one buffer. */
  readonly maxBufferSize: number;
}

/** All that plans need to know of a device, whether it is open or only could be. */
export interface GpuDescription {
  /** What is known of the adapter. */
  readonly adapter: AdapterDescription;
  /** The limits of its device. */
  readonly limits: GpuLimits;
  /** Which kernels may be chosen. */
  readonly kernels: Arithmetic;
  /** Storage type of the tensors between layers in training; defaults to float32. */
  readonly precision?: Precision;
  /** The variant that is chosen for each class of shapes. */
  readonly choices: KernelChoices;
  /** Whether its device moves vectors as words of 64 bits (`kernels/words.ts`); only a device can tell. */
  readonly words?: boolean;
}

/**
 * Describes the GPU that would be opened, for plans: no device is created and no memory allocated. Returns null if the
 * machine offers no adapter. Assumes that every variant passes its self-test, and that subgroups, and to software 64-bit
 * words, are granted unless the adapter is an OpenGL one: only a device could tell.
 */
export async function describeGpu(options: GpuOptions = {}): Promise<GpuDescription | null> {
  const adapter = await requestAdapter(options);
  if (!adapter) return null;
  const description = describeAdapter(adapter);
  return {
    adapter: description,
    limits: {
      maxStorageBufferBindingSize: bindingSize(adapter.limits, options),
      maxBufferSize: bufferSize(adapter.limits, options),
    },
    kernels: options.kernels ?? DEFAULT_ARITHMETIC,
    precision: options.precision ?? "f32",
    choices: completeChoices(
      OPERATIONS,
      adapterKind(description),
      options.choices,
      ({ needs }) => mayGrant(adapter, needs),
    ),
    words: description.isFallback && !isOpenGl(adapter.features),
  };
}

/** Requests the adapter that the options ask for; null if there is none. */
export async function requestAdapter({ software }: GpuOptions): Promise<GPUAdapter | null> {
  const gpu = (globalThis.navigator as Navigator | undefined)?.gpu;
  return await gpu?.requestAdapter(
    software ? { forceFallbackAdapter: true } : { powerPreference: "high-performance" },
  ) ?? null;
}

/** What is known of an adapter. */
export function describeAdapter(adapter: GPUAdapter): AdapterDescription {
  const { description, vendor, architecture, device } = adapter.info;
  // Browsers leave the description empty, against recognizing visitors by it.
  const name = description || [vendor, architecture, device].filter((part) => part).join(" ");
  return { description: name || "unnamed adapter", vendor, isFallback: isSoftware(adapter) };
}

/** The kind of adapter whose default variants apply. */
export function adapterKind({ isFallback }: Pick<AdapterDescription, "isFallback">): AdapterKind {
  return isFallback ? "software" : "hardware";
}

/** Whether an adapter computes on the CPU; drivers that do not say so are recognized by name. */
export function isSoftware(adapter: GPUAdapter): boolean {
  const info = adapter.info as GPUAdapterInfo & { isFallbackAdapter?: boolean };
  return info.isFallbackAdapter === true ||
    /llvmpipe|lavapipe|swiftshader|softpipe|warp/i.test(`${info.description} ${info.architecture}`);
}

/**
 * A feature of wgpu, not of WebGPU, that adapters grant without listing it: 64-bit integers, in which software adapters
 * move vectors faster (`kernels/words.ts`).
 */
export const WORDS_FEATURE = "wgpu-shader-int64";

/** Whether an adapter goes through OpenGL, which WebGPU does not say: only OpenGL ever lacks this texture feature. */
export function isOpenGl(features: { has(name: string): boolean }): boolean {
  return !features.has("bgra8unorm-storage");
}

/**
 * Subgroup sizes that meet a need for one. With 16, as lavapipe has with `LP_NATIVE_VECTOR_WIDTH=512`, workgroups of 8 fill
 * half of a subgroup: it computes them 8 at a time, with the same bits, while its code for a broadcast to 16 is a loop.
 */
const SUBGROUP_SIZES: { readonly [need in Need]?: readonly number[] } = {
  "subgroups of 8": [8, 16],
  "subgroups of exactly 8": [8],
  "subgroups of 4": [4],
};

/** Whether an adapter may grant what a variant needs. Subgroups may be granted without being listed. */
export function mayGrant({ features, info }: GPUAdapter, need: Need | undefined): boolean {
  if (need === undefined) return true;
  if (isOpenGl(features)) return false;
  const sizes = SUBGROUP_SIZES[need];
  const { subgroupMinSize, subgroupMaxSize } = info;
  return sizes === undefined ||
    (subgroupMinSize === subgroupMaxSize && sizes.includes(subgroupMinSize));
}

/** Bytes of one binding: more than 2 GiB - 4 cannot be addressed with a 32-bit index everywhere. */
export function bindingSize(limits: GPUSupportedLimits, { maxBindingSize = Infinity }: GpuOptions): number {
  return Math.min(limits.maxStorageBufferBindingSize, 2 ** 31 - 4096, maxBindingSize);
}

/** Bytes of one buffer. */
export function bufferSize(limits: GPUSupportedLimits, { maxBufferSize = Infinity }: GpuOptions): number {
  return Math.min(limits.maxBufferSize, maxBufferSize);
}
