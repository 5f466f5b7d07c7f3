/**
 * The device's own clock: when passes began and ended, if the adapter has `timestamp-query`.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Gpu } from "./gpu.ts";

/** Timestamps in one query set, at most. */
const MOST_QUERIES = 4096;

/** When a pass ran, in ticks of the device's clock: nanoseconds by the WebGPU specification, but not on every driver. */
export interface PassTime {
  /** Tick at its beginning. */
  readonly begin: bigint;
  /** Tick at its end. */
  readonly end: bigint;
}

/** Times a number of compute passes. */
export class Timestamps {
  /** Number of passes that can be timed. */
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

  /** Creates a clock for `passes` passes, or null if the device has none. */
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

  /** The `timestampWrites` with which `beginComputePass` times pass `index`. */
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

  /** Frees the query sets and the buffer. */
  destroy(): void {
    for (const set of this.#sets) set.destroy();
    this.#resolved.destroy();
  }
}
