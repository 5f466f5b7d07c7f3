/**
 * Randomness for phantoms: the same seed yields the same numbers on every machine. Only integer hashes, the four basic
 * operations and the square root, whose rounding IEEE 754 defines; sine and logarithm may differ between machines.
 * This module is browser compatible.
 *
 * @module
 */

/** Mixes the 32 bits of a value (lowbias32 of https://github.com/skeeto/hash-prospector). */
export function hash32(value: number): number {
  let x = value >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0xd35a2d97);
  return (x ^ (x >>> 15)) >>> 0;
}

/** The hash of several integers, in order. */
export function hashOf(...values: number[]): number {
  return values.reduce((hash, value) => hash32(hash ^ hash32(value)), 0x9e3779b9);
}

/** A sequence of draws from one seed. */
export class PhantomRandom {
  #state: number;

  /** Starts the sequence of a seed, taken modulo 2^32. */
  constructor(seed: number) {
    this.#state = hash32(seed);
  }

  /** An integer from 0 to 2^32 - 1, to seed something else. */
  seed(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    return hash32(this.#state);
  }

  /** A number in [0, 1). */
  next(): number {
    return this.seed() / 2 ** 32;
  }

  /** A number in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** One of the values. */
  pick<T>(values: readonly T[]): T {
    return values[Math.floor(this.next() * values.length)] as T;
  }

  /** An approximately standard normal number: the sum of four uniform ones. */
  normal(): number {
    // The sum of four uniform numbers has variance 4/12.
    return (this.next() + this.next() + this.next() + this.next() - 2) * 1.7320508075688772;
  }
}

/** 2D value noise in [-1, 1]: hashed values at integer coordinates, interpolated smoothly. */
export function noise2(seed: number, x: number, y: number): number {
  const x0 = Math.floor(x);
  const y0 = Math.floor(y);
  const tx = fade(x - x0);
  const ty = fade(y - y0);
  const row = (j: number) => {
    const key = seed ^ Math.imul(y0 + j, 0x27d4eb2f);
    const a = corner(key, x0);
    return a + tx * (corner(key, x0 + 1) - a);
  };
  const low = row(0);
  return low + ty * (row(1) - low);
}

/** 3D value noise in [-1, 1]. */
export function noise3(seed: number, x: number, y: number, z: number): number {
  const z0 = Math.floor(z);
  const low = noise2(hash32(seed + z0), x, y);
  return low + fade(z - z0) * (noise2(hash32(seed + z0 + 1), x, y) - low);
}

/** 0 below `low`, 1 above `high`, smooth between. */
export function smoothStep(low: number, high: number, value: number): number {
  return fade(Math.min(1, Math.max(0, (value - low) / (high - low))));
}

function corner(key: number, x: number): number {
  return hash32(key ^ Math.imul(x, 0x165667b1)) / 2 ** 31 - 1;
}

function fade(t: number): number {
  return t * t * (3 - 2 * t);
}
