/**
 * The connected parts of a mask: its lesions.
 *
 * Pixels that meet at a side or at a corner belong together (8-connectivity), so that a thin slanting bridge does
 * not cut a lesion in two.
 *
 * @module
 */
import { assertImage } from "./image.ts";
import type { Mask } from "./mask.ts";

/** A rectangle of whole pixels: it begins with column `x` and row `y`. */
export interface Box {
  /** The first column. */
  readonly x: number;
  /** The first row. */
  readonly y: number;
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
}

/** One connected part of a mask. */
export interface Lesion {
  /** Its pixels. */
  readonly area: number;
  /** The smallest rectangle around it. */
  readonly box: Box;
  /** The mean column and row of its pixels; the first pixel's centre is at 0, 0. */
  readonly centroid: { readonly x: number; readonly y: number };
}

/** Which pixel of a mask belongs to which of its connected parts. */
export interface Components {
  /** Row-major, a number a pixel: 0 outside of the mask, `k` in `lesions[k - 1]`. */
  readonly labels: Int32Array;
  /** The parts, in the order in which reading row by row meets them. */
  readonly lesions: readonly Lesion[];
}

/**
 * Finds the connected parts of a mask; labels and their order are those of `scipy.ndimage.label` with a 3 x 3
 * structure of ones. Throws a TypeError for a mask whose bytes do not fit its size.
 */
export function labelComponents(mask: Mask): Components {
  assertImage(mask, 1, "find the lesions of a mask");
  const labels = new Int32Array(mask.width * mask.height);
  // Each pixel of the mask waits here exactly once; a recursion would overflow the stack.
  const queue = new Int32Array(countSet(mask));
  const lesions: Lesion[] = [];
  for (let at = 0; at < labels.length; at++) {
    if (mask.data[at] !== 0 && labels[at] === 0) {
      lesions.push(floodLesion(mask, labels, queue, at, lesions.length + 1));
    }
  }
  return { labels, lesions };
}

/** Gives `label` to all pixels that are connected to the one at `first`. */
function floodLesion(
  mask: Mask,
  labels: Int32Array,
  queue: Int32Array,
  first: number,
  label: number,
): Lesion {
  const { width, height, data } = mask;
  let left = width, right = 0, top = height, bottom = 0, sumX = 0, sumY = 0;
  let area = 1;
  queue[0] = first;
  labels[first] = label;
  for (let done = 0; done < area; done++) {
    const at = queue[done]!;
    const y = Math.floor(at / width);
    const x = at - y * width;
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
    sumX += x;
    sumY += y;
    const lastX = Math.min(x + 1, width - 1);
    const lastY = Math.min(y + 1, height - 1);
    for (let ny = Math.max(y - 1, 0); ny <= lastY; ny++) {
      for (let nx = Math.max(x - 1, 0); nx <= lastX; nx++) {
        const next = ny * width + nx;
        if (data[next] === 0 || labels[next] !== 0) continue;
        labels[next] = label;
        queue[area++] = next;
      }
    }
  }
  return {
    area,
    box: { x: left, y: top, width: right - left + 1, height: bottom - top + 1 },
    centroid: { x: sumX / area, y: sumY / area },
  };
}

/** The mask's largest connected part alone; of equal ones, the first in reading order. */
export function keepLargest(mask: Mask): Mask {
  const components = labelComponents(mask);
  const { lesions } = components;
  const largest = lesions.reduce((best, { area }, index) => area > lesions[best]!.area ? index : best, 0);
  return keepLesions(mask, components, (_, index) => index === largest);
}

/**
 * The mask without its connected parts of fewer than `minArea` pixels. Throws a RangeError for a `minArea` that
 * is negative or no number.
 */
export function removeSmall(mask: Mask, minArea: number): Mask {
  if (!(minArea >= 0)) {
    throw new RangeError(`Cannot remove lesions below ${minArea} pixels: a number from 0 is wanted`);
  }
  return keepLesions(mask, labelComponents(mask), ({ area }) => area >= minArea);
}

/** The mask with those parts alone that `keep` wants. */
function keepLesions(
  { width, height }: Mask,
  { labels, lesions }: Components,
  keep: (lesion: Lesion, index: number) => boolean,
): Mask {
  const kept = new Uint8Array(lesions.length + 1);
  lesions.forEach((lesion, index) => kept[index + 1] = keep(lesion, index) ? 1 : 0);
  const data = new Uint8Array(labels.length);
  for (let at = 0; at < data.length; at++) data[at] = kept[labels[at]!]!;
  return { width, height, data };
}

/** Pixels of the mask. */
export function countSet(mask: Mask): number {
  let count = 0;
  for (const value of mask.data) if (value !== 0) count++;
  return count;
}

/** The smallest rectangle around all that is set in any of `masks`, which have one size; null around nothing. */
export function boundingBox(...masks: readonly Mask[]): Box | null {
  let left = Infinity, right = -1, top = Infinity, bottom = -1;
  for (const { width, height, data } of masks) {
    for (let y = 0, at = 0; y < height; y++) {
      for (let x = 0; x < width; x++, at++) {
        if (data[at] === 0) continue;
        if (x < left) left = x;
        if (x > right) right = x;
        if (y < top) top = y;
        if (y > bottom) bottom = y;
      }
    }
  }
  return right < 0 ? null : { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}
