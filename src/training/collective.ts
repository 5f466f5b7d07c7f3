/**
 * Communication between the ranks of data-parallel training: each rank has its own images of a batch, and all of them
 * take the same step. This module is browser compatible.
 *
 * @module
 */

/** The ranks that train together. */
export interface Collective {
  /** This rank, from 0. */
  readonly rank: number;
  /** Number of ranks. */
  readonly size: number;
  /**
   * Replaces `values` by their sum over all ranks. Every rank passes the same number of values, in the same order of
   * calls, and gets the same bits.
   */
  allReduce(values: Float32Array<ArrayBuffer>): Promise<void>;
}

/** Training on one rank, the default: nothing is exchanged. */
export const SINGLE_RANK: Collective = { rank: 0, size: 1, allReduce: () => Promise.resolve() };

/** Where a rank's images lie in the batch of all ranks. */
export interface BatchPlace {
  /** Images of the ranks before this one. */
  readonly firstImage: number;
  /** Images of all ranks. */
  readonly batch: number;
}

/** The place of this rank's `images`, which may be another number on each rank. */
export async function placeInBatch(collective: Collective, images: number): Promise<BatchPlace> {
  const counts = new Float32Array(collective.size);
  counts[collective.rank] = images;
  await collective.allReduce(counts);
  const sum = (values: Float32Array) => values.reduce((total, count) => total + count, 0);
  return { firstImage: sum(counts.subarray(0, collective.rank)), batch: sum(counts) };
}
