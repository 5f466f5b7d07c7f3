/**
 * Recorded steps as a program of their own, with memory and random inputs, to be timed.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Gpu } from "../gpu/gpu.ts";
import { SlotPool } from "../graph/buffer_pool.ts";
import { instantiate } from "../graph/instantiate.ts";
import type { Program } from "../graph/program.ts";
import type { RecordedStep, Region } from "../graph/recorder.ts";
import { uniformFloats } from "../random.ts";

/** Inputs are uniform in [-0.5, 0.5). */
const BOUND = 0.5;

/** A program that needs no network around it. */
export class Standalone {
  /** Labels of its kernels, each once, in order. */
  readonly kernels: readonly string[];
  readonly #gpu: Gpu;
  readonly #program: Program;
  readonly #fixed: ReadonlyMap<Region, GPUBuffer>;
  readonly #slots: SlotPool;

  private constructor(
    gpu: Gpu,
    steps: readonly RecordedStep[],
    program: Program,
    fixed: ReadonlyMap<Region, GPUBuffer>,
    slots: SlotPool,
  ) {
    this.#gpu = gpu;
    this.#program = program;
    this.#fixed = fixed;
    this.#slots = slots;
    this.kernels = [...new Set(steps.map(({ dispatch }) => dispatch.kernel.label))];
  }

  /**
   * Compiles the steps. Each fixed region gets a buffer with random values; the others share slots.
   *
   * @throws {CapacityError} if they do not fit the device; nothing stays allocated then.
   */
  static async create(gpu: Gpu, steps: readonly RecordedStep[]): Promise<Standalone> {
    const slots = new SlotPool(gpu);
    const fixed = new Map<Region, GPUBuffer>();
    try {
      const bufferOf = async (region: Region) => {
        const buffer = await gpu.createBuffer(region.label, region.byteLength, GPUBufferUsage.UNIFORM);
        const values = new Float32Array(region.byteLength / 4);
        uniformFloats(values, 0, fixed.size, BOUND);
        gpu.write(buffer, 0, values);
        fixed.set(region, buffer);
        return buffer;
      };
      const { program } = await instantiate(gpu, steps, { bufferOf, slots });
      return new Standalone(gpu, steps, program, fixed, slots);
    } catch (error) {
      for (const buffer of fixed.values()) buffer.destroy();
      slots.clear();
      throw error;
    }
  }

  /** Number of dispatches. */
  get length(): number {
    return this.#program.length;
  }

  /** Runs the program `times` times in one submission and waits for its end. */
  async run(times: number): Promise<void> {
    this.#gpu.run((pass) => {
      for (let i = 0; i < times; i++) this.#program.encode(pass);
    });
    await this.#gpu.idle();
  }

  /** Reads a fixed region back. */
  async read(region: Region): Promise<Float32Array> {
    return new Float32Array(await this.#gpu.read(this.#fixed.get(region)!, 0, region.byteLength));
  }

  /** Frees everything. */
  destroy(): void {
    this.#program.destroy();
    this.#slots.clear();
    for (const buffer of this.#fixed.values()) buffer.destroy();
  }
}
