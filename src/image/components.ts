/**
 * The connected components of a mask: its lesions. Pixels that touch at a side or a corner are connected
 * (8-connectivity), so that a thin diagonal bridge does not cut a lesion in two.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { assertImage } from "./image.ts";
import type { Mask } from "./mask.ts";

/** A rectangle of whole pixels. */
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

/** One connected component of a mask. */
export interface Lesion {
  /** Its number of pixels. */
  readonly area: number;
  /** Its bounding box. */
  readonly box: Box;
  /** The mean column and row of its pixels; the center of the first pixel is at 0, 0. */
  readonly centroid: { readonly x: number; readonly y: number };
}

/** Which pixel of a mask belongs to which component. */
export interface Components {
  /** Row-major, one number per pixel: 0 outside the mask, `k` in `lesions[k - 1]`. */
  readonly labels: Int32Array;
  /** The components, ordered by their first pixel row by row. */
  readonly lesions: readonly Lesion[];
}

/**
 * Finds the connected components of a mask; labels and their order are those of `scipy.ndimage.label` with a 3 x 3
 * structure of ones. Throws a TypeError for a mask whose data does not fit its size.
 */
export function labelComponents(mask: Mask): Components {
  assertImage(mask, 1, "find the lesions of a mask");
  const labels = new Int32Array(mask.width * mask.height);
  // Every foreground pixel is queued exactly once; recursion would overflow the stack.
  const queue = new Int32Array(countSet(mask));
  const lesions: Lesion[] = [];
  for (let at = 0; at < labels.length; at++) {
    if (mask.data[at] !== 0 && labels[at] === 0) {
      lesions.push(floodLesion(mask, labels, queue, at, lesions.length + 1));
    }
  }
  return { labels, lesions };
}

/** Gives `label` to all pixels connected to the one at `first`. */
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

/** Keeps only the largest component of a mask; of equal ones, the first row by row. */
export function keepLargest(mask: Mask): Mask {
  const components = labelComponents(mask);
  const { lesions } = components;
  const largest = lesions.reduce((best, { area }, index) => area > lesions[best]!.area ? index : best, 0);
  return keepLesions(mask, components, (_, index) => index === largest);
}

/**
 * Removes the components of fewer than `minArea` pixels. Throws a RangeError for a `minArea` that is negative or
 * NaN.
 */
export function removeSmall(mask: Mask, minArea: number): Mask {
  if (!(minArea >= 0)) {
    throw new RangeError(`Cannot remove lesions below ${minArea} pixels: expected a number >= 0`);
  }
  return keepLesions(mask, labelComponents(mask), ({ area }) => area >= minArea);
}

/** The mask with only the components that `keep` accepts. */
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

/** The number of foreground pixels. */
export function countSet(mask: Mask): number {
  const { data } = mask;
  let count = 0;
  for (let at = 0; at < data.length; at++) if (data[at] !== 0) count++;
  return count;
}

/** The bounding box of boxes; null for none. */
export function unionBox(boxes: readonly Box[]): Box | null {
  let left = Infinity, right = 0, top = Infinity, bottom = 0;
  for (const { x, y, width, height } of boxes) {
    left = Math.min(left, x);
    top = Math.min(top, y);
    right = Math.max(right, x + width);
    bottom = Math.max(bottom, y + height);
  }
  return boxes.length === 0 ? null : { x: left, y: top, width: right - left, height: bottom - top };
}

/** The bounding box of the union of masks of one size; null if they are empty. */
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
