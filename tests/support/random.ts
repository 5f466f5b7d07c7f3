/**
 * Random numbers that are the same in every run, on every machine and in every language: a hash of seed and index.
 *
 * `tests/fixtures/unet/make_fixtures.py` holds the same three functions, so that fixtures need not store their
 * inputs. All arithmetic is exact in float64 up to one rounding to float32.
 *
 * @module
 */

/** Mixes the 32 bits of a value (lowbias32 of https://github.com/skeeto/hash-prospector). */
export function mix32(value: number): number {
  let x = value >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0xd35a2d97);
  return (x ^ (x >>> 15)) >>> 0;
}

/** The number in [0, 1) for a seed and an index. */
export function uniformAt(seed: number, index: number): number {
  return mix32(mix32(seed) + index) / 2 ** 32;
}

/** `count` float32 numbers of one seed, uniform in [-bound, bound) around `center`. */
export function uniformFloats(seed: number, count: number, bound: number, center = 0): Float32Array {
  return Float32Array.from(
    { length: count },
    (_, index) => center + (2 * uniformAt(seed, index) - 1) * bound,
  );
}

/** A sequence of draws from one seed. */
export class Random {
  readonly #seed: number;
  #index = 0;

  /** Starts the sequence of a seed. */
  constructor(seed: number) {
    this.#seed = seed;
  }

  /** A number in [0, 1). */
  next(): number {
    return uniformAt(this.#seed, this.#index++);
  }

  /** An integer in [0, `end`). */
  integer(end: number): number {
    return Math.floor(this.next() * end);
  }

  /** One of the values. */
  pick<T>(values: readonly T[]): T {
    return values[this.integer(values.length)]!;
  }

  /** `count` float32 numbers, uniform in [low, high). */
  floats(count: number, low = -1, high = 1): Float32Array {
    return Float32Array.from({ length: count }, () => low + (high - low) * this.next());
  }
}
