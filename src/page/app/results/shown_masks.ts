/**
 * The masks of a class that panes show: as they were compared, or at the image's own size as `predict` writes them.
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

/** Masks of one size. */
export interface ShownMasks {
  /** Null if no maps are stored. */
  readonly predicted: Mask | null;
  /** Null if there is no annotation. */
  readonly truth: Mask | null;
  /** Null for none. */
  readonly ignored: Mask | null;
}

/** Most pixels of an image whose masks are made at its own size while a slider moves. */
export const MOST_NATIVE_PIXELS = 4_200_000;

/** The mask of an RLE, whose size is untrusted; null if it is another. */
function maskOfRle(rle: ImageTruth["regions"][number]["rle"] | null | undefined): Mask | null {
  return rle ? decodeRle({ size: [...rle.size], counts: rle.counts }) : null;
}

/** The masks that were compared; without stored maps, only the annotation. */
export function comparedMasks(
  maps: MeasuredImage | null,
  truth: ImageTruth | null,
  classIndex: number,
  threshold: number | null,
): ShownMasks {
  if (maps === null) return { predicted: null, ...annotation(truth, classIndex) };
  return {
    predicted: maps.predicted(classIndex, threshold),
    truth: maps.truth(classIndex),
    ignored: maps.ignored(),
  };
}

/** The masks at the image's own size: the prediction as `predict` makes it, the annotation as it is drawn. */
export function nativeMasks(
  maps: MeasuredImage,
  truth: ImageTruth | null,
  index: MapIndex,
  classIndex: number,
  threshold: number | null,
): ShownMasks {
  const { width, height } = maps.entry;
  const { size } = maps;
  const planes = index.classes.map((_, each) =>
    resizeProbabilities({ width: size, height: size, data: maps.probabilities(each) }, { width, height })
  );
  const predicted = classMasks(planes, index.head, threshold)[classIndex]!;
  const drawn = annotation(truth, classIndex);
  return {
    predicted,
    truth: drawn.truth ?? resizeMask(maps.truth(classIndex), { width, height }),
    ignored: drawn.ignored,
  };
}

function annotation(truth: ImageTruth | null, classIndex: number): Pick<ShownMasks, "truth" | "ignored"> {
  return { truth: maskOfRle(truth?.regions[classIndex]?.rle), ignored: maskOfRle(truth?.ignored) };
}

/** Whether the annotation of now is the evaluated one, in the size in which it was compared. */
export function isSameTruth(maps: MeasuredImage, truth: ImageTruth): boolean {
  const size = { width: maps.size, height: maps.size };
  const equal = (a: Mask, b: Mask) => a.data.every((value, at) => value === b.data[at]);
  return truth.regions.every(({ rle }, index) => equal(resizeMask(maskOfRle(rle)!, size), maps.truth(index)));
}
