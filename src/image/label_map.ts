/**
 * Label maps: the class of every pixel. A binary mask is the case of one class.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Size } from "./image.ts";
import type { Mask } from "./mask.ts";

/**
 * The label of every pixel, row-major: {@linkcode BACKGROUND}, a class index from 1, {@linkcode IGNORE}, or, if classes
 * overlap, one of the labels that follow the last class and stand for several.
 */
export interface LabelMap extends Size {
  /** `width * height` bytes. */
  readonly data: Uint8Array;
  /** The classes of each pixel with the label `classCount + 1 + i`; absent if no classes overlap. */
  readonly overlaps?: readonly (readonly number[])[];
  /** The number of classes; needed, and present, only if some overlap. */
  readonly classCount?: number;
}

/** What a label stands for without the pixels: see {@linkcode LabelMap}. */
export type LabelScheme = Pick<LabelMap, "overlaps" | "classCount">;

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

/** The classes that a label stands for: none for {@linkcode BACKGROUND} and {@linkcode IGNORE}. */
export function classesOf({ overlaps, classCount = IGNORE }: LabelScheme, label: number): readonly number[] {
  if (label === BACKGROUND || label === IGNORE) return [];
  return label > classCount ? overlaps?.[label - classCount - 1] ?? [] : [label];
}

/**
 * The pixels of one class as a mask: 1 where the label is `label` or stands for it among others, else 0. Those of
 * {@linkcode IGNORE} are the ignored ones, which belong to no class.
 */
export function maskOf(map: LabelMap, label: number = FOREGROUND): Mask {
  const { width, height, data, overlaps } = map;
  if (overlaps === undefined) return { width, height, data: data.map((value) => value === label ? 1 : 0) };
  const shows = Uint8Array.from(
    { length: 256 },
    (_, value) => value === label || classesOf(map, value).includes(label) ? 1 : 0,
  );
  return { width, height, data: data.map((value) => shows[value]!) };
}

/** Pixels of any class: neither background nor ignored. */
export function countForeground({ data }: LabelMap): number {
  let count = 0;
  // By index: iterating a typed array takes several times as long.
  for (let i = 0; i < data.length; i++) if (data[i] !== BACKGROUND && data[i] !== IGNORE) count++;
  return count;
}

/** The number of ignored pixels. */
export function countIgnored({ data }: LabelMap): number {
  let count = 0;
  for (let i = 0; i < data.length; i++) if (data[i] === IGNORE) count++;
  return count;
}
