/**
 * Random numbers as a function of key and counter, so that a resumed run draws what an uninterrupted one would.
 * This module is browser compatible.
 *
 * @module
 */

/**
 * One 32-bit draw from four 32-bit keys: pcg4d of Jarzynski and Olano, Hash Functions for GPU Rendering, 2020; the
 * kernels draw with the same function.
 */
export function draw(a: number, b: number, c: number, d: number): number {
  let x = (Math.imul(a, 1664525) + 1013904223) | 0;
  let y = (Math.imul(b, 1664525) + 1013904223) | 0;
  let z = (Math.imul(c, 1664525) + 1013904223) | 0;
  let w = (Math.imul(d, 1664525) + 1013904223) | 0;
  const mix = () => {
    x = (x + Math.imul(y, w)) | 0;
    y = (y + Math.imul(z, x)) | 0;
    z = (z + Math.imul(x, y)) | 0;
    w = (w + Math.imul(y, z)) | 0;
  };
  mix();
  x ^= x >>> 16;
  y ^= y >>> 16;
  z ^= z >>> 16;
  w ^= w >>> 16;
  mix();
  return x >>> 0;
}

/** Fills `values` with draws uniform in [-bound, bound), keyed by seed, stream and index. */
export function uniformFloats(values: Float32Array, seed: number, stream: number, bound: number): void {
  for (let index = 0; index < values.length; index++) {
    values[index] = (draw(index, stream, seed, 0x696e6974) / 2 ** 31 - 1) * bound;
  }
}

/** A permutation of 0 ... count - 1 by Fisher and Yates, keyed by seed and epoch. */
export function shuffled(count: number, seed: number, epoch: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  for (let index = count - 1; index > 0; index--) {
    // 2^32 draws over at most a few thousand places: the bias of the scaling is far below any use made of it.
    const other = Math.floor((draw(index, epoch, seed, 0x73687566) / 2 ** 32) * (index + 1));
    const kept = order[index]!;
    order[index] = order[other]!;
    order[other] = kept;
  }
  return order;
}
