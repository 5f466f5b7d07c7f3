/**
 * The collective of data-parallel training over MPI.
 *
 * @module
 */
import type { Collective } from "../training/collective.ts";
import type { Mpi } from "./mpi_library.ts";

/**
 * Floats of a message. Whole buffers of 124 MB took Open MPI 4.1 fifty times as long as messages of 1 MiB
 * (docs/cluster.md).
 */
const MESSAGE = 2 ** 18;

/** Milliseconds in which a rank asks for the others without a pause: those of balanced ranks come at once. */
const EAGER_MS = 1;

/** Where the time of exchanges went, in seconds. */
export interface ExchangeTimes {
  /** Waiting for the slowest rank. */
  waiting: number;
  /** Exchanging, once all were there. */
  exchanging: number;
}

/** The ranks of a world of MPI, as training sees them. */
export class MpiCollective implements Collective {
  readonly rank: number;
  readonly size: number;
  /** The times of all exchanges so far. */
  readonly times: ExchangeTimes = { waiting: 0, exchanging: 0 };
  readonly #mpi: Mpi;
  #last: Promise<void> = Promise.resolve();

  /** Exchanges over `mpi`. */
  constructor(mpi: Mpi) {
    this.rank = mpi.rank;
    this.size = mpi.size;
    this.#mpi = mpi;
  }

  /** See {@linkcode Collective}. The order of each sum is MPI's: the same for the same number of ranks and values. */
  allReduce(values: Float32Array<ArrayBuffer>): Promise<void> {
    // One after the other: MPI tells exchanges apart only by their order.
    const done = this.#last.then(() => this.#reduce(values));
    this.#last = done.catch(() => {});
    return done;
  }

  /**
   * Waits for the slowest rank. MPI's own calls would wait, too, but keep a core busy, which on a machine of few cores,
   * or whose adapter is software, the other ranks compute on.
   */
  async #meet(): Promise<void> {
    const start = performance.now();
    const hasMet = this.#mpi.meet();
    while (!hasMet()) {
      if (performance.now() - start > EAGER_MS) await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  async #reduce(values: Float32Array<ArrayBuffer>): Promise<void> {
    const start = performance.now();
    await this.#meet();
    const met = performance.now();
    this.times.waiting += (met - start) / 1000;
    for (let first = 0; first < values.length; first += MESSAGE) {
      await this.#mpi.sum(values.subarray(first, first + MESSAGE));
    }
    this.times.exchanging += (performance.now() - met) / 1000;
  }
}
