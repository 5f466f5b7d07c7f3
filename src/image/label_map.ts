/**
 * Label maps: the class of every pixel. A binary mask is the case of one class.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Size } from "./image.ts";
import type { Mask } from "./mask.ts";

/** The class of every pixel, row-major: {@linkcode BACKGROUND}, a class index from 1, or {@linkcode IGNORE}. */
export interface LabelMap extends Size {
  /** `width * height` bytes. */
  readonly data: Uint8Array;
}

/** The label of pixels that belong to no class. */
export const BACKGROUND = 0;

/** The label of the only class of a binary label map. */
export const FOREGROUND = 1;

/** The label of pixels that count neither in the loss nor in metrics. */
export const IGNORE = 255;

/**
 * Most pixels of one label map (2^26, for example 8192 x 8192). Sizes come from untrusted files: a few bytes may
 * claim billions of pixels.
 */
export const MAX_LABEL_PIXELS = 2 ** 26;

/** A label map of background only. Throws a RangeError unless both sides are integers >= 1, 2^26 pixels at most. */
export function createLabelMap(size: Size): LabelMap {
  const { width, height } = size;
  const fault = labelSizeFault(width, height);
  if (fault !== null) throw new RangeError(`Cannot create a mask of ${width} x ${height}: ${fault}`);
  return { width, height, data: new Uint8Array(width * height) };
}

/** What is wrong with a size that a file claims, or null. */
export function labelSizeFault(width: unknown, height: unknown): string | null {
  if (!Number.isInteger(width) || !Number.isInteger(height) || Number(width) < 1 || Number(height) < 1) {
    return "both sides must be integers >= 1";
  }
  return Number(width) * Number(height) > MAX_LABEL_PIXELS
    ? `more than ${MAX_LABEL_PIXELS.toLocaleString("en-US")} pixels`
    : null;
}

/** The pixels of one class as a mask: 1 where the label is `label`, else 0. */
export function maskOf({ width, height, data }: LabelMap, label: number = FOREGROUND): Mask {
  return { width, height, data: data.map((value) => value === label ? 1 : 0) };
}

/** Pixels of any class: neither background nor ignored. */
export function countForeground({ data }: LabelMap): number {
  let count = 0;
  for (const label of data) if (label !== BACKGROUND && label !== IGNORE) count++;
  return count;
}
