/**
 * Recorded steps as a program of their own, outside of any plan, with memory and made-up contents.
 *
 * @module
 */
import type { Gpu } from "../gpu/gpu.ts";
import { Program } from "./program.ts";
import { uniformFloats } from "../random.ts";
import { bindSteps } from "./binding.ts";
import { planMemory } from "./memory_plan.ts";
import type { RecordedStep, Region } from "./recorder.ts";

/** Half the width of the range that contents are drawn from. */
const BOUND = 0.5;

/** A program that runs by itself. */
export class Standalone {
  /** Labels of its kernels, each once, in order. */
  readonly kernels: readonly string[];
  readonly #gpu: Gpu;
  readonly #program: Program;
  readonly #buffers: ReadonlyMap<Region, GPUBuffer>;
  readonly #slots: readonly GPUBuffer[];

  private constructor(
    gpu: Gpu,
    steps: readonly RecordedStep[],
    program: Program,
    buffers: ReadonlyMap<Region, GPUBuffer>,
    slots: readonly GPUBuffer[],
  ) {
    this.#gpu = gpu;
    this.#program = program;
    this.#buffers = buffers;
    this.#slots = slots;
    this.kernels = [...new Set(steps.map(({ dispatch }) => dispatch.kernel.label))];
  }

  /** Compiles the steps; fixed regions get buffers of their own with random values, the others share slots. */
  static async create(gpu: Gpu, steps: readonly RecordedStep[]): Promise<Standalone> {
    const memory = planMemory(steps);
    const slots: GPUBuffer[] = [];
    for (const size of memory.slots) slots.push(await gpu.createBuffer("slot", size, GPUBufferUsage.UNIFORM));
    const buffers = new Map<Region, GPUBuffer>();
    for (const { region } of steps.flatMap(({ views }) => views)) {
      if (!region.fixed || buffers.has(region)) continue;
      const buffer = await gpu.createBuffer(region.label, region.byteLength, GPUBufferUsage.UNIFORM);
      const values = new Float32Array(region.byteLength / 4);
      uniformFloats(values, 0, buffers.size, BOUND);
      gpu.device.queue.writeBuffer(buffer, 0, values);
      buffers.set(region, buffer);
    }
    const bound = bindSteps(steps, memory, slots, buffers);
    return new Standalone(gpu, steps, await Program.create(gpu, bound.steps, bound.buffers), buffers, slots);
  }

  /** Number of dispatches. */
  get length(): number {
    return this.#program.length;
  }

  /** Runs the program so many times in one submission and waits for its end. */
  async run(times: number): Promise<void> {
    this.#gpu.run((pass) => {
      for (let i = 0; i < times; i++) this.#program.encode(pass);
    });
    await this.#gpu.idle();
  }

  /** Reads what a fixed region holds. */
  async read(region: Region): Promise<Float32Array> {
    return new Float32Array(await this.#gpu.read(this.#buffers.get(region)!, 0, region.byteLength));
  }

  /** Frees everything. */
  destroy(): void {
    this.#program.destroy();
    for (const buffer of [...this.#slots, ...this.#buffers.values()]) buffer.destroy();
  }
}
