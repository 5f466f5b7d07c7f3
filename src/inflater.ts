/**
 * A portable decoder of deflate (RFC 1951), strict and bounded.
 * This module is browser compatible.
 *
 * @module
 */

/** An inflated stream. */
export interface Inflated {
  /** The content. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Bytes of the input that belong to the stream. */
  readonly consumed: number;
}

/** The error of a stream that cannot be inflated. */
export function damaged(what = "damaged"): SyntaxError {
  return new SyntaxError(`Cannot inflate: the stream is ${what}`);
}

/** Extra bits and bases of the lengths 257 to 285, and of the distances. */
const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const LENGTHS = basesOf(LENGTH_BITS, 3);
LENGTHS[28] = 258;
const DISTANCE_BITS = Array.from({ length: 30 }, (_, code) => Math.max(0, (code >> 1) - 1));
const DISTANCES = basesOf(DISTANCE_BITS, 1);

function basesOf(bits: readonly number[], first: number): number[] {
  let base = first;
  return bits.map((count) => {
    const own = base;
    base += 1 << count;
    return own;
  });
}

/** The order in which the lengths of the code lengths' codes are stored. */
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** Codes by all that the next bits may be: symbol times 16 plus the length of its code, 0 for none. */
interface Codes {
  readonly bits: number;
  readonly table: Uint16Array;
}

/** Throws a SyntaxError for lengths that no prefix code has; as in zlib, a single code of one bit may be incomplete. */
function codesOf(lengths: Uint8Array, mayLack: boolean): Codes {
  const counts = new Uint16Array(16);
  for (const length of lengths) counts[length]!++;
  counts[0] = 0;
  let bits = 15;
  while (bits > 0 && counts[bits] === 0) bits--;
  const next = new Uint16Array(16);
  let left = 1;
  for (let length = 1, code = 0; length <= 15; length++) {
    left = 2 * left - counts[length]!;
    if (left < 0) throw damaged();
    code = code + counts[length - 1]! << 1;
    next[length] = code;
  }
  if (left > 0 && (!mayLack || bits > 1)) throw damaged();
  const table = new Uint16Array(1 << bits);
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const length = lengths[symbol]!;
    if (length === 0) continue;
    let reversed = 0;
    for (let code = next[length]!++, i = 0; i < length; i++, code >>= 1) reversed = reversed << 1 | code & 1;
    for (let at = reversed; at < table.length; at += 1 << length) table[at] = symbol << 4 | length;
  }
  return { bits, table };
}

let fixed: readonly [Codes, Codes] | undefined;

function fixedCodes(): readonly [Codes, Codes] {
  const literals = new Uint8Array(288).fill(8, 0, 144).fill(9, 144, 256).fill(7, 256, 280).fill(8, 280);
  return fixed ??= [codesOf(literals, false), codesOf(new Uint8Array(32).fill(5), false)];
}

/** Decodes a raw deflate stream. */
export class Inflater {
  readonly #data: Uint8Array;
  readonly #most: number;
  #at = 0;
  #pending = 0;
  #pendingBits = 0;
  #output: Uint8Array<ArrayBuffer>;
  #length = 0;

  /** Of at most `most` bytes. */
  constructor(data: Uint8Array, most: number) {
    this.#data = data;
    this.#most = most;
    this.#output = new Uint8Array(Math.min(most, Math.max(1024, 4 * data.length)));
  }

  /** Decodes to the end; of input that ends early, what there is if it `mayEnd`. */
  run(mayEnd = false): Inflated {
    try {
      for (let last = false; !last;) {
        last = this.#take(1) === 1;
        const type = this.#take(2);
        if (type === 0) this.#stored();
        else if (type === 3) throw damaged();
        else this.#compressed(...(type === 1 ? fixedCodes() : this.#readCodes()));
      }
    } catch (error) {
      if (!mayEnd || !(error instanceof EndOfInput)) throw error;
    }
    // Whole bytes that were fetched ahead belong to what follows.
    const consumed = this.#at - (this.#pendingBits >> 3);
    return { bytes: this.#output.subarray(0, this.#length), consumed };
  }

  /** Fetches bytes until there are more than 16 bits, or no byte is left. */
  #fetch(): void {
    while (this.#pendingBits <= 16 && this.#at < this.#data.length) {
      this.#pending |= this.#data[this.#at++]! << this.#pendingBits;
      this.#pendingBits += 8;
    }
  }

