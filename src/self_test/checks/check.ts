/**
 * The self-test of one kernel as data, and helpers for its plain loops.
 * This module is browser compatible.
 *
 * @module
 */
import type { Need } from "../../../kernels/choices.ts";
import type { Dispatch } from "../../../kernels/kernel.ts";
import type { Nchw } from "../../../kernels/shape.ts";
import { uniformFloats } from "../../random.ts";

/** One kernel on small data, with the expected results. */
export interface Check {
  /** Which variant of the kernel runs, if one file holds several. */
  readonly variant?: string;
  /** What the kernel needs that a device may lack. */
  readonly needs?: Need;
  /** The kernel and its arguments. */
  readonly dispatch: Dispatch;
  /** Contents of bindings by name; the same array under two names is one buffer. */
  readonly operands: Readonly<Record<string, Float32Array | Uint8Array>>;
  /** Expected contents of bindings afterwards, computed by plain loops in float64. */
  readonly expected: Readonly<Record<string, ArrayLike<number>>>;
  /** Largest absolute error that passes. */
  readonly limit: number;
}

/** `count` float32 values, uniform in [-1, 1), the same on every machine. */
export function random(seed: number, count: number): Float32Array {
  const values = new Float32Array(count);
  uniformFloats(values, seed, 0, 1);
  return values;
}

/** Error bound of a float32 sum of `count` products of values in [-1, 1]. */
export function sumLimit(count: number): number {
  return 4 * 2 ** -24 * Math.sqrt(count) * count + 1e-7;
}

/** `count` values, each computed from its index. */
export function table(count: number, value: (index: number) => number): Float64Array {
  return Float64Array.from({ length: count }, (_, index) => value(index));
}

/** The sum of `term` over 0 ... count - 1. */
export function sum(count: number, term: (index: number) => number): number {
  let total = 0;
  for (let index = 0; index < count; index++) total += term(index);
  return total;
}

/** Reads an NCHW tensor; 0 outside its border. */
export function pixelOf(
  x: ArrayLike<number>,
  shape: Nchw,
): (n: number, c: number, i: number, j: number) => number {
  const { channels, height, width } = shape;
  return (n, c, i, j) =>
    i < 0 || j < 0 || i >= height || j >= width ? 0 : x[((n * channels + c) * height + i) * width + j]!;
}

/** Image, channel, row and column of an NCHW index. */
export function placeOf(index: number, { channels, height, width }: Nchw): [number, number, number, number] {
  const plane = Math.floor(index / (height * width));
  return [Math.floor(plane / channels), plane % channels, Math.floor(index / width) % height, index % width];
}

/** The `step` uniform: three integers, then Adam's rates from the fourth field on. */
export function stepUniform(
  seed: number,
  step: number,
  record: number,
  rates: readonly number[] = [],
  firstImage = 0,
): Uint8Array {
  const bytes = new Uint8Array(64);
  new Uint32Array(bytes.buffer).set([seed, step, record, firstImage]);
  new Float32Array(bytes.buffer, 16).set(rates);
  return bytes;
}
