/**
 * Which sample values become 0 and 1 before an image is normalized with ImageNet's mean and deviation. All images of a
 * dataset must share them, or equal tissue would differ between images; so they are steps, not each image's own
 * extremes, and a model keeps those of its training images.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { SampleData, SampleRange } from "./image.ts";

/** The bit depths that scanners and cameras have. */
const DEPTHS = [8, 10, 12, 14, 16];

/**
 * The range of an image's samples; null for 8-bit ones, which are 0 to 255.
 *
 * - Unsigned integers of up to 16 bits: 0 to the largest number of the bits that the file states per sample or, since
 *   writers put any depth into 16 bits, of the smallest of 8, 10, 12, 14 and 16 bits that holds every sample. PNG's
 *   sBIT is no statement of this kind: its samples fill all 16 bits.
 * - Signed integers, larger ones, and floating point: 0, or the next power of two below the lowest sample, to the next
 *   power of two above the highest one, at least 1.
 */
export function rangeOf(data: SampleData, bits: number): SampleRange | null {
  if (data instanceof Uint8Array) return null;
  const [lowest, highest] = extremesOf(data);
  if (data instanceof Float32Array) {
    return [lowest < 0 ? -powerAbove(-lowest) : 0, Math.max(1, powerAbove(highest))];
  }
  const depth = bits < 16 ? bits : DEPTHS.find((depth) => highest < 2 ** depth)!;
  return [0, 2 ** depth - 1];
}

/** The lowest and the highest sample. */
export function extremesOf(data: SampleData): SampleRange {
  let [lowest, highest] = [Infinity, -Infinity];
  // By index: iterating a typed array takes several times as long.
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    if (value < lowest) lowest = value;
    if (value > highest) highest = value;
  }
  return [lowest, highest];
}

/** The range of several images: the smallest that holds all of theirs; null if none has one. */
export function uniteRanges(ranges: Iterable<SampleRange | null | undefined>): SampleRange | null {
  let all: SampleRange | null = null;
  for (const range of ranges) {
    if (range) all = all === null ? range : [Math.min(all[0], range[0]), Math.max(all[1], range[1])];
  }
  return all;
}

/** Whether a value, as of a file, is a {@linkcode SampleRange}: of float32 numbers, and not so narrow that 0..1 overflows. */
export function isSampleRange(value: unknown): value is SampleRange {
  return Array.isArray(value) && value.length === 2 &&
    value.every((end) => typeof end === "number" && Math.abs(end) < 2 ** 127) && value[1] - value[0] > 1e-12;
}

/** What takes samples in units of their full scale to 0..1: `value * factor + offset`. */
export interface Scaling {
  /** The factor. */
  readonly factor: number;
  /** What is added. */
  readonly offset: number;
}

/** The scaling of a range, for samples that were divided by `fullScale`. */
export function scalingOf([low, high]: SampleRange, fullScale: number): Scaling {
  return { factor: fullScale / (high - low), offset: -low / (high - low) };
}

/** The smallest power of two that is not below a number; 0 for numbers that are not above 0. */
function powerAbove(value: number): number {
  if (!(value > 0)) return 0;
  const power = 2 ** Math.floor(Math.log2(value));
  // The logarithm is rounded.
  return power >= value ? power : 2 * power >= value ? 2 * power : 4 * power;
}
