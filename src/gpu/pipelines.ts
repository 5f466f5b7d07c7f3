/**
 * Kernels to pipelines: explicit layouts, one pipeline for equal code, compile errors with file and line.
 *
 * @module
 */
import type { Access, Kernel } from "../../kernels/kernel.ts";

const BUFFER_TYPE: Record<Access, GPUBufferBindingType> = {
  read: "read-only-storage",
  read_write: "storage",
  uniform: "uniform",
};

/** The pipelines of one device. */
export class PipelineCache {
  readonly #device: GPUDevice;
  readonly #pipelines = new Map<string, Promise<GPUComputePipeline>>();
  readonly #ready = new Map<string, GPUComputePipeline>();

  /** An empty cache for `device`. */
  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** Number of pipelines that are ready. */
  get size(): number {
    return this.#ready.size;
  }

  /** Whether a kernel is compiled or being compiled. */
  has(kernel: Kernel): boolean {
    return this.#pipelines.has(kernel.code);
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
    device.pushErrorScope("validation");
    const module = device.createShaderModule({ label: kernel.label, code: kernel.code });
    const invalid = device.popErrorScope();
    const info = await module.getCompilationInfo();
    await invalid;
    const message = info.messages.find(({ type }) => type === "error");
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
      throw new SyntaxError(
        `Cannot make a pipeline of kernel "${kernel.label}": ${
          error instanceof Error ? error.message : error
        }`,
      );
    }
  }
}
