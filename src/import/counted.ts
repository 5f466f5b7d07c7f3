/**
 * Counts in the sentences that an import says. This module is browser compatible.
 *
 * @module
 */

/** A count with its noun: `1 image`, `3 images`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
