/**
 * Binary masks: what annotations are drawn into and predictions return.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Size } from "./image.ts";
import { createLabelMap } from "./label_map.ts";

/** Which pixels are foreground: row-major, one byte per pixel. The {@linkcode LabelMap} of one class. */
export interface Mask extends Size {
  /** `width * height` bytes, each 0 or 1. */
  readonly data: Uint8Array;
}

/** An empty mask. Throws a RangeError unless both sides are integers >= 1, 2^26 pixels at most. */
export function createMask(size: Size): Mask {
  return createLabelMap(size);
}
