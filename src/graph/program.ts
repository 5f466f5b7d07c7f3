/**
 * A static list of dispatches over buffers. Pipelines, bind groups and parameters are created once; running the
 * program only encodes them.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Dispatch, Kernel } from "../../kernels/kernel.ts";
import { BINDING_ALIGNMENT } from "../gpu/alignment.ts";
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

/** A dispatch with what it binds: one view for each binding except the last, `params`. */
export interface ProgramStep {
  /** Kernel, parameters and workgroups. */
  readonly dispatch: Dispatch;
  /** In the order of the kernel's bindings. */
  readonly views: readonly View[];
}

/** A program with its bind groups. */
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

  /** Compiles the kernels that are not compiled yet and creates all bind groups. */
  static async create(
    gpu: Gpu,
    steps: readonly ProgramStep[],
    buffers: readonly GPUBuffer[],
  ): Promise<Program> {
    await gpu.compile(kernelsOf(steps));
    // Dispatches with equal parameters share them.
    const places = new Map<string, number>();
    const offsets = steps.map(({ dispatch }) => {
      const key = dispatch.params.join();
      const offset = places.get(key) ?? places.size * BINDING_ALIGNMENT;
      places.set(key, offset);
      return offset;
    });
    const packed = new Uint8Array(places.size * BINDING_ALIGNMENT);
    steps.forEach(({ dispatch }, index) => packed.set(dispatch.params, offsets[index]!));
    const params = await gpu.createBuffer("params", packed.length, GPUBufferUsage.UNIFORM);
    gpu.write(params, 0, packed);
    const pipelines = steps.map(({ dispatch }) => gpu.pipeline(dispatch.kernel));
    const groups = steps.map(({ dispatch, views }, index) =>
      gpu.bind(dispatch.kernel, pipelines[index]!, [
        ...views.map((view) => ({
          buffer: buffers[view.buffer]!,
          offset: view.offset,
          size: view.byteLength,
        })),
        { buffer: params, offset: offsets[index]!, size: dispatch.params.length },
      ])
    );
    gpu.check();
    return new Program(pipelines, groups, steps.map(({ dispatch }) => dispatch.workgroups), params);
  }

  /** Number of dispatches. */
  get length(): number {
    return this.#groups.length;
  }

  /** Encodes the dispatches from `first` up to, but not including, `end`. */
  encode(pass: GPUComputePassEncoder, first = 0, end = this.length): void {
    let current: GPUComputePipeline | undefined;
    for (let index = first; index < end; index++) {
      const pipeline = this.#pipelines[index]!;
      if (pipeline !== current) pass.setPipeline(current = pipeline);
      pass.setBindGroup(0, this.#groups[index]!);
      pass.dispatchWorkgroups(...this.#workgroups[index]!);
    }
  }

  /** Frees the program's own buffer; the buffers that it binds belong to the caller. */
  destroy(): void {
    this.#params.destroy();
  }
}

function kernelsOf(steps: readonly ProgramStep[]): Kernel[] {
  return [...new Set(steps.map(({ dispatch }) => dispatch.kernel))];
}
