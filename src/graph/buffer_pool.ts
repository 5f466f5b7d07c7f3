/**
 * Buffers for what runs one after the other.
 *
 * @module
 */
import type { Gpu } from "../gpu/gpu.ts";

/** Buffers by name, each used in turns: who comes later takes what is there, where that is large enough. */
export class TurnBuffers {
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
   * The first buffer of that name with as many bytes, or a new one. What it holds lasts until the next turn.
   *
   * @throws {CapacityError} where it does not fit the device.
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
