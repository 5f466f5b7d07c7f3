/**
 * Shares of a list for one of several ranks.
 * This module is browser compatible.
 *
 * @module
 */

/** One of several equal parts. */
export interface Share {
  /** Which one, from 0. */
  readonly rank: number;
  /** Their number. */
  readonly size: number;
}

/** All of it. */
export const WHOLE: Share = { rank: 0, size: 1 };

/** The items of `count` that are a rank's: consecutive, and of sizes that differ by one at most. May be none. */
export function shareOf(count: number, { rank, size }: Share): { first: number; end: number } {
  return { first: Math.floor(rank * count / size), end: Math.floor((rank + 1) * count / size) };
}

/** The ranks that do a piece of work together, and how they tell each other. */
export interface Ranks extends Share {
  /** The text of each rank, on every rank; returns once all have called it. */
  exchange(text: string): Promise<string[]>;
}

/** A process without others. */
export const ALONE: Ranks = { ...WHOLE, exchange: (text) => Promise.resolve([text]) };

/** How work is shared. */
export interface SharedWork {
  /** Who shares it. */
  readonly ranks: Ranks;
  /** Whether what an earlier run has done is kept. */
  readonly missing: boolean;
  /** Receives the folder that tells what is done. */
  readonly onLedger?: ((folder: string) => void) | undefined;
}

/**
 * The rank that a file is dealt to, by its name: it does not depend on the other files. 32-bit FNV-1a, whose bits are
 * mixed as in MurmurHash3: names that are alike would go to the same rank.
 */
export function dealtTo(name: string, size: number): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  hash = Math.imul(hash ^ hash >>> 16, 0x85ebca6b);
  hash = Math.imul(hash ^ hash >>> 13, 0xc2b2ae35);
  hash ^= hash >>> 16;
  return (hash >>> 0) % size;
}

/** Which ranks compute on which adapter, in one line: `ranks 0, 1 on A; rank 2 on B`. */
export function describeAdapters(adapters: readonly string[]): string {
  const groups = Map.groupBy(adapters.keys(), (rank) => adapters[rank]!);
  return [...groups].map(([adapter, ranks]) =>
    `${ranks.length === 1 ? "rank" : "ranks"} ${ranks.join(", ")} on ${adapter}`
  )
    .join("; ");
}
