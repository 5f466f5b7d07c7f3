/**
 * Communication between the ranks of data-parallel training: each rank has its own images of a batch, and all of them
 * take the same step. This module is browser compatible.
 *
 * @module
 */

import type { Ranks } from "../ranks/share.ts";

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

/** The ranks of a collective, as work that is shared by names sees them. */
export function ranksOf(collective: Collective): Ranks {
  const { rank, size } = collective;
  return { rank, size, exchange: (text) => allTexts(collective, text) };
}

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
  return { firstImage: sum(counts.subarray(0, collective.rank)), batch: sum(counts) };
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

/** The largest of all ranks' values, on every rank. */
export async function largestOf(collective: Collective, value: number): Promise<number> {
  if (collective.size === 1) return value;
  const values = new Float32Array(collective.size);
  values[collective.rank] = value;
  await collective.allReduce(values);
  return Math.max(...values);
}

/** What the first rank says, on every rank; the others are not asked. */
export async function saidByFirst<T>(collective: Collective, say: () => T | Promise<T>): Promise<T> {
  if (collective.size === 1) return await say();
  const text = collective.rank === 0 ? JSON.stringify(await say()) : "";
  const [first] = await allTexts(collective, text);
  return JSON.parse(first!);
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
