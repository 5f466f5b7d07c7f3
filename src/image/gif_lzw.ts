/**
 * GIF's compression: LZW with codes of 3 to 12 bits, the lowest bit first (GIF89a specification, appendix F).
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Size } from "./image.ts";

/** Most codes: 12 bits. */
const MAX_CODES = 4096;

/** First row and step of the four passes of an interlaced frame. */
const PASSES = [[0, 8], [4, 8], [2, 4], [1, 2]] as const;

/**
 * The palette indices of a frame, row-major. Throws a SyntaxError unless every pixel is there: for codes that mean
 * nothing yet, and for data that ends too early.
 */
export function readGifIndices(
  blocks: readonly Uint8Array[],
  codeBits: number,
  size: Size,
  interlaced: boolean,
): Uint8Array {
  if (codeBits < 1 || codeBits > 8) {
    throw new SyntaxError(`Cannot decode the GIF image: its codes begin with ${codeBits} bits`);
  }
  const indices = new Uint8Array(size.width * size.height);
  const count = expand(blocks, codeBits, indices);
  if (count < indices.length) {
    throw new SyntaxError(
      `Cannot decode the GIF image: its pixel data is truncated or damaged after ${count} of ${indices.length} pixels`,
    );
  }
  return interlaced ? sortRows(indices, size) : indices;
}

/** Fills `indices`; returns how many it got. */
function expand(blocks: readonly Uint8Array[], codeBits: number, indices: Uint8Array): number {
  const clear = 1 << codeBits;
  const end = clear + 1;
  // A code is the text of `prefix` followed by one index: `last`; `lengths` is the length of the text.
  const prefix = new Uint16Array(MAX_CODES);
  const last = new Uint8Array(MAX_CODES);
  const firsts = new Uint8Array(MAX_CODES);
  const lengths = new Uint16Array(MAX_CODES);
  for (let code = 0; code < clear; code++) {
    last[code] = firsts[code] = code;
    lengths[code] = 1;
  }
  let [next, width, previous, at] = [end + 1, codeBits + 1, -1, 0];
  let [pending, pendingBits] = [0, 0];
  for (const block of blocks) {
    for (const byte of block) {
      pending |= byte << pendingBits;
      pendingBits += 8;
      while (pendingBits >= width) {
        const code = pending & ((1 << width) - 1);
        pending >>>= width;
        pendingBits -= width;
        if (code === clear) {
          [next, width, previous] = [end + 1, codeBits + 1, -1];
          continue;
        }
        if (code === end || code > next || (code === next && previous === -1)) return at;
        if (previous !== -1 && next < MAX_CODES) {
          prefix[next] = previous;
          // The code that is about to be defined begins as the previous one.
          last[next] = firsts[code === next ? previous : code]!;
          firsts[next] = firsts[previous]!;
          lengths[next] = lengths[previous]! + 1;
          next++;
          if (next === 1 << width && width < 12) width++;
        } else if (code >= next) return at;
        let to = at + lengths[code]!;
        at = Math.min(to, indices.length);
        for (let part = code; to > 0 && lengths[part]! > 0;) {
          if (--to < indices.length) indices[to] = last[part]!;
          if (lengths[part] === 1) break;
          part = prefix[part]!;
        }
        if (at === indices.length) return at;
        previous = code;
      }
    }
  }
  return at;
}

/** The rows in their order from top to bottom. */
function sortRows(indices: Uint8Array, { width, height }: Size): Uint8Array {
  const sorted = new Uint8Array(indices.length);
  let from = 0;
  for (const [first, step] of PASSES) {
    for (let y = first; y < height; y += step, from += width) {
      sorted.set(indices.subarray(from, from + width), y * width);
    }
  }
  return sorted;
}
