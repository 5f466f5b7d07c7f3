/**
 * Bitwise operations on tiles. A tile is never changed in place: undo and drafts keep the old ones.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { TILE_WORDS } from "./bit_tiles.ts";

/** The changed tile: null if it is empty, undefined if it is the same. */
export function mapWords(
  before: Readonly<Uint32Array> | null,
  word: (words: number, at: number) => number,
): Uint32Array | null | undefined {
  const after = new Uint32Array(TILE_WORDS);
  let isSame = true, isEmpty = true;
  for (let at = 0; at < TILE_WORDS; at++) {
    const old = before === null ? 0 : before[at]!;
    after[at] = word(old, at);
    if (after[at] !== old) isSame = false;
    if (after[at] !== 0) isEmpty = false;
  }
  return isSame ? undefined : isEmpty ? null : after;
}

/** The bits in which two tiles differ; null for none. */
export function xorWords(
  a: Readonly<Uint32Array> | null,
  b: Readonly<Uint32Array> | null,
): Uint32Array | null {
  if (a === b) return null;
  const bits = new Uint32Array(TILE_WORDS);
  let isEmpty = true;
  for (let at = 0; at < TILE_WORDS; at++) {
    bits[at] = (a === null ? 0 : a[at]!) ^ (b === null ? 0 : b[at]!);
    if (bits[at] !== 0) isEmpty = false;
  }
  return isEmpty ? null : bits;
}