  /** The next bits, 16 at most. */
  #take(count: number): number {
    if (this.#pendingBits < count) this.#fetch();
    if (this.#pendingBits < count) throw new EndOfInput();
    const value = this.#pending & ((1 << count) - 1);
    this.#pending >>>= count;
    this.#pendingBits -= count;
    return value;
  }

  #symbol({ bits, table }: Codes): number {
    if (this.#pendingBits < bits) this.#fetch();
    const entry = table[this.#pending & ((1 << bits) - 1)]!;
    const length = entry & 15;
    if (length === 0) throw this.#pendingBits < bits ? new EndOfInput() : damaged();
    if (length > this.#pendingBits) throw new EndOfInput();
    this.#pending >>>= length;
    this.#pendingBits -= length;
    return entry >> 4;
  }

  /** Makes room for `count` bytes more. */
  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed > this.#most) throw new RangeError("Cannot inflate: the stream is longer than expected");
    if (needed <= this.#output.length) return;
    const larger = new Uint8Array(Math.min(this.#most, Math.max(needed, 2 * this.#output.length)));
    larger.set(this.#output.subarray(0, this.#length));
    this.#output = larger;
  }

  #stored(): void {
    this.#take(this.#pendingBits & 7);
    const length = this.#take(16);
    if (this.#take(16) !== (length ^ 0xffff)) throw damaged();
    this.#at -= this.#pendingBits >> 3;
    [this.#pending, this.#pendingBits] = [0, 0];
    const bytes = this.#data.subarray(this.#at, this.#at + length);
    this.#reserve(bytes.length);
    this.#output.set(bytes, this.#length);
    this.#length += bytes.length;
    this.#at += bytes.length;
    if (bytes.length < length) throw new EndOfInput();
  }

  #readCodes(): [Codes, Codes] {
    const literals = 257 + this.#take(5);
    const distances = 1 + this.#take(5);
    const count = 4 + this.#take(4);
    if (literals > 286 || distances > 30) throw damaged();
    const own = new Uint8Array(19);
    for (let i = 0; i < count; i++) own[ORDER[i]!] = this.#take(3);
    const codes = codesOf(own, false);
    const lengths = new Uint8Array(literals + distances);
    for (let i = 0; i < lengths.length;) {
      const symbol = this.#symbol(codes);
      if (symbol < 16) {
        lengths[i++] = symbol;
        continue;
      }
      if (symbol === 16 && i === 0) throw damaged();
      const value = symbol === 16 ? lengths[i - 1]! : 0;
      const times = symbol === 16
        ? 3 + this.#take(2)
        : symbol === 17
        ? 3 + this.#take(3)
        : 11 + this.#take(7);
      if (i + times > lengths.length) throw damaged();
      lengths.fill(value, i, i += times);
    }
    if (lengths[256] === 0) throw damaged();
    return [codesOf(lengths.subarray(0, literals), true), codesOf(lengths.subarray(literals), true)];
  }

  #compressed(literals: Codes, distances: Codes): void {
    for (;;) {
      const symbol = this.#symbol(literals);
      if (symbol === 256) return;
      if (symbol < 256) {
        if (this.#length === this.#output.length) this.#reserve(1);
        this.#output[this.#length++] = symbol;
        continue;
      }
      const code = symbol - 257;
      if (code >= LENGTHS.length) throw damaged();
      const length = LENGTHS[code]! + this.#take(LENGTH_BITS[code]!);
      const far = this.#symbol(distances);
      if (far >= DISTANCES.length) throw damaged();
      const distance = DISTANCES[far]! + this.#take(DISTANCE_BITS[far]!);
      if (distance > this.#length) throw damaged();
      this.#reserve(length);
      const output = this.#output;
      // Byte by byte: the source may overlap what is being written.
      for (let to = this.#length, end = to + length; to < end; to++) output[to] = output[to - distance]!;
      this.#length += length;
    }
  }
}

/** The input ends within the stream. */
class EndOfInput extends SyntaxError {
  constructor() {
    super("Cannot inflate: the stream is truncated");
  }
}
