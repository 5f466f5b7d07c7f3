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

/** What a program relies on from its earlier runs. */
export interface Preparation {
  /** Computes it. */
  readonly program: Program;
  /** The buffer that it is computed of. */
  readonly source: GPUBuffer;
}

/** A memory that several programs share. */
export interface SharedMemory {
  /** The program that used it last. */
  user: unknown;
}

/** How a program is created. */
export interface ProgramOptions {
  /** What is computed before the first run, and again whenever it could be out of date. */
  readonly preparation?: Preparation | undefined;
  /** The memory that other programs overwrite. */
  readonly memory?: SharedMemory | undefined;
}

/** A program with its bind groups. */
export class Program {
  readonly #gpu: Gpu;
  readonly #pipelines: GPUComputePipeline[];
  readonly #groups: GPUBindGroup[];
  readonly #workgroups: Dispatch["workgroups"][];
  readonly #params: GPUBuffer;
  readonly #written: readonly GPUBuffer[];
  readonly #options: ProgramOptions;
  /** The revision of the source that the preparation was computed of. */
  #prepared: number | undefined;

  private constructor(
    gpu: Gpu,
    pipelines: GPUComputePipeline[],
    groups: GPUBindGroup[],
    workgroups: Dispatch["workgroups"][],
    params: GPUBuffer,
    written: readonly GPUBuffer[],
    options: ProgramOptions,
  ) {
    this.#gpu = gpu;
    this.#written = written;
    this.#options = options;
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
    options: ProgramOptions = {},
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
    const workgroups = steps.map(({ dispatch }) => dispatch.workgroups);
    return new Program(gpu, pipelines, groups, workgroups, params, writtenBuffers(steps, buffers), options);
  }

  /** Number of dispatches, without its preparation. */
  get length(): number {
    return this.#groups.length;
  }

  /**
   * Encodes the dispatches from `first` up to, but not including, `end`. If the preparation could be out of date, because
   * its source was written to or another program used the memory, it comes first.
   */
  encode(pass: GPUComputePassEncoder, first = 0, end = this.length): void {
    this.#prepare(pass);
    for (const buffer of this.#written) this.#gpu.changes(buffer);
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
    this.#options.preparation?.program.destroy();
  }

  #prepare(pass: GPUComputePassEncoder): void {
    const { preparation, memory } = this.#options;
    const isOwn = memory?.user === this;
    if (memory) memory.user = this;
    if (!preparation) return;
    const revision = this.#gpu.revision(preparation.source);
    if (isOwn && revision === this.#prepared) return;
    preparation.program.encode(pass);
    this.#prepared = revision;
  }
}

function writtenBuffers(steps: readonly ProgramStep[], buffers: readonly GPUBuffer[]): GPUBuffer[] {
  const written = steps.flatMap(({ dispatch, views }) =>
    views.filter((_, index) => dispatch.kernel.bindings[index]!.access === "read_write")
  );
  return [...new Set(written.map(({ buffer }) => buffers[buffer]!))];
}

/** The kernels of steps, each once. */
export function kernelsOf(steps: readonly Pick<ProgramStep, "dispatch">[]): Kernel[] {
  return [...new Set(steps.map(({ dispatch }) => dispatch.kernel))];
}
