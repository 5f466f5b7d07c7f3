/**
 * How large a report may become.
 * This module is browser compatible.
 *
 * @module
 */

/** What grows with the data. */
export type Spending = "images" | "rows";

/** Bytes that are left for each. */
export class Budget {
  readonly #left: Record<Spending, number>;

  /** Starts with these bytes. */
  constructor(left: Readonly<Record<Spending, number>>) {
    this.#left = { ...left };
  }

  /** Takes bytes, if that many are left. */
  take(from: Spending, byteLength: number): boolean {
    if (byteLength > this.#left[from]) return false;
    this.#left[from] -= byteLength;
    return true;
  }
}
