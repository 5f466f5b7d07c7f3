/**
 * The device: opened with the limits that the adapter grants, with every error kept and thrown at the next call.
 *
 * @module
 */
import { type AdapterKind, completeChoices, type KernelChoices, type Need } from "../../kernels/choices.ts";
import type { Kernel } from "../../kernels/kernel.ts";
import type { Precision } from "../../kernels/storage.ts";
import { OPERATIONS } from "../../kernels/variants.ts";
import { Admission } from "../self_test/admission.ts";
import { CapacityError } from "./capacity_error.ts";
import { backendOf } from "../host/driver.ts";
import { PipelineCache } from "./pipelines.ts";

/** How {@linkcode openGpu} chooses an adapter and its arithmetic. */
export interface GpuOptions {
  /** Ask for the software adapter even where a hardware GPU is present. */
  software?: boolean;
  /** `fast` (the default) or `strict`: only arithmetic as accurate as plain float32 sums. */
  kernels?: "fast" | "strict";
  /**
   * What training stores tensors between layers as: `f32` (the default), or `f16`, which halves their memory and needs
   * an adapter with `shader-f16` whose kernels pass their self-tests in it. Sums, weights and predictions stay float32.
   */
  precision?: Precision;
  /**
   * Variants for classes of shapes, in place of the defaults for this kind of adapter. Those that do not exist, or
   * whose self-test fails on the adapter, are left out.
   */
  choices?: KernelChoices | undefined;
  /** Ask for no more than this many bytes in one binding: the work is then done in smaller chunks. */
  maxBindingSize?: number;
  /** Allow no more than this many bytes in one buffer: batches that need more are computed in parts. */
  maxBufferSize?: number;
  /** Called before kernels are compiled, with their number: the first use on a machine takes seconds. */
  onCompile?: (kernels: number) => void;
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

/** Limits that planning needs. */
export interface GpuLimits {
  /** Bytes that one storage binding may have. */
  readonly maxStorageBufferBindingSize: number;
  /** Bytes that one buffer may have. */
  readonly maxBufferSize: number;
}

/** A device as far as plans depend on it: an open {@linkcode Gpu}, or one that could be opened. */
export interface GpuDescription {
  /** What is known of the adapter. */
  readonly adapter: AdapterDescription;
  /** The limits that its device has. */
  readonly limits: GpuLimits;
  /** Which kernels may be chosen. */
  readonly kernels: "fast" | "strict";
  /** What training stores tensors between layers as; float32 unless given. */
  readonly precision?: Precision;
  /** The variant that is chosen for each class of shapes. */
  readonly choices: KernelChoices;
}

/** Limits that are asked for where the adapter offers more than the default. */
const WANTED_LIMITS = [
  "maxStorageBufferBindingSize",
  "maxBufferSize",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
] as const;

/** Storage buffers that one kernel binds at most. */
const STORAGE_BUFFERS = 8;

/** Values of a part of an upload. */
const UPLOAD_VALUES = 2 ** 20;

/** Bytes of a part that is read back: each part costs a wait of 10 ms, larger ones more than their share of time. */
const READ_BYTES = 2 ** 24;

const NO_ADAPTER = "Cannot open a GPU: this machine offers no WebGPU adapter\n" +
  "hint: install a Vulkan driver; on Debian or Ubuntu without a GPU: apt-get install mesa-vulkan-drivers libvulkan1, " +
  "or run sh tasks/run.sh doctor";

/**
 * Opens the GPU, or the software adapter of a machine without one.
 *
 * @throws {Error} where there is no adapter, with what to install, or it is not to be trusted with float16.
 * @throws {RangeError} where a limit of the adapter is too small for the kernels.
 */
export async function openGpu(options: GpuOptions = {}): Promise<Gpu> {
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
  const features: GPUFeatureName[] = [];
  if (adapter.features.has("timestamp-query")) features.push("timestamp-query");
  if (options.precision === "f16") {
    if (!adapter.features.has("shader-f16")) {
      throw halfError(adapter, "the adapter does not offer shader-f16");
    }
    features.push("shader-f16");
  }
  const device = await requestDevice(adapter, { requiredLimits, requiredFeatures: features });
  const gpu = new Gpu(adapter, device, options);
  try {
    await gpu.choose(options.choices);
  } catch (error) {
    gpu.close();
    throw error;
  }
  if (options.precision !== "f16" || await gpu.admitHalf()) return gpu;
  gpu.close();
  throw halfError(adapter, "its kernels give wrong results there");
}

function halfError(adapter: GPUAdapter, why: string): Error {
  return new Error(
    `Cannot store tensors as f16 on "${adapter.info.description}": ${why}\nhint: train with --precision f32`,
  );
}

/** A device with subgroups where it can be had: an adapter may grant them without listing them, so only asking tells. */
async function requestDevice(adapter: GPUAdapter, wanted: GPUDeviceDescriptor): Promise<GPUDevice> {
  const requiredFeatures = [...wanted.requiredFeatures!, "subgroups" as const];
  try {
    return await adapter.requestDevice({ ...wanted, requiredFeatures });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return await adapter.requestDevice(wanted);
  }
}

/**
 * What {@linkcode openGpu} would open, for plans: no device is made, and none of its memory taken. Null where this
 * machine offers no adapter. Whether subgroups are granted only a device could tell: they are taken to be, but over
 * OpenGL.
 */
export async function describeGpu(options: GpuOptions = {}): Promise<GpuDescription | null> {
  const adapter = await requestAdapter(options);
  if (!adapter) return null;
  return {
    adapter: describeAdapter(adapter),
    limits: {
      maxStorageBufferBindingSize: bindingSize(adapter.limits, options),
      maxBufferSize: bufferSize(adapter.limits, options),
    },
    kernels: options.kernels ?? "fast",
    precision: options.precision ?? "f32",
    choices: completeChoices(
      OPERATIONS,
      adapterKind({ isFallback: isSoftware(adapter) }),
      options.choices,
      ({ needs }) => mayGrant(adapter, needs),
    ),
  };
}

/** Whether an adapter has what a variant needs; subgroups are taken to be granted where this tells nothing else. */
function mayGrant({ features, info }: GPUAdapter, need: Need | undefined): boolean {
  if (need === undefined) return true;
  if (backendOf(features, Deno.build.os) === "OpenGL") return false;
  return need !== "subgroups of 8" || (info.subgroupMinSize === 8 && info.subgroupMaxSize === 8);
}

/** The kind of defaults that are for an adapter. */
export function adapterKind({ isFallback }: Pick<AdapterDescription, "isFallback">): AdapterKind {
  return isFallback ? "software" : "hardware";
}

async function requestAdapter(options: GpuOptions): Promise<GPUAdapter | null> {
  const gpu = (globalThis.navigator as Navigator | undefined)?.gpu;
  return await gpu?.requestAdapter(
    options.software ? { forceFallbackAdapter: true } : { powerPreference: "high-performance" },
  ) ?? null;
}

function describeAdapter(adapter: GPUAdapter): AdapterDescription {
  const { description, vendor } = adapter.info;
  return { description, vendor, isFallback: isSoftware(adapter) };
}

/** Bytes of one binding: more than 2 GiB - 4 cannot be addressed with a 32-bit index everywhere. */
function bindingSize(limits: GPUSupportedLimits, { maxBindingSize = Infinity }: GpuOptions): number {
  return Math.min(limits.maxStorageBufferBindingSize, 2 ** 31 - 4096, maxBindingSize);
}

function bufferSize(limits: GPUSupportedLimits, { maxBufferSize = Infinity }: GpuOptions): number {
  return Math.min(limits.maxBufferSize, maxBufferSize);
}

/** An open device. Every method throws the first error that the device reported before it was called. */
export class Gpu implements GpuDescription {
  /** What is known of the adapter. */
  readonly adapter: AdapterDescription;
  /** The limits of this device. */
  readonly limits: GpuLimits;
  /** Which kernels may be chosen. */
  readonly kernels: "fast" | "strict";
  /** What training stores tensors between layers as. */
  readonly precision: Precision;
  /** The WebGPU device. */
  readonly device: GPUDevice;
  /** Which variants pass their self-tests here. */
  readonly admission: Admission;
  readonly #pipelines: PipelineCache;
  readonly #onCompile: GpuOptions["onCompile"];
  #choices: KernelChoices;
  readonly #granted: Readonly<Record<Need, boolean>>;
  #testing = false;
  #error: Error | undefined;
  #closed = false;

