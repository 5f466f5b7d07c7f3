/**
 * The masks that panes show: as they were compared, or at the image's own size as `predict` writes them.
 * This module is browser compatible.
 *
 * @module
 */
import { decodeRle } from "../../../coco/rle.ts";
import type { MapIndex } from "../../../evaluation/map_index.ts";
import type { Mask } from "../../../image/mask.ts";
import { resizeMask } from "../../../image/resize.ts";
import { classMasks } from "../../../prediction/class_masks.ts";
import { resizeProbabilities } from "../../../prediction/probability_map.ts";
import type { ImageTruth } from "../../api/results.ts";
import type { MeasuredImage } from "./measured_image.ts";

/** The masks of a class; null if no maps are stored, or there is no annotation. */
export interface ClassMasks {
  readonly predicted: Mask | null;
  readonly truth: Mask | null;
}

/** Masks of one size. */
export interface ShownMasks {
  /** In the order of the classes asked for. */
  readonly classes: readonly ClassMasks[];
  /** Pixels that count in nothing; null for none. */
  readonly ignored: Mask | null;
}

/** What masks are made of; null for what there is not. */
export interface MaskSources {
  readonly maps: MeasuredImage | null;
  readonly truth: ImageTruth | null;
}

/** Most pixels of an image whose masks are made at its own size while a slider moves. */
export const MOST_NATIVE_PIXELS = 4_200_000;

function maskOfRle(rle: ImageTruth["regions"][number]["rle"]): Mask {
  return decodeRle({ size: [...rle.size], counts: rle.counts });
}

/** The masks of classes that were compared; without stored maps, only the annotation. */
export function comparedMasks(
  { maps, truth }: MaskSources,
  classes: readonly number[],
  threshold: number | null,
): ShownMasks {
  if (maps === null) {
    return {
      classes: classes.map((index) => ({ predicted: null, truth: drawnTruth(truth, index) })),
      ignored: truth?.ignored ? maskOfRle(truth.ignored) : null,
    };
  }
  return {
    classes: classes.map((index) => ({
      predicted: maps.predicted(index, threshold),
      truth: maps.truth(index),
    })),
    ignored: maps.ignored(),
  };
}

/** The masks at the image's own size: the prediction as `predict` makes it, the annotation as it is drawn. */
export function nativeMasks(
  { maps, truth }: MaskSources & { readonly maps: MeasuredImage },
  index: MapIndex,
  classes: readonly number[],
  threshold: number | null,
): ShownMasks {
  const { width, height } = maps.entry;
  const planes = index.classes.map((_, each) => {
    const map = { ...maps.size, data: maps.probabilities(each) };
    return resizeProbabilities(map, { width, height });
  });
  const predicted = classMasks(planes, index.head, threshold);
  return {
    classes: classes.map((each) => ({
      predicted: predicted[each]!,
      truth: drawnTruth(truth, each) ?? resizeMask(maps.truth(each), { width, height }),
    })),
    ignored: truth?.ignored ? maskOfRle(truth.ignored) : null,
  };
}

/** Masks of an image that nobody annotated. */
export function withoutTruth({ classes, ignored }: ShownMasks): ShownMasks {
  return { classes: classes.map(({ predicted }) => ({ predicted, truth: null })), ignored };
}

function drawnTruth(truth: ImageTruth | null, index: number): Mask | null {
  const region = truth?.regions[index];
  return region ? maskOfRle(region.rle) : null;
}

/** Whether the annotation of now is the evaluated one, in the size in which it was compared. */
export function isSameTruth(maps: MeasuredImage, truth: ImageTruth): boolean {
  const { size } = maps;
  const equal = (a: Mask, b: Mask) => a.data.every((value, at) => value === b.data[at]);
  return truth.regions.every(({ rle }, index) => equal(resizeMask(maskOfRle(rle), size), maps.truth(index)));
}
