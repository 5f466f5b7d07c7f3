/**
 * What an annotation outlines: polygons or a run-length encoding, checked number by number, and drawn.
 *
 * @module
 */
import { createMask, type Mask } from "../image/mask.ts";
import { fillPolygon, MAX_COORDINATE, MAX_CROSSINGS } from "./polygon.ts";
import { type ProblemKind, showValue } from "./problems.ts";
import { fillRuns, type Rle, rleRuns } from "./rle.ts";

/** As in COCO files: polygons as lists of x, y, x, y, ... in pixels, or a run-length encoding. */
export type CocoSegmentation = readonly (readonly number[])[] | Rle;

/** Something wrong in a segmentation; `kept` says that it was drawn nevertheless, as COCO's own code draws it. */
export interface Fault {
  /** What it is. */
  readonly kind: ProblemKind;
  /** What exactly, in words. */
  readonly message: string;
  /** False where the polygon or the run-length encoding at fault is left out. */
  readonly kept: boolean;
}

/** A segmentation after checking: what can be drawn, and what was wrong. */
export interface CheckedSegmentation {
  /** Outlines of at least three points with finite numbers. */
  readonly polygons: readonly (readonly number[])[];
  /** Run lengths that add up to the image's pixels, or null. */
  readonly runs: readonly number[] | null;
  /** Everything wrong, in order. */
  readonly faults: readonly Fault[];
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Checks what a file holds as `segmentation` of an annotation in an image of this size; throws nothing. */
export function checkSegmentation(segmentation: unknown, size: Size): CheckedSegmentation {
  if (Array.isArray(segmentation) && segmentation.length > 0) return checkPolygons(segmentation, size);
  if (segmentation === undefined || segmentation === null || Array.isArray(segmentation)) {
    return refused("no-segmentation", "it has no segmentation");
  }
  if (typeof segmentation !== "object") {
    return refused("bad-segmentation", `its segmentation is a ${typeof segmentation}, no list and no RLE`);
  }
  return checkRle(segmentation as Partial<Rle>, size);
}

/** Whether anything passed the check. */
export function isDrawable(checked: CheckedSegmentation): boolean {
  return checked.polygons.length > 0 || checked.runs !== null;
}

/** Draws what {@linkcode checkSegmentation} let pass. */
export function fillSegmentation(mask: Mask, checked: CheckedSegmentation): void {
  for (const polygon of checked.polygons) fillPolygon(mask, polygon);
  if (checked.runs !== null) fillRuns(mask, checked.runs);
}

/**
 * The mask of one annotation, pixel for pixel as COCO's own code draws it: several polygons are united, and an
 * odd last number of a polygon is ignored. Parts at fault beside good ones are left out; `readCoco` lists them.
 *
 * Throws a RangeError where nothing of the segmentation can be drawn, and for a size of more than 2^26 pixels.
 */
export function annotationMask(
  annotation: { readonly segmentation?: unknown },
  size: { width: number; height: number },
): Mask {
  const mask = createMask(size);
  const checked = checkSegmentation(annotation.segmentation, size);
  if (!isDrawable(checked)) {
    throw new RangeError(`Cannot draw an annotation: ${checked.faults[0]?.message}`);
  }
  fillSegmentation(mask, checked);
  return mask;
}

function refused(kind: ProblemKind, message: string): CheckedSegmentation {
  return { polygons: [], runs: null, faults: [{ kind, message, kept: false }] };
}

function checkPolygons(parts: readonly unknown[], size: Size): CheckedSegmentation {
  if (parts.every((part) => typeof part === "number")) {
    return refused("bad-segmentation", "its segmentation is a flat list of numbers, not a list of polygons");
  }
  const polygons: (readonly number[])[] = [];
  const faults: Fault[] = [];
  parts.forEach((part, index) => {
    const name = `polygon ${index + 1} of ${parts.length}`;
    const fault = polygonFault(part, name, size);
    if (fault !== null) faults.push(fault);
    if (fault === null || fault.kept) polygons.push(part as number[]);
  });
  return { polygons, runs: null, faults };
}

function polygonFault(part: unknown, name: string, size: Size): Fault | null {
  if (!Array.isArray(part)) {
    return { kind: "bad-segmentation", message: `${name} is no list of numbers`, kept: false };
  }
  if (part.length < 6) {
    const message = `${name} has ${part.length} numbers, fewer than three points`;
    return { kind: "too-few-points", message, kept: false };
  }
  if (part.length / 2 * size.width > MAX_CROSSINGS) {
    const message = `${name} has ${part.length} numbers, too many for an image ${size.width} wide`;
    return { kind: "too-many-points", message, kept: false };
  }
  const index = part.findIndex((value) => typeof value !== "number" || !(Math.abs(value) <= MAX_COORDINATE));
  if (index !== -1) {
    const message =
      `${name}: number ${index + 1} is ${part[index] === null ? "null or NaN" : showValue(part[index])}, ` +
      `no coordinate within ±${MAX_COORDINATE}`;
    return { kind: "bad-coordinate", message, kept: false };
  }
  return part.length % 2 === 0 ? null : {
    kind: "odd-length",
    message: `${name} has ${part.length} numbers; the last is ignored, as COCO's own code does`,
    kept: true,
  };
}

function checkRle(rle: Partial<Rle>, size: Size): CheckedSegmentation {
  const { height, width } = size;
  if (!Array.isArray(rle.size) || rle.size[0] !== height || rle.size[1] !== width) {
    const message = `its RLE is of size [height, width] ${showValue(rle.size)}, the image of ` +
      `[${height},${width}]`;
    return refused("rle-size", message);
  }
  try {
    return { polygons: [], runs: rleRuns(rle.counts, width * height), faults: [] };
  } catch (error) {
    return refused("bad-rle", error instanceof Error ? error.message : String(error));
  }
}
