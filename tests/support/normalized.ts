/**
 * Tensors that kernels read as `max(0, scale * x + shift)`, with scale and shift per plane.
 *
 * @module
 */
import type { Random } from "./random.ts";

/** Pairs of scale and shift; every fourth scale is negative, as trained ones may be. */
export function affineOf(random: Random, planes: number): Float32Array {
  const affine = random.floats(2 * planes, -1, 1);
  for (let plane = 0; plane < planes; plane++) {
    affine[2 * plane] = (1.5 + affine[2 * plane]!) * (plane % 4 === 3 ? -1 : 1);
  }
  return affine;
}

/** Values as a kernel reads them, each rounded to float32. */
export function normalized(x: Float32Array, affine: Float32Array): Float32Array {
  return scaled(x, affine).map((value) => Math.max(0, value));
}

/** `scale * x + shift`, whose sign decides whether the ReLU passes a gradient. */
export function scaled(x: Float32Array, affine: Float32Array): Float32Array {
  const pixels = x.length / (affine.length / 2);
  return x.map((value, index) => {
    const plane = Math.floor(index / pixels);
    return value * affine[2 * plane]! + affine[2 * plane + 1]!;
  });
}
