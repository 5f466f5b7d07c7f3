/**
 * Shares of a list for one of several ranks.
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
