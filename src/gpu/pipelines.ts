/**
 * Compiles kernels to pipelines: explicit layouts, one pipeline per distinct code, errors with file and line.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Access, Kernel } from "../../kernels/kernel.ts";
import { withWords } from "../../kernels/words.ts";
import { CapacityError } from "./capacity_error.ts";

const BUFFER_TYPE: Record<Access, GPUBufferBindingType> = {
  read: "read-only-storage",
  read_write: "storage",
  uniform: "uniform",
};

/** How runtimes word that a driver ran out of memory, which is no error in the kernel. */
const OUT_OF_MEMORY = /not enough memory|out of memory/i;

/** Whether a kernel's code uses subgroups. */
const USES_SUBGROUPS = /\bsubgroup[A-Z_]/;

/** What Chromium demands before subgroups in a text, and Deno's naga refuses. */
const ENABLE_SUBGROUPS = "enable subgroups; ";

/** The pipelines of one device. */
export class PipelineCache {
  readonly #device: GPUDevice;
  readonly #words: boolean;
  readonly #pipelines = new Map<string, Promise<GPUComputePipeline>>();
  readonly #ready = new Map<string, GPUComputePipeline>();
  #directive: Promise<string> | undefined;

  /**
   * An empty cache for `device`.
   *
   * @param words whether vectors are loaded and stored as words, which the device must have the feature for
   */
  constructor(device: GPUDevice, words = false) {
    this.#device = device;
    this.#words = words;
  }

  /** Number of compiled pipelines. */
  get size(): number {
    return this.#ready.size;
  }

  /** Whether a kernel is compiled or being compiled. */
  has(kernel: Kernel): boolean {
    return this.#pipelines.has(kernel.code);
  }

  /** The text that is compiled for a kernel. */
  textOf({ code }: Kernel): string {
    return this.#words ? withWords(code) : code;
  }

  /** Compiles a kernel once; its text is the key. */
  compile(kernel: Kernel): Promise<GPUComputePipeline> {
    let pipeline = this.#pipelines.get(kernel.code);
    if (pipeline === undefined) {
      pipeline = this.#create(kernel);
      this.#pipelines.set(kernel.code, pipeline);
    }
    return pipeline;
  }

  /** A compiled pipeline. */
  get(kernel: Kernel): GPUComputePipeline {
    const pipeline = this.#ready.get(kernel.code);
    if (!pipeline) throw new Error(`Cannot run kernel "${kernel.label}": it was not compiled`);
    return pipeline;
  }

  /** The directive that enables subgroups, if this runtime knows it. */
  async #probe(): Promise<string> {
    const code = `${ENABLE_SUBGROUPS}@compute @workgroup_size(1) fn main() {}`;
    const { message } = await this.#createModule("enable subgroups", code);
    return message === undefined ? ENABLE_SUBGROUPS : "";
  }

  /** A module, and the first error in its code. */
  async #createModule(label: string, code: string) {
    const device = this.#device;
    device.pushErrorScope("validation");
    const module = device.createShaderModule({ label, code });
    const invalid = device.popErrorScope();
    const info = await module.getCompilationInfo();
    await invalid;
    return { module, message: info.messages.find(({ type }) => type === "error") };
  }

  async #create(kernel: Kernel): Promise<GPUComputePipeline> {
    const device = this.#device;
    const layout = device.createPipelineLayout({
      bindGroupLayouts: [
        device.createBindGroupLayout({
          label: kernel.label,
          entries: kernel.bindings.map(({ access }, binding) => ({
            binding,
            visibility: GPUShaderStage.COMPUTE,
            buffer: { type: BUFFER_TYPE[access] },
          })),
        }),
      ],
    });
    const directive = USES_SUBGROUPS.test(kernel.code) ? await (this.#directive ??= this.#probe()) : "";
    // In the first line, so that the lines of errors stay those of the file.
    const { module, message } = await this.#createModule(kernel.label, directive + this.textOf(kernel));
    if (message) {
      throw new SyntaxError(
        `Cannot compile kernel "${kernel.label}" (kernels/${kernel.label}.wgsl:${message.lineNum}:${message.linePos}): ` +
          message.message.trim(),
      );
    }
    try {
      const pipeline = await device.createComputePipelineAsync({
        label: kernel.label,
        layout,
        compute: { module, entryPoint: "main" },
      });
      this.#ready.set(kernel.code, pipeline);
      return pipeline;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const message = `Cannot create a pipeline of kernel "${kernel.label}": ${reason}`;
      if (!OUT_OF_MEMORY.test(reason)) throw new SyntaxError(message);
      this.#pipelines.delete(kernel.code); // There may be memory the next time.
      throw new CapacityError(message);
    }
  }
}