  /** Wraps a device; made by {@linkcode openGpu}. */
  constructor(
    adapter: GPUAdapter,
    device: GPUDevice,
    options: GpuOptions = {},
  ) {
    this.device = device;
    this.kernels = options.kernels ?? "fast";
    this.precision = options.precision ?? "f32";
    this.#onCompile = options.onCompile;
    this.#pipelines = new PipelineCache(device);
    const subgroups = device.features.has("subgroups");
    this.#granted = {
      "subgroups": subgroups,
      "subgroups of 8": subgroups && mayGrant(adapter, "subgroups of 8"),
      "workgroup memory": mayGrant(adapter, "workgroup memory"),
    };
    this.adapter = describeAdapter(adapter);
    const kind = adapterKind(this.adapter);
    this.admission = new Admission(this, kind);
    this.#choices = completeChoices(OPERATIONS, kind, {}, ({ basic }) => basic === true);
    // A device grants no less than WebGPU's default, whatever is asked for: a lower limit is kept here.
    this.limits = {
      maxStorageBufferBindingSize: bindingSize(device.limits, options),
      maxBufferSize: bufferSize(device.limits, options),
    };
    // Without this an invalid dispatch would go unheard and leave zeros for results.
    device.addEventListener("uncapturederror", (event) => {
      event.preventDefault();
      this.#error ??= new Error(
        `The GPU refused a command: ${(event as GPUUncapturedErrorEvent).error.message}`,
      );
    });
    device.lost.then((info) => {
      if (!this.#closed) {
        this.#error ??= new Error(
          `The GPU was lost (${info.reason}): ${info.message}\nhint: run again with --resume; where it recurs, use a ` +
            "smaller batch or the software adapter",
        );
      }
    });
  }

  /** Whether the device has what some kernels need. */
  has(need: Need | undefined): boolean {
    return need === undefined || this.#granted[need];
  }

  /** The variant that is chosen for each class of shapes; plans that are made already keep theirs. */
  get choices(): KernelChoices {
    return this.#choices;
  }

  /** Takes these variants in place of the defaults, those alone whose self-tests pass here. */
  async choose(choices: KernelChoices = {}): Promise<void> {
    this.#testing = true;
    try {
      this.#choices = await this.admission.admit(choices);
    } finally {
      this.#testing = false;
    }
  }

  /** Whether every kernel that may store tensors as float16 gives the right results in it. */
  async admitHalf(): Promise<boolean> {
    this.#testing = true;
    try {
      return await this.admission.passesHalf();
    } finally {
      this.#testing = false;
    }
  }

  /** Throws what the device reported, if anything, or that it is closed. */
  check(): void {
    if (this.#closed) throw new Error("Cannot use the GPU: it was closed");
    if (this.#error) throw this.#error;
  }

  /**
   * A storage buffer of zeros, which can be copied from and to.
   *
   * @throws {CapacityError} where it exceeds the device's limit or memory.
   */
  async createBuffer(label: string, byteLength: number, usage = 0): Promise<GPUBuffer> {
    this.check();
    const bytes = Math.max(256, Math.ceil(byteLength / 256) * 256);
    if (bytes > this.limits.maxBufferSize) {
      throw new CapacityError(
        `Cannot allocate ${bytes} bytes for "${label}": this device allows ${this.limits.maxBufferSize} in one ` +
          "buffer\nhint: use a smaller batch or image size",
      );
    }
    this.device.pushErrorScope("out-of-memory");
    const buffer = this.device.createBuffer({
      label,
      size: bytes,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC | usage,
    });
    const error = await this.device.popErrorScope();
    if (error) {
      throw new CapacityError(
        `Cannot allocate ${bytes} bytes for "${label}": the device is out of memory\n` +
          "hint: use a smaller batch, image size or number of filters",
      );
    }
    return buffer;
  }

  /**
   * The pipelines of kernels, compiled where they are not yet, all at once.
   *
   * @throws {SyntaxError} where a kernel does not compile, with its file and line.
   */
  async compile(kernels: readonly Kernel[]): Promise<void> {
    this.check();
    const missing = kernels.filter((kernel) => !this.#pipelines.has(kernel));
    // Self-tests compile kernel by kernel: that is not worth an announcement each.
    if (missing.length > 0 && !this.#testing) this.#onCompile?.(missing.length);
    await Promise.all(kernels.map((kernel) => this.#pipelines.compile(kernel)));
    this.check();
  }

  /** The compiled pipeline of a kernel. */
  pipeline(kernel: Kernel): GPUComputePipeline {
    return this.#pipelines.get(kernel);
  }

  /** Number of pipelines that were compiled. */
  get pipelineCount(): number {
    return this.#pipelines.size;
  }

  /**
   * Encodes one compute pass and submits it; does not wait.
   *
   * @param before encodes what must come before the pass, such as clearing a buffer
   */
  run(encode: (pass: GPUComputePassEncoder) => void, before?: (encoder: GPUCommandEncoder) => void): void {
    const encoder = this.device.createCommandEncoder();
    before?.(encoder);
    const pass = encoder.beginComputePass();
    encode(pass);
    pass.end();
    this.submit(encoder);
  }

  /** Sends recorded commands to the device; does not wait. */
  submit(encoder: GPUCommandEncoder): void {
    this.check();
    this.device.queue.submit([encoder.finish()]);
  }

  /**
   * Writes values from byte `offset` on. In parts that are sent one by one: the memory that a part passes through serves
   * the next ones again, and getting as much memory anew takes longer than copying.
   */
  upload(buffer: GPUBuffer, offset: number, values: Float32Array<ArrayBuffer>): void {
    this.check();
    const { queue } = this.device;
    for (let first = 0; first < values.length; first += UPLOAD_VALUES) {
      const count = Math.min(UPLOAD_VALUES, values.length - first);
      queue.writeBuffer(buffer, offset + 4 * first, values, first, count);
      if (count === UPLOAD_VALUES) queue.submit([]);
    }
  }

  /** Reads bytes back; waits for all that was submitted before. */
  async read(buffer: GPUBuffer, offset: number, byteLength: number): Promise<ArrayBuffer> {
    this.check();
    const staging = this.#stagingOf(byteLength);
    try {
      await this.#copyTo(staging, buffer, offset, byteLength);
      const bytes = staging.getMappedRange().slice(0);
      staging.unmap();
      return bytes;
    } finally {
      staging.destroy();
    }
  }

  /**
   * Reads as many bytes as `target` has into it, in parts that pass through the same memory. Nothing may be submitted
   * meanwhile that writes to the buffer.
   */
  async readInto(buffer: GPUBuffer, target: Uint8Array): Promise<void> {
    this.check();
    const size = Math.min(target.length, READ_BYTES);
    const staging = this.#stagingOf(size);
    try {
      for (let first = 0; first < target.length; first += size) {
        const count = Math.min(size, target.length - first);
        await this.#copyTo(staging, buffer, first, count);
        target.set(new Uint8Array(staging.getMappedRange(0, count)), first);
        staging.unmap();
      }
    } finally {
      staging.destroy();
    }
  }

  #stagingOf(size: number): GPUBuffer {
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    return this.device.createBuffer({ label: "read-back", size, usage });
  }

  /** Copies bytes to a buffer that is then mapped. */
  async #copyTo(staging: GPUBuffer, buffer: GPUBuffer, offset: number, byteLength: number): Promise<void> {
    try {
      const encoder = this.device.createCommandEncoder();
      encoder.copyBufferToBuffer(buffer, offset, staging, 0, byteLength);
      this.device.queue.submit([encoder.finish()]);
      await staging.mapAsync(GPUMapMode.READ);
      this.check();
    } catch (error) {
      // What the device itself reports of its loss says more, and arrives a turn later.
      await new Promise((resolve) => setTimeout(resolve));
      this.check();
      throw error;
    }
  }

  /** Waits until all submitted work is done. */
  async idle(): Promise<void> {
    this.check();
    await this.device.queue.onSubmittedWorkDone();
    this.check();
  }

  /** Destroys the device; everything made with it becomes unusable. */
  close(): void {
    this.#closed = true;
    this.device.destroy();
  }
}

/** Software implementations by the names they carry, for drivers that do not say that they are one. */
export function isSoftware(adapter: GPUAdapter): boolean {
  const info = adapter.info as GPUAdapterInfo & { isFallbackAdapter?: boolean };
  return info.isFallbackAdapter === true ||
    /llvmpipe|lavapipe|swiftshader|softpipe|warp/i.test(info.description);
}
