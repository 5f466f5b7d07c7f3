/**
 * What `predict` reports of an image: plain data for JSON.
 * This module is browser compatible.
 *
 * @module
 */
import type { ImageAppearance } from "../appearance/appearance.ts";
import { encodeRle } from "../coco/rle.ts";
import { boundingBox, countSet } from "../image/components.ts";
import type { ClassSpec } from "../image/class_spec.ts";
import type { ImageNote, Spacing } from "../image/image.ts";
import type { Mask } from "../image/mask.ts";
import type { Adaptation } from "./adapt.ts";
import { type BoxInMillimeters, boxInMillimeters } from "./millimeters.ts";
import type { PredictedLesion, SegmentationSummary } from "./postprocess.ts";
import type { OutputFiles } from "./result_files.ts";

/** A lesion; its class if there are several, its size in millimeters if the spacing is known. */
export interface ReportedLesion extends PredictedLesion {
  /** The name of its class. */
  readonly class?: string;
  /** Its area in square millimeters. */
  readonly areaMm2?: number;
  /** Its bounding box in millimeters. */
  readonly boxMm?: BoxInMillimeters;
}

/** A mask in numbers; in millimeters, too, if the spacing is known. */
export interface MaskReport extends SegmentationSummary {
  /** The area of the mask in square millimeters. */
  readonly areaMm2?: number;
  /** The bounding box of the mask in millimeters; null if it is empty. */
  readonly boxMm?: BoxInMillimeters | null;
  /** The connected components of the mask, largest first; of several classes, each in its own. */
  readonly lesions: readonly ReportedLesion[];
}

/** One of several classes in an image, in numbers. */
export interface ClassNumbers extends MaskReport {
  /** Its name. */
  readonly name: string;
  /** Its color in mask and figure, as `#rrggbb`. */
  readonly color: string;
  /** Its value in the mask. */
  readonly label: number;
}

/** One of several classes in an image, and its files. */
export interface ClassReport extends ClassNumbers {
  /** The paths of its own files; a mask only if classes may overlap. */
  readonly files: { readonly probability: string; readonly mask?: string };
}

/** The prediction of an image in numbers. Of several classes, the mask is that of all together. */
export interface ImageNumbers extends MaskReport {
  /** The path of the image as given. */
  readonly image: string;
  /** Millimeters between rows and between columns, if known. */
  readonly spacing?: Spacing;
  /** Each of several classes. */
  readonly classes?: readonly ClassNumbers[];
  /** How far it is from the training images; absent if the model's file does not tell. */
  readonly appearance?: ImageAppearance;
  /** What was done to its intensities, by one model at least; absent for nothing. */
  readonly adapted?: Adaptation;
  /** What the reader should know of the file: its EXIF orientation, further pages that are not read. */
  readonly notes: readonly ImageNote[];
}

/** The mean uncertainty of an image's pixels, 0 to 1. */
export interface UncertaintyNumbers {
  /** Of the entropy. */
  readonly entropy: number;
  /** Of how far several models disagree; absent for one. */
  readonly disagreement?: number;
}

/** The prediction of an image, and its files. */
export interface ImageReport extends ImageNumbers {
  /** Each of several classes. */
  readonly classes?: readonly ClassReport[];
  /** How uncertain it is; absent unless asked for. */
  readonly uncertainty?: UncertaintyNumbers;
  /** The paths of the written files. */
  readonly files: OutputFiles;
}

/** The report of a mask. */
export function reportMask(summary: SegmentationSummary, spacing: Spacing | undefined): MaskReport {
  if (spacing === undefined) return summary;
  const pixel = spacing[0] * spacing[1];
  return {
    ...summary,
    areaMm2: summary.area * pixel,
    boxMm: summary.box && boxInMillimeters(summary.box, spacing),
    lesions: summary.lesions.map((lesion) => ({
      ...lesion,
      areaMm2: lesion.area * pixel,
      boxMm: boxInMillimeters(lesion.box, spacing),
    })),
  };
}

/** The report of all classes together; `mask` is the union of theirs. */
export function reportUnion(
  classes: readonly (MaskReport & Pick<ClassSpec, "name">)[],
  mask: Mask,
  spacing: Spacing | undefined,
): MaskReport {
  const { width, height } = mask;
  const area = countSet(mask);
  const sum = (value: (report: MaskReport) => number) =>
    classes.reduce((total, each) => total + value(each), 0);
  const predicted = sum((each) => each.area);
  const lesions = classes.flatMap(({ name, lesions }) =>
    lesions.map((lesion) => ({ class: name, ...lesion }))
  );
  const summary: SegmentationSummary = {
    width,
    height,
    threshold: classes[0]!.threshold,
    area,
    share: area / (width * height),
    box: boundingBox(mask),
    meanProbability: predicted === 0
      ? null
      : sum((each) => (each.meanProbability ?? 0) * each.area) / predicted,
    maxProbability: Math.max(...classes.map(({ maxProbability }) => maxProbability)),
    lesions: [],
    rle: encodeRle(mask),
  };
  return { ...reportMask(summary, spacing), lesions: lesions.sort((a, b) => b.area - a.area) };
}
