/**
 * From the probabilities of an image to its masks and numbers, in memory only.
 * This module is browser compatible.
 *
 * @module
 */
import type { ImageNote, Size, Spacing } from "../image/image.ts";
import type { LabelMap } from "../image/label_map.ts";
import type { Mask } from "../image/mask.ts";
import type { ClassSegmentation } from "./coco_results.ts";
import { type ClassNumbers, type ImageNumbers, reportMask, reportUnion } from "./image_report.ts";
import type { SegmentOptions } from "./postprocess.ts";
import type { ProbabilityMap } from "./probability_map.ts";
import { MergedLabels, type ResultClasses, unionOf } from "./result_images.ts";
import { segmentClasses } from "./segment_classes.ts";

/** An image with its probabilities. */
export interface ImageMaps {
  /** Its name in the numbers. */
  readonly image: string;
  /** Its size in pixels. */
  readonly size: Size;
  /** The probabilities of each class, at any size. */
  readonly maps: readonly ProbabilityMap[];
  /** What is known of its file. */
  readonly notes: readonly ImageNote[];
}

/** How an image is measured. */
export interface MeasureOptions extends SegmentOptions {
  /** Millimeters between rows and between columns. */
  readonly spacing?: Spacing | undefined;
}

/** A class of an image, for the caller to draw or write. */
export interface MeasuredClass extends ClassSegmentation {
  /** Its pixels. */
  readonly mask: Mask;
  /** Its probabilities at the size of the image. */
  readonly probabilities: ProbabilityMap;
}

/** An image in numbers. */
export interface MeasuredImage {
  /** The numbers, as `predict --json` prints them. */
  readonly numbers: ImageNumbers;
  /** A label per pixel; where classes overlap, that of the most probable one. */
  readonly labels: LabelMap;
}

/**
 * Segments each class of an image at its own size and measures them.
 *
 * @param onClass is called with each class, one after the other
 * @throws {RangeError} if threshold or area are out of bounds
 */
export function measureImage(
  { image, size, maps, notes }: ImageMaps,
  { classes, head }: ResultClasses,
  { spacing, ...options }: MeasureOptions,
  onClass: (measured: MeasuredClass) => void = () => {},
): MeasuredImage {
  const { width, height } = size;
  const merged = new MergedLabels(size);
  const reports: ClassNumbers[] = [];
  for (const { mask, probabilities, ...rest } of segmentClasses(maps, size, { ...options, head })) {
    const { name, color } = classes[reports.length]!;
    const label = reports.length + 1;
    merged.add(mask, probabilities, label);
    onClass({ name, mask, probabilities, ...rest });
    reports.push({ name, color, label, ...reportMask(rest.summary, spacing) });
  }
  const labels = { width, height, data: merged.labels };
  const named = { image, ...(spacing === undefined ? {} : { spacing }) };
  if (classes.length > 1) {
    const union = reportUnion(reports, unionOf(labels), spacing);
    return { numbers: { ...named, ...union, classes: reports, notes }, labels };
  }
  const { name: _, color: __, label: ___, ...numbers } = reports[0]!;
  return { numbers: { ...named, ...numbers, notes }, labels };
}
