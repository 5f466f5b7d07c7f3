/**
 * Label maps from regions: what happens where they overlap.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Size } from "./image.ts";
import { BACKGROUND, createLabelMap, IGNORE, type LabelMap } from "./label_map.ts";

/** A region of an image, and what it is labeled. */
export interface Region {
  /** Classes; {@linkcode IGNORE} alone; or none, for background. */
  readonly labels: readonly number[];
  /** Sets its pixels to `label`. */
  fill(map: LabelMap, label: number): void;
}

/** How regions become labels. */
export interface ComposeOptions {
  /** The number of classes. */
  readonly classCount: number;
  /** Whether pixels of several classes keep them all; otherwise the last region wins. */
  readonly overlapping: boolean;
}

/**
 * The label map of regions. A pixel within several classes gets the last one, or, if they may overlap, a label for all
 * of them. Ignored regions win over every class, wherever they stand in the list.
 *
 * Throws a RangeError for an invalid size, and if classes overlap in too many ways.
 */
export function composeLabels(size: Size, regions: readonly Region[], options: ComposeOptions): LabelMap {
  const classes = [...new Set(regions.flatMap(({ labels }) => labels))].filter((label) => label !== IGNORE);
  const isOverlapping = options.overlapping && classes.length > 1;
  const map = isOverlapping
    ? overlay(size, regions, classes.sort((a, b) => a - b), options.classCount)
    : stack(size, regions);
  for (const region of regions) if (region.labels.includes(IGNORE)) region.fill(map, IGNORE);
  return isOverlapping ? withoutUnused(map, options.classCount) : map;
}

function stack(size: Size, regions: readonly Region[]): LabelMap {
  const map = createLabelMap(size);
  for (const region of regions) {
    for (const label of region.labels) if (label !== IGNORE) region.fill(map, label);
  }
  return map;
}

/** Class by class, so that the cost does not depend on how many regions a class has. */
function overlay(
  size: Size,
  regions: readonly Region[],
  classes: readonly number[],
  classCount: number,
): LabelMap {
  const map = createLabelMap(size);
  const overlaps: number[][] = [];
  const layer = createLabelMap(size);
  for (const label of classes) {
    layer.data.fill(BACKGROUND);
    for (const region of regions) if (region.labels.includes(label)) region.fill(layer, 1);
    // What a label becomes where this class is added to it.
    const added: number[] = [];
    const add = (before: number): number => {
      if (before === BACKGROUND) return label;
      overlaps.push([...before > classCount ? overlaps[before - classCount - 1]! : [before], label]);
      const after = classCount + overlaps.length;
      if (after >= IGNORE) throw tooMany();
      return after;
    };
    for (let i = 0; i < map.data.length; i++) {
      if (layer.data[i] === 1) map.data[i] = added[map.data[i]!] ??= add(map.data[i]!);
    }
  }
  return { ...map, overlaps, classCount };
}

function tooMany(): RangeError {
  return new RangeError(
    `Cannot label an image whose classes overlap in so many ways: ${IGNORE - 1} labels at most\n` +
      "hint: pick fewer classes with --classes, or keep the last of overlapping ones with --head softmax",
  );
}

/** Renumbers the overlaps without those that no pixel has. */
function withoutUnused({ overlaps = [], ...map }: LabelMap, classCount: number): LabelMap {
  const used = new Set(map.data);
  const kept = overlaps.filter((_, i) => used.has(classCount + 1 + i));
  const { width, height } = map;
  if (kept.length === 0) return { width, height, data: map.data };
  const labels = Uint8Array.from({ length: 256 }, (_, label) => {
    const set = label > classCount ? overlaps[label - classCount - 1] : undefined;
    return set === undefined ? label : classCount + 1 + kept.indexOf(set);
  });
  return { width, height, data: map.data.map((label) => labels[label]!), overlaps: kept, classCount };
}
