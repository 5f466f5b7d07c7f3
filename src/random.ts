/**
 * Counter-based random numbers: a function of keys, so that a resumed run draws what an uninterrupted one would.
 * This module is browser compatible.
 *
 * @module
 */

/**
 * Who draws: the last key of {@linkcode draw}, four letters, different for every use so that no two share numbers. The
 * kernels draw from their own streams, which their WGSL states too. `phantom/noise.ts` has a generator of its own.
 */
export const STREAMS = {
  /** Initial parameters, by parameter and index. */
  initialization: 0x696e6974, // "init"
  /** The order of samples in an epoch, and of equal groups in a re-split. */
  shuffle: 0x73687566, // "shuf"
  /** Bootstrap confidence intervals of an evaluation. */
  bootstrap: 0x626f6f74, // "boot"
  /** Dropout masks: `kernels/dropout`. */
  dropout: 0x64726f70, // "drop"
  /** Augmentation, three streams from this one + 1 on: `kernels/augment`. */
  augmentation: 0x61666630, // "aff0"
  /** Places of patches, three streams from this one on: `dataset/patches.ts`. */
  patches: 0x70617463, // "patc"
  /** Noise of the augmentation, one stream per channel: `kernels/augment`. */
  noise: 0x6e6f6973, // "nois"
  /** Elastic displacement, one stream per control point from this one on: `kernels/augment`. */
  elastic: 0x656c6173, // "elas"
  /** Changes of intensities, four streams from this one on: `kernels/augment`. */
  tone: 0x746f6e65, // "tone"
} as const;

/**
 * Four 32-bit numbers from four 32-bit keys: pcg4d of Jarzynski and Olano, Hash Functions for GPU Rendering, 2020. The
 * kernels use the same function.
 */
export function drawFour(a: number, b: number, c: number, d: number): [number, number, number, number] {
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
  return [x >>> 0, y >>> 0, z >>> 0, w >>> 0];
}

/** The first number of {@linkcode drawFour}. */
export function draw(a: number, b: number, c: number, d: number): number {
  return drawFour(a, b, c, d)[0];
}

/** Fills `values` with numbers uniform in [-bound, bound), keyed by seed, tensor and index. */
export function uniformFloats(values: Float32Array, seed: number, tensor: number, bound: number): void {
  for (let index = 0; index < values.length; index++) {
    values[index] = (draw(index, tensor, seed, STREAMS.initialization) / 2 ** 31 - 1) * bound;
  }
}

/** A Fisher-Yates permutation of 0 to count - 1, keyed by seed and epoch. */
export function shuffled(count: number, seed: number, epoch: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  for (let index = count - 1; index > 0; index--) {
    // With at most a few thousand indices, the bias of scaling a 32-bit number is negligible.
    const other = Math.floor((draw(index, epoch, seed, STREAMS.shuffle) / 2 ** 32) * (index + 1));
    const kept = order[index]!;
    order[index] = order[other]!;
    order[other] = kept;
  }
  return order;
}
