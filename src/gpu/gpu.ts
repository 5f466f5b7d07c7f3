/**
 * An open WebGPU device: buffers, pipelines, transfers. Every error that the device reports is stored and thrown by
 * the next call.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { completeChoices, type KernelChoices, type Need } from "../../kernels/choices.ts";
import type { Kernel } from "../../kernels/kernel.ts";
import type { Precision } from "../../kernels/storage.ts";
import { OPERATIONS } from "../../kernels/variants.ts";
import {
  type AdapterDescription,
  adapterKind,
  bindingSize,
  bufferSize,
  describeAdapter,
  type GpuDescription,
  type GpuLimits,
  type GpuOptions,
  mayGrant,
  WORDS_FEATURE,
} from "./adapter.ts";
import { alignBytes } from "./alignment.ts";
import { type Arithmetic, DEFAULT_ARITHMETIC } from "./arithmetic.ts";
import { CapacityError } from "./capacity_error.ts";
import { ErrorScopes } from "./error_scopes.ts";
import { PipelineCache } from "./pipelines.ts";
import { ReadBack } from "./read_back.ts";

/** Kernels that the driver knows are compiled sooner, and are nothing to tell. */
const SILENT_SECONDS = 0.4;

/** Values per chunk of an upload. */
const UPLOAD_VALUES = 2 ** 20;

/** An open device. Every method throws the first error that the device reported before it was called. */
export class Gpu implements GpuDescription {
  /** What is known of the adapter. */
  readonly adapter: AdapterDescription;
  /** The limits of this device. */
  readonly limits: GpuLimits;
  /** Which kernels may be chosen. */
  readonly kernels: Arithmetic;
  /** Storage type of the tensors between layers in training. */
  readonly precision: Precision;
  /** The WebGPU device. */
  readonly device: GPUDevice;
  /** Resolves when the device is lost or closed, with the platform's message. */
  readonly lost: Promise<string>;
  /**
   * The variant for each class of shapes: the basic ones, until whoever opens the device chooses others. One that fails
   * when {@linkcode Gpu.admit} proves it is replaced; plans recorded before a change keep theirs.
   */
  choices: KernelChoices;
  /**
   * Proves kernels before a plan runs them, and compiles them; resolves to whether one failed, so that other variants
   * were chosen and the plan must be recorded again. Set by whoever opens the device.
   */
  admit: ((kernels: readonly Kernel[]) => Promise<boolean>) | undefined;
  /** Called with the number of kernels if compiling them takes a while. */
  onCompile: GpuOptions["onCompile"];
  /** Runs kernels once when they are compiled, where a first dispatch takes long; set by whoever opens the device. */
  runFirst: ((kernels: readonly Kernel[], onProgress: () => void) => Promise<void>) | undefined;
  /** Whether vectors are loaded and stored as words of 64 bits. */
  readonly words: boolean;
  readonly #scopes: ErrorScopes;
  readonly #pipelines: PipelineCache;
  readonly #readBack: ReadBack;
  readonly #granted: Readonly<Record<Need, boolean>>;
  /** How often the contents of a buffer were changed, by what this device was handed. */
  readonly #revisions = new WeakMap<GPUBuffer, number>();
  #error: Error | undefined;
  #closed = false;

