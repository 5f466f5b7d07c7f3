/**
 * The entropy-coded part of a baseline JPEG file: Huffman tables and blocks of coefficients (ITU T.81, annex F.2).
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Bits resolved by one table lookup; longer codes are rare. */
const LOOKUP_BITS = 10;

/** The second byte of the end-of-image marker. */
const END_OF_IMAGE = 0xd9;

/** Row-major index of the k-th coefficient in zigzag order. */
const ZIGZAG: Uint8Array = Uint8Array.of(
  ...[0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6],
  ...[7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31],
  ...[39, 46, 53, 60, 61, 54, 47, 55, 62, 63],
);

/** A Huffman table, ready for decoding. */
export interface HuffmanTable {
  /** For each value of the next {@linkcode LOOKUP_BITS} bits: `length << 8 | symbol`, or 0 if the code is longer. */
  readonly lookup: Uint16Array;
  /** For each length: the largest code, left-aligned in 16 bits, plus one; 0 if there is none. */
  readonly limits: Int32Array;
  /** For each length: the offset from a code to the index of its symbol. */
  readonly offsets: Int32Array;
  /** The symbols, ordered by code. */
  readonly symbols: Uint8Array;
}

/**
 * Builds a table from the number of codes of each length (1 to 16) and the symbols. Null for more codes than the
 * lengths allow, or a code of ones only, which the standard reserves.
 */
export function huffmanTable(counts: Uint8Array, symbols: Uint8Array): HuffmanTable | null {
  const lookup = new Uint16Array(1 << LOOKUP_BITS);
  const limits = new Int32Array(18);
  const offsets = new Int32Array(17);
  let code = 0;
  let place = 0;
  for (let length = 1; length <= 16; length++) {
    const count = counts[length - 1]!;
    offsets[length] = place - code;
    if (length <= LOOKUP_BITS) {
      const span = 1 << (LOOKUP_BITS - length);
      for (let i = 0; i < count; i++) {
        const entry = length << 8 | symbols[place + i]!;
        lookup.fill(entry, (code + i) * span, (code + i + 1) * span);
      }
    }
    place += count;
    code += count;
    if (count > 0 && code >= 1 << length) return null;
    limits[length] = count > 0 ? code << (16 - length) : 0;
    code <<= 1;
  }
  return { lookup, limits, offsets, symbols };
}

/**
 * The bits of a scan from `at` on, stuffed zeros removed, split at the restart markers. Null unless the markers are
 * in order and the end of the image follows.
 */
export function scanBits(bytes: Uint8Array, at: number): Uint8Array[] | null {
  // Eight bytes between two intervals: the bit reader looks ahead.
  const clean = new Uint8Array(2 * (bytes.length - at) + 16);
  const intervals: Uint8Array[] = [];
  let to = 0;
  let start = 0;
  while (at < bytes.length) {
    const byte = bytes[at++]!;
    clean[to++] = byte;
    if (byte !== 0xff) continue;
    let next = bytes[at++];
    if (next === 0) continue;
    to--;
    while (next === 0xff) next = bytes[at++]; // padding before a marker
    const marker = next;
    intervals.push(clean.subarray(start, to));
    if (marker === END_OF_IMAGE) return intervals;
    if (marker !== 0xd0 + (intervals.length - 1) % 8) return null;
    to += 8;
    start = to;
  }
  return null;
}

/** Reads blocks from the bits of a scan. */
export class BitReader {
  /** Bits consumed. */
  at = 0;
  /** Bit mask of the last block's columns with a nonzero coefficient below the first row. */
  columns = 0;
  readonly #view: DataView;

  /** Reads one of the intervals of {@linkcode scanBits}. */
  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset);
  }

  /**
   * Reads a block into `block` (64 zeros), each coefficient times its quantization step; `quantization` is in zigzag
   * order. Returns the DC coefficient without its step, the `predictor` of the next block, and sets
   * {@linkcode BitReader.columns}. NaN for invalid bits.
   */
  readBlock(
    block: Int32Array,
    dc: HuffmanTable,
    ac: HuffmanTable,
    quantization: Uint16Array,
    predictor: number,
  ): number {
    const view = this.#view;
    let at = this.at;
    let bits = view.getUint32(at >> 3) << (at & 7);
    let entry = dc.lookup[bits >>> (32 - LOOKUP_BITS)]!;
    if (entry === 0) entry = longCode(dc, bits >>> 16);
    let size = entry & 255;
    if (entry === 0 || size > 11) return NaN;
    at += entry >> 8;
    let first = predictor;
    if (size > 0) {
      bits = view.getUint32(at >> 3) << (at & 7);
      at += size;
      const value = bits >>> (32 - size);
      first += bits < 0 ? value : value - (1 << size) + 1;
    }
    block[0] = first * quantization[0]!;
    let columns = 0;
    const { lookup } = ac;
    for (let k = 1; k < 64; k++) {
      bits = view.getUint32(at >> 3) << (at & 7);
      entry = lookup[bits >>> (32 - LOOKUP_BITS)]!;
      if (entry === 0) {
        entry = longCode(ac, bits >>> 16);
        if (entry === 0) return NaN;
      }
      const length = entry >> 8;
      size = entry & 15;
      const run = (entry >> 4) & 15;
      at += length;
      if (size === 0) {
        if (run < 15) break;
        k += 15;
        continue;
      }
      k += run;
      if (k > 63 || size > 10) return NaN;
      if (length + size <= 25) bits <<= length;
      else bits = view.getUint32(at >> 3) << (at & 7);
      at += size;
      const value = bits >>> (32 - size);
      const place = ZIGZAG[k]!;
      block[place] = (bits < 0 ? value : value - (1 << size) + 1) * quantization[k]!;
      columns |= place > 7 ? 1 << (place & 7) : 256;
    }
    this.at = at;
    this.columns = columns;
    return first;
  }
}

/** The lookup entry of a code longer than {@linkcode LOOKUP_BITS} at the start of the 16 `bits`; 0 if there is none. */
function longCode(table: HuffmanTable, bits: number): number {
  for (let length = LOOKUP_BITS + 1; length <= 16; length++) {
    if (bits < table.limits[length]!) {
      return length << 8 | table.symbols[(bits >> (16 - length)) + table.offsets[length]!]!;
    }
  }
  return 0;
}
