/**
 * Pools of buffers for programs that run one after the other and may therefore share memory.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Gpu } from "../gpu/gpu.ts";
import type { SharedMemory } from "./program.ts";

/** Buffers by name: a request reuses the first buffer of that name that is large enough. */
export class BufferPool {
  readonly #gpu: Gpu;
  readonly #buffers: { readonly name: string; readonly buffer: GPUBuffer }[] = [];

  /** Allocates nothing yet. */
  constructor(gpu: Gpu) {
    this.#gpu = gpu;
  }

  /** Bytes of all buffers. */
  get byteLength(): number {
    return this.#buffers.reduce((sum, { buffer }) => sum + buffer.size, 0);
  }

  /**
   * The first buffer of that name with at least `byteLength` bytes, or a new one. Its contents last until the next
   * program that takes it runs.
   *
   * @throws {CapacityError} if it does not fit the device.
   */
  async take(name: string, byteLength: number, usage?: GPUBufferUsageFlags): Promise<GPUBuffer> {
    const found = this.#buffers.find((other) => other.name === name && other.buffer.size >= byteLength);
    if (found) return found.buffer;
    const buffer = await this.#gpu.createBuffer(name, byteLength, usage);
    this.#buffers.push({ name, buffer });
    return buffer;
  }

  /** Frees all buffers. */
  clear(): void {
    for (const { buffer } of this.#buffers) buffer.destroy();
    this.#buffers.length = 0;
  }
}

/** The slots of one or more memory plans: each plan reuses the existing slots and adds the ones it lacks. */
export class SlotPool implements SharedMemory {
  /** The program that used the slots last: what other programs have left in them is lost. */
  user: unknown;
  readonly #gpu: Gpu;
  readonly #slots: GPUBuffer[] = [];

  /** Allocates nothing yet. */
  constructor(gpu: Gpu) {
    this.#gpu = gpu;
  }

  /** Bytes of each slot. */
  get sizes(): number[] {
    return this.#slots.map(({ size }) => size);
  }

  /** Bytes of all slots. */
  get byteLength(): number {
    return this.#slots.reduce((sum, { size }) => sum + size, 0);
  }

  /**
   * Slots of these sizes, the first of which are the existing ones.
   *
   * @throws {CapacityError} if one does not fit the device; those allocated before it stay in the pool.
   */
  async grow(sizes: readonly number[]): Promise<readonly GPUBuffer[]> {
    const slots = [...this.#slots];
    for (const size of sizes.slice(slots.length)) {
      const slot = await this.#gpu.createBuffer(`slot ${slots.length}`, size, GPUBufferUsage.UNIFORM);
      this.#slots.push(slot);
      slots.push(slot);
    }
    return slots;
  }

  /** Frees all slots. */
  clear(): void {
    for (const slot of this.#slots) slot.destroy();
    this.#slots.length = 0;
  }
}