  /** Wraps a device; called by `openDevice`. */
  constructor(
    adapter: GPUAdapter,
    device: GPUDevice,
    options: GpuOptions = {},
  ) {
    this.device = device;
    this.kernels = options.kernels ?? DEFAULT_ARITHMETIC;
    this.precision = options.precision ?? "f32";
    this.onCompile = options.onCompile;
    this.words = device.features.has(WORDS_FEATURE);
    this.#pipelines = new PipelineCache(device, this.words);
    this.#scopes = new ErrorScopes(device, (error) => this.#refused(error));
    this.#readBack = new ReadBack(device, (encoder) => this.#submit(encoder));
    const subgroups = device.features.has("subgroups");
    this.#granted = {
      "subgroups": subgroups,
      "subgroups of 8": subgroups && mayGrant(adapter, "subgroups of 8"),
      "subgroups of exactly 8": subgroups && mayGrant(adapter, "subgroups of exactly 8"),
      "subgroups of 4": subgroups && mayGrant(adapter, "subgroups of 4"),
      "workgroup memory": mayGrant(adapter, "workgroup memory"),
    };
    this.adapter = describeAdapter(adapter);
    this.choices = completeChoices(OPERATIONS, adapterKind(this.adapter), {}, ({ basic }) => basic === true);
    // A device never grants less than WebGPU's defaults: a lower limit has to be enforced here.
    this.limits = {
      maxStorageBufferBindingSize: bindingSize(device.limits, options),
      maxBufferSize: bufferSize(device.limits, options),
    };
    // What is done outside of scopes would fail silently.
    device.addEventListener("uncapturederror", (event) => {
      event.preventDefault();
      this.#refused((event as GPUUncapturedErrorEvent).error);
    });
    this.lost = device.lost.then(({ message }) => message);
    device.lost.then((info) => {
      if (!this.#closed) {
        this.#error ??= new Error(
          `The GPU was lost (${info.reason}): ${info.message}\nhint: run again with --resume; if it happens again, ` +
            "use a smaller batch or the software adapter",
        );
      }
    });
  }

  /** Features and limits with which another thread opens a device that compiles the same code. */
  get settings(): { requiredFeatures: string[]; requiredLimits: Record<string, number> } {
    const { features, limits } = this.device;
    const names = [
      "maxComputeWorkgroupStorageSize",
      "maxComputeInvocationsPerWorkgroup",
      "maxComputeWorkgroupSizeX",
    ] as const;
    return {
      requiredFeatures: ["subgroups", "shader-f16", WORDS_FEATURE].filter((name) => features.has(name)),
      requiredLimits: Object.fromEntries(names.map((name) => [name, limits[name]])),
    };
  }

  /** Whether the device has what a variant needs. */
  has(need: Need | undefined): boolean {
    return need === undefined || this.#granted[need];
  }

  /**
   * Throws the stored error, if any.
   *
   * @throws {Error} if the device reported an error, was lost or was closed.
   */
  check(): void {
    if (this.#closed) throw new Error("Cannot use the GPU: it was closed");
    if (this.#error) throw this.#error;
  }

  /**
   * Creates a storage buffer of zeros that can be copied from and to.
   *
   * @throws {CapacityError} if it exceeds the device's limit or memory.
   */
  async createBuffer(label: string, byteLength: number, usage = 0): Promise<GPUBuffer> {
    this.check();
    const bytes = alignBytes(byteLength);
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
   * Compiles the kernels that are not compiled yet, concurrently.
   *
   * @param tests kernels that are compiled with them, unannounced
   * @throws {SyntaxError} if a kernel does not compile, with its file and line.
   */
  async compile(kernels: readonly Kernel[], tests: readonly Kernel[] = []): Promise<void> {
    this.check();
    const missing = this.#missing(kernels);
    const all = this.#missing([...kernels, ...tests]);
    const start = performance.now();
    let told = missing.length === 0;
    const onProgress = () => {
      if (told || performance.now() - start < 1000 * SILENT_SECONDS) return;
      told = true;
      this.onCompile?.(missing.length);
    };
    await this.createPipelines([...kernels, ...tests], onProgress);
    await this.runFirst?.(all, onProgress);
  }

  /** The kernels that are not compiled yet, one of each text. */
  #missing(kernels: readonly Kernel[]): Kernel[] {
    const missing = kernels.filter((kernel) => !this.#pipelines.has(kernel));
    return [...new Map(missing.map((kernel) => [kernel.code, kernel])).values()];
  }

  /** {@linkcode Gpu.compile}, without a word and without {@linkcode Gpu.runFirst}. */
  async createPipelines(kernels: readonly Kernel[], onProgress?: () => void): Promise<void> {
    this.check();
    await Promise.all(kernels.map((kernel) => this.#pipelines.compile(kernel).then(onProgress)));
    this.check();
  }

  /** The compiled pipeline of a kernel. */
  pipeline(kernel: Kernel): GPUComputePipeline {
    return this.#pipelines.get(kernel);
  }

  /** The text that this device compiles for a kernel. */
  textOf(kernel: Kernel): string {
    return this.#pipelines.textOf(kernel);
  }

  /** Number of compiled pipelines. */
  get pipelineCount(): number {
    return this.#pipelines.size;
  }

  /**
   * Encodes one compute pass and submits it, without waiting for it.
   *
   * @param before encodes commands before the pass, such as clearing a buffer
   * @param timestampWrites where the device writes when the pass began and ended
   */
  run(
    encode: (pass: GPUComputePassEncoder) => void,
    before?: (encoder: GPUCommandEncoder) => void,
    timestampWrites?: GPUComputePassTimestampWrites,
  ): void {
    const encoder = this.device.createCommandEncoder();
    before?.(encoder);
    const pass = encoder.beginComputePass(timestampWrites === undefined ? {} : { timestampWrites });
    encode(pass);
    pass.end();
    this.submit(encoder);
  }

  /** Submits recorded commands, without waiting for them. */
  submit(encoder: GPUCommandEncoder): void {
    this.check();
    this.#submit(encoder);
  }

  #submit(encoder: GPUCommandEncoder): void {
    // Whatever is invalid in the commands is found when they are finished.
    this.#scopes.watch(() => this.device.queue.submit([encoder.finish()]));
  }

  /** Says that work that was handed over, or is being encoded, changes a buffer. */
  changes(buffer: GPUBuffer): void {
    this.#revisions.set(buffer, this.revision(buffer) + 1);
  }

  /** A number that grows whenever programs, writes, copies or clearing here change a buffer. */
  revision(buffer: GPUBuffer): number {
    return this.#revisions.get(buffer) ?? 0;
  }

  /** Copies the first bytes of one buffer to the first of another. */
  copy(from: GPUBuffer, to: GPUBuffer, byteLength: number): void {
    this.changes(to);
    const encoder = this.device.createCommandEncoder();
    encoder.copyBufferToBuffer(from, 0, to, 0, byteLength);
    this.submit(encoder);
  }

  /** Fills a buffer with zeros. */
  clear(buffer: GPUBuffer): void {
    this.changes(buffer);
    const encoder = this.device.createCommandEncoder();
    encoder.clearBuffer(buffer);
    this.submit(encoder);
  }

  /** The resources of a kernel, bound in the order of its bindings. */
  bind(
    { label }: Kernel,
    pipeline: GPUComputePipeline,
    resources: readonly GPUBufferBinding[],
  ): GPUBindGroup {
    return this.#scopes.watch(() =>
      this.device.createBindGroup({
        label,
        layout: pipeline.getBindGroupLayout(0),
        entries: resources.map((resource, binding) => ({ binding, resource })),
      })
    );
  }

  /** Writes values, or `count` of them from value `first` on, from byte `offset` of the buffer on, in one piece. */
  write(
    buffer: GPUBuffer,
    offset: number,
    values: Float32Array | Float16Array | Uint8Array,
    first: number = 0,
    count?: number,
  ): void {
    this.check();
    this.changes(buffer);
    // Nothing here makes shared memory.
    const source = values as Float32Array<ArrayBuffer>;
    this.#scopes.watch(() =>
      this.device.queue.writeBuffer(buffer, offset, source, first, count ?? values.length - first)
    );
  }

  /**
   * Writes values from byte `offset` on. Chunks are submitted one by one, so that the staging memory of one serves the
   * next: allocating more of it takes longer than the copy.
   */
  upload(buffer: GPUBuffer, offset: number, values: Float32Array<ArrayBuffer>): void {
    this.check();
    for (let first = 0; first < values.length; first += UPLOAD_VALUES) {
      const count = Math.min(UPLOAD_VALUES, values.length - first);
      this.write(buffer, offset + 4 * first, values, first, count);
      if (count === UPLOAD_VALUES) this.flush();
    }
  }

  /** Hands what was written to the device, without waiting: its staging memory then serves the next writes. */
  flush(): void {
    this.#scopes.watch(() => this.device.queue.submit([]));
  }

  /** Reads bytes back; waits for all work submitted before. */
  async read(buffer: GPUBuffer, offset: number, byteLength: number): Promise<ArrayBuffer> {
    const bytes = new Uint8Array(byteLength);
    await this.#waiting(() => this.#readBack.into(bytes, buffer, offset, true));
    return bytes.buffer;
  }

  /**
   * Fills `target` with the buffer's first bytes, chunk by chunk through the same staging memory. Work that writes to
   * the buffer must not be submitted meanwhile.
   */
  async readInto(buffer: GPUBuffer, target: Uint8Array): Promise<void> {
    await this.#waiting(() => this.#readBack.into(target, buffer, 0, false));
  }

  /** Waits until all submitted work is done. */
  async idle(): Promise<void> {
    await this.#waiting(() => this.#readBack.idle());
  }

  /** Does work whose errors are its own, and resolves to them: no later call throws them. */
  contain(work: () => Promise<void>): Promise<readonly GPUError[]> {
    return this.#scopes.contain(work);
  }

  /** Stores the first error that the device reports. */
  #refused(error: GPUError): void {
    this.#error ??= error instanceof GPUOutOfMemoryError
      ? new CapacityError(`The GPU is out of memory: ${error.message}`)
      : new Error(`The GPU refused a command: ${error.message}`);
  }

  /** Does what waits for the device, and throws the error that it reports meanwhile. */
  async #waiting(work: () => Promise<void>): Promise<void> {
    this.check();
    try {
      await work();
      await this.#scopes.reported();
    } catch (error) {
      // The device's own report of its loss says more, and arrives one turn of the event loop later.
      await new Promise((resolve) => setTimeout(resolve));
      this.check();
      throw error;
    }
    this.check();
  }

  /** Ends the device as a driver's reset does, which {@linkcode Gpu.close} does not report: for tests of what follows. */
  lose(): void {
    this.device.destroy();
  }

  /** Destroys the device; everything created with it becomes unusable. */
  close(): void {
    this.#closed = true;
    this.device.destroy();
  }
}
