/**
 * Runs kernels once on nothing: software adapters translate a kernel to the processor's code at its first dispatch.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Kernel } from "../../kernels/kernel.ts";
import type { Gpu } from "./gpu.ts";

/** Bytes of each dummy buffer: as much as a uniform binding takes. */
const DUMMY_BYTES = 65_536;

/** Runs kernels on buffers of zeros, whose parameters say that there is nothing to compute. */
export class FirstRun {
  readonly #gpu: Gpu;
  readonly #buffers: GPUBuffer[] = [];

  /** Allocates nothing yet. */
  constructor(gpu: Gpu) {
    this.#gpu = gpu;
  }

  /**
   * Compiles a kernel, runs a workgroup of it, and waits for that.
   *
   * @throws {SyntaxError} if it does not compile.
   */
  async of(kernel: Kernel): Promise<void> {
    const gpu = this.#gpu;
    await gpu.createPipelines([kernel]);
    while (this.#buffers.length < kernel.bindings.length) {
      this.#buffers.push(await gpu.createBuffer("dummy", DUMMY_BYTES, GPUBufferUsage.UNIFORM));
    }
    const pipeline = gpu.pipeline(kernel);
    const resources = kernel.bindings.map((_, index) => ({ buffer: this.#buffers[index]! }));
    const group = gpu.bind(kernel, pipeline, resources);
    gpu.run((pass) => {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(1);
    });
    await gpu.idle();
  }

  /** Frees the buffers. */
  close(): void {
    for (const buffer of this.#buffers) buffer.destroy();
    this.#buffers.length = 0;
  }
}
