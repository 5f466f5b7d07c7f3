/**
 * Draws label maps: outlines in the classes' colors over an image, or the classes as flat colors.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { assertSameSize, type Color } from "./draw.ts";
import { assertImage, type RgbImage, type Size } from "./image.ts";
import { BACKGROUND, IGNORE, type LabelMap, maskOf } from "./label_map.ts";
import type { Mask } from "./mask.ts";

/** How {@linkcode outlineClasses} draws. */
export interface OutlineOptions {
  /** Pixels of a line outside of a region; defaults to 1 per 320 pixels of the longer side. */
  readonly reach?: number;
  /** Whether lines are dashed, without a rim; defaults to false. */
  readonly dashed?: boolean;
}

/** Rows and columns from one line of the hatching of ignored pixels to the next. */
const HATCH = 8;

/** Light, dark. */
const HATCH_COLORS: readonly Color[] = [[208, 208, 208], [48, 48, 48]];

/** Dashes per column and per row: unlike, since a line along which they cancel out would have no gaps. */
const DASH_X = 0.16, DASH_Y = 0.1;

/** How much a line's rim darkens the image outside of it: a light line would be lost on a light image. */
const RIM_SHADE = 0.5;

/**
 * Draws the outlines of a label map over an image of the same size, class `i` in `colors[i - 1]`, as
 * {@linkcode outlineClasses} does, with thin hatching where pixels are ignored.
 */
export function outlineLabels(
  image: RgbImage,
  map: LabelMap,
  colors: readonly Color[],
  options: OutlineOptions = {},
): RgbImage {
  assertSameSize(image, map);
  assertSameSize(image, map);
  const data = image.data.slice();
  hatch(data, map);
  const masks = colors.map((_, index) => maskOf(map, index + 1));
  const free = map.data.map((label) => label === BACKGROUND ? 1 : 0);
  return drawOutlines({ ...image, data }, masks, free, colors, options);
}

/**
 * Draws the outline of every class over an image of the masks' size. Lines run along the border, more outside than
 * inside, never over another class, and with a dark rim on the background; all other pixels stay as they are. Throws a
 * TypeError if the sizes differ.
 */
export function outlineClasses(
  image: RgbImage,
  masks: readonly Mask[],
  colors: readonly Color[],
  options: OutlineOptions = {},
): RgbImage {
  const free = new Uint8Array(image.width * image.height).fill(1);
  for (const mask of masks) {
    assertSameSize(image, mask);
    mask.data.forEach((set, at) => {
      if (set !== 0) free[at] = 0;
    });
  }
  return drawOutlines({ ...image, data: image.data.slice() }, masks, free, colors, options);
}

/** Draws on the image itself; `free` are the pixels that lines may cover besides their class. */
function drawOutlines(
  image: RgbImage,
  masks: readonly Mask[],
  free: Uint8Array,
  colors: readonly Color[],
  { reach = Math.max(1, Math.round(Math.max(image.width, image.height) / 320)), dashed = false }:
    OutlineOptions,
): RgbImage {
  const { width, data } = image;
  const isDrawn = (at: number) =>
    !dashed || Math.floor(DASH_X * (at % width) + DASH_Y * Math.floor(at / width)) % 2 === 0;
  const outlines = masks.map((mask, index) => ({ color: colors[index]!, mask, border: borderOf(mask) }))
    .filter(({ border }) => border.length > 0);
  const rim = new Uint8Array(free.length);
  for (const { border } of dashed ? [] : outlines) {
    stamp(image, border, reach + 1, (at) => {
      if (free[at] !== 0) rim[at] = 1;
    });
  }
  rim.forEach((set, at) => {
    if (set === 0) return;
    for (let c = 3 * at; c < 3 * at + 3; c++) data[c] = Math.round(RIM_SHADE * data[c]!);
  });
  for (const { color, mask, border } of outlines) {
    stamp(image, border, reach, (at, distance) => {
      const inside = mask.data[at] !== 0;
      if (isDrawn(at) && (inside ? distance < reach : free[at] !== 0)) data.set(color, 3 * at);
    });
  }
  return image;
}

/**
 * Resizes a label map for display. Shrunk, a pixel gets the label that most of its pixels have; a region that would
 * vanish keeps one pixel, since a lesion that is not seen looks like one that is not annotated.
 */
export function fitLabelMap(map: LabelMap, { width, height }: Size): LabelMap {
  assertImage(map, 1, "draw a label map");
  const data = new Uint8Array(width * height);
  const counts = new Uint32Array(256);
  const minority: [at: number, label: number][] = [];
  for (let y = 0, at = 0; y < height; y++) {
    const [top, bottom] = sourceRange(y, height, map.height);
    for (let x = 0; x < width; x++, at++) {
      const [left, right] = sourceRange(x, width, map.width);
      const seen: number[] = [];
      for (let row = top; row < bottom; row++) {
        for (let i = row * map.width + left; i < row * map.width + right; i++) {
          const label = map.data[i]!;
          if (counts[label]!++ === 0) seen.push(label);
        }
      }
      // Of equally many, the class: it is what is looked for.
      const most = seen.reduce((best, label) =>
        counts[label]! > counts[best]! || (counts[label] === counts[best] && label > best) ? label : best
      );
      data[at] = most;
      for (const label of seen) {
        if (label !== most && label !== BACKGROUND) minority.push([at, label]);
        counts[label] = 0;
      }
    }
  }
  const fitted: LabelMap = { ...map, width, height, data };
  for (const [at, label] of minority) {
    let lost = true;
    stamp(fitted, [at], 1.5, (near) => {
      if (data[near] === label) lost = false;
    });
    if (lost) data[at] = label;
  }
  return fitted;
}

/** The source pixels of pixel `i` of `to`, at least one: from the first to before the last. */
function sourceRange(i: number, to: number, from: number): [first: number, end: number] {
  const first = Math.floor(i * from / to);
  return [first, Math.max(first + 1, Math.floor((i + 1) * from / to))];
}

/** The pixels of a mask with a side on another pixel or on the end of the image. */
function borderOf({ width, height, data }: Mask): number[] {
  const border: number[] = [];
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      if (data[at] === 0) continue;
      const inside = x > 0 && x < width - 1 && y > 0 && y < height - 1 &&
        data[at - 1] !== 0 && data[at + 1] !== 0 && data[at - width] !== 0 && data[at + width] !== 0;
      if (!inside) border.push(at);
    }
  }
  return border;
}

/** Visits the pixels within `radius` of each of `points`, and their distance to it. */
function stamp(
  { width, height }: Size,
  points: readonly number[],
  radius: number,
  visit: (at: number, distance: number) => void,
): void {
  const reach = Math.floor(radius);
  for (const point of points) {
    const y = Math.floor(point / width);
    const x = point - y * width;
    for (let dy = Math.max(-reach, -y); dy <= Math.min(reach, height - 1 - y); dy++) {
      for (let dx = Math.max(-reach, -x); dx <= Math.min(reach, width - 1 - x); dx++) {
        const distance = Math.hypot(dx, dy);
        if (distance <= radius) visit(point + dy * width + dx, distance);
      }
    }
  }
}

/** Draws diagonal lines over ignored pixels: light ones with a dark side, to be seen on any gray. */
function hatch(data: Uint8Array, { width, data: labels }: LabelMap): void {
  labels.forEach((label, at) => {
    if (label !== IGNORE) return;
    const line = (at % width + Math.floor(at / width)) % HATCH;
    if (line < HATCH_COLORS.length) data.set(HATCH_COLORS[line]!, 3 * at);
  });
}
