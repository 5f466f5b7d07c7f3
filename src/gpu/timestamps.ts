/**
 * The device's own clock: when passes began and ended, where the adapter has `timestamp-query`.
 *
 * @module
 */
import type { Gpu } from "./gpu.ts";

/** Timestamps that one query set may hold. */
const MOST_QUERIES = 4096;

/** When a pass ran, in ticks of the device's clock: nanoseconds by WebGPU's rule, though not on every driver. */
export interface PassTime {
  /** Its begin. */
  readonly begin: bigint;
  /** Its end. */
  readonly end: bigint;
}

/** Begin and end of a number of compute passes. */
export class Timestamps {
  /** Passes that can be timed. */
  readonly passes: number;
  readonly #gpu: Gpu;
  readonly #sets: GPUQuerySet[];
  readonly #resolved: GPUBuffer;

  private constructor(gpu: Gpu, passes: number, sets: GPUQuerySet[], resolved: GPUBuffer) {
    this.#gpu = gpu;
    this.passes = passes;
    this.#sets = sets;
    this.#resolved = resolved;
  }

  /** Room for the times of so many passes, or null where the device has no such clock. */
  static async create(gpu: Gpu, passes: number): Promise<Timestamps | null> {
    if (!gpu.device.features.has("timestamp-query")) return null;
    const sets: GPUQuerySet[] = [];
    for (let first = 0; first < 2 * passes; first += MOST_QUERIES) {
      const count = Math.min(MOST_QUERIES, 2 * passes - first);
      sets.push(gpu.device.createQuerySet({ label: "timestamps", type: "timestamp", count }));
    }
    const resolved = await gpu.createBuffer("timestamps", 16 * passes, GPUBufferUsage.QUERY_RESOLVE);
    return new Timestamps(gpu, passes, sets, resolved);
  }

  /** What `beginComputePass` is told so that pass `index` is timed. */
  writes(index: number): GPUComputePassTimestampWrites {
    const first = (2 * index) % MOST_QUERIES;
    return {
      querySet: this.#sets[Math.floor(2 * index / MOST_QUERIES)]!,
      beginningOfPassWriteIndex: first,
      endOfPassWriteIndex: first + 1,
    };
  }

  /** Waits for the device and reads the times of all passes. */
  async read(): Promise<PassTime[]> {
    const encoder = this.#gpu.device.createCommandEncoder();
    this.#sets.forEach((set, index) =>
      encoder.resolveQuerySet(set, 0, set.count, this.#resolved, 8 * MOST_QUERIES * index)
    );
    this.#gpu.submit(encoder);
    const ticks = new BigUint64Array(await this.#gpu.read(this.#resolved, 0, 16 * this.passes));
    return Array.from({ length: this.passes }, (_, pass) => ({
      begin: ticks[2 * pass]!,
      end: ticks[2 * pass + 1]!,
    }));
  }

  /** Frees the clock's memory. */
  destroy(): void {
    for (const set of this.#sets) set.destroy();
    this.#resolved.destroy();
  }
}
