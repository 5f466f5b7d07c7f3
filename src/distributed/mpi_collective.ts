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

/** The ranks of a world of MPI, as training sees them. */
export class MpiCollective implements Collective {
  readonly rank: number;
  readonly size: number;
  readonly #mpi: Mpi;
  #milliseconds = 0;
  #last: Promise<void> = Promise.resolve();

  /** Exchanges over `mpi`. */
  constructor(mpi: Mpi) {
    this.rank = mpi.rank;
    this.size = mpi.size;
    this.#mpi = mpi;
  }

  /** Milliseconds of all exchanges so far, including waits for slower ranks. */
  get milliseconds(): number {
    return this.#milliseconds;
  }

  /** See {@linkcode Collective}. The order of each sum is MPI's: the same for the same number of ranks and values. */
  allReduce(values: Float32Array<ArrayBuffer>): Promise<void> {
    // One after the other: MPI tells exchanges apart only by their order.
    const done = this.#last.then(() => this.#reduce(values));
    this.#last = done.catch(() => {});
    return done;
  }

  async #reduce(values: Float32Array<ArrayBuffer>): Promise<void> {
    const start = performance.now();
    for (let first = 0; first < values.length; first += MESSAGE) {
      await this.#mpi.sum(values.subarray(first, first + MESSAGE));
    }
    this.#milliseconds += performance.now() - start;
  }
}

/** Resolves once every rank has called it. */
export async function barrier(collective: Collective): Promise<void> {
  await collective.allReduce(new Float32Array(1));
}

/** Whether a flag is set on any rank. */
export async function anyRank(collective: Collective, flag: boolean): Promise<boolean> {
  const flags = Float32Array.of(flag ? 1 : 0);
  await collective.allReduce(flags);
  return flags[0]! > 0;
}

/** The text of each rank, on every rank. */
export async function allTexts(collective: Collective, text: string): Promise<string[]> {
  const { rank, size } = collective;
  const bytes = new TextEncoder().encode(text);
  const lengths = new Float32Array(size);
  lengths[rank] = bytes.length;
  await collective.allReduce(lengths);
  const starts = Array.from(lengths, (_, index) => sum(lengths.subarray(0, index)));
  // A byte per float: sums of one value and zeros are exact.
  const all = new Float32Array(sum(lengths));
  all.set(bytes, starts[rank]);
  await collective.allReduce(all);
  return starts.map((start, index) =>
    new TextDecoder().decode(Uint8Array.from(all.subarray(start, start + lengths[index]!)))
  );
}

function sum(values: Float32Array): number {
  return values.reduce((total, value) => total + value, 0);
}
