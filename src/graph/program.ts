/**
 * A static list of dispatches over buffers: pipelines, bind groups and parameters are made once, running it only
 * encodes.
 *
 * @module
 */
import type { Dispatch, Kernel } from "../../kernels/kernel.ts";
import type { Gpu } from "../gpu/gpu.ts";

/** A range of one of the program's buffers. */
export interface View {
  /** Index among the program's buffers. */
  readonly buffer: number;
  /** First byte; a multiple of 256. */
  readonly offset: number;
  /** Bytes. */
  readonly byteLength: number;
}

/** One dispatch with what it binds: a view for each binding but the last, `params`. */
export interface ProgramStep {
  /** What runs. */
  readonly dispatch: Dispatch;
  /** In the order of the kernel's bindings. */
  readonly views: readonly View[];
}

const PARAMS_STRIDE = 256;

/** A program whose bind groups are made. */
export class Program {
  readonly #pipelines: GPUComputePipeline[];
  readonly #groups: GPUBindGroup[];
  readonly #workgroups: Dispatch["workgroups"][];
  readonly #params: GPUBuffer;

  private constructor(
    pipelines: GPUComputePipeline[],
    groups: GPUBindGroup[],
    workgroups: Dispatch["workgroups"][],
    params: GPUBuffer,
  ) {
    this.#pipelines = pipelines;
    this.#groups = groups;
    this.#workgroups = workgroups;
    this.#params = params;
  }

  /** Compiles what is not compiled yet and makes every bind group. */
  static async create(
    gpu: Gpu,
    steps: readonly ProgramStep[],
    buffers: readonly GPUBuffer[],
  ): Promise<Program> {
    await gpu.compile(kernelsOf(steps));
    const places = new Map<string, number>();
    const offsets = steps.map(({ dispatch }) => {
      const key = dispatch.params.join();
      const offset = places.get(key) ?? places.size * PARAMS_STRIDE;
      places.set(key, offset);
      return offset;
    });
    const packed = new Uint8Array(places.size * PARAMS_STRIDE);
    steps.forEach(({ dispatch }, index) => packed.set(dispatch.params, offsets[index]!));
    const params = await gpu.createBuffer("params", packed.length, GPUBufferUsage.UNIFORM);
    gpu.device.queue.writeBuffer(params, 0, packed);
    const pipelines = steps.map(({ dispatch }) => gpu.pipeline(dispatch.kernel));
    const groups = steps.map(({ dispatch, views }, index) =>
      gpu.device.createBindGroup({
        label: dispatch.kernel.label,
        layout: pipelines[index]!.getBindGroupLayout(0),
        entries: [
          ...views.map((view) => ({
            buffer: buffers[view.buffer]!,
            offset: view.offset,
            size: view.byteLength,
          })),
          { buffer: params, offset: offsets[index]!, size: dispatch.params.length },
        ].map((resource, binding) => ({ binding, resource })),
      })
    );
    gpu.check();
    return new Program(pipelines, groups, steps.map(({ dispatch }) => dispatch.workgroups), params);
  }

  /** Number of dispatches. */
  get length(): number {
    return this.#groups.length;
  }

  /** Encodes dispatches `first` up to, not including, `end`. */
  encode(pass: GPUComputePassEncoder, first = 0, end = this.length): void {
    let current: GPUComputePipeline | undefined;
    for (let index = first; index < end; index++) {
      const pipeline = this.#pipelines[index]!;
      if (pipeline !== current) pass.setPipeline(current = pipeline);
      pass.setBindGroup(0, this.#groups[index]!);
      pass.dispatchWorkgroups(...this.#workgroups[index]!);
    }
  }

  /** Frees what the program made for itself; its buffers belong to the caller. */
  destroy(): void {
    this.#params.destroy();
  }
}

/** The different kernels of some steps. */
export function kernelsOf(steps: readonly ProgramStep[]): Kernel[] {
  return [...new Set(steps.map(({ dispatch }) => dispatch.kernel))];
}
