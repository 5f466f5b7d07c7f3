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

/** The rank that a file is dealt to, by its name (32-bit FNV-1a): it does not depend on the other files. */
export function dealtTo(name: string, size: number): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  // FNV's low bits are those of the last bytes: names that end alike would go to the same rank.
  hash ^= hash >>> 16;
  return (hash >>> 0) % size;
}
