/**
 * The segmentation of an annotation, polygons or RLE: checked number by number, and drawn.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Size } from "../image/image.ts";
import { createMask, type Mask } from "../image/mask.ts";
import { fillPolygon, MAX_COORDINATE, MAX_CROSSINGS, polygonRuns } from "./polygon.ts";
import { type ProblemKind, showValue } from "./problems.ts";
import { fillRuns, maskRuns, type Rle, rleRuns } from "./rle.ts";

/** A segmentation as in COCO files: polygons as lists of x, y, x, y, ... in pixels, or RLE. */
export type CocoSegmentation = readonly (readonly number[])[] | Rle;

/** A fault of a segmentation. */
export interface Fault {
  /** Its kind. */
  readonly kind: ProblemKind;
  /** The details. */
  readonly message: string;
  /** Whether the polygon or RLE is drawn anyway, as COCO's own code does. */
  readonly kept: boolean;
}

/** A checked segmentation: what can be drawn, and the faults. */
export interface CheckedSegmentation {
  /** Polygons of at least three points with finite coordinates. */
  readonly polygons: readonly (readonly number[])[];
  /** Run lengths that add up to the image's pixels, or null. */
  readonly runs: readonly number[] | null;
  /** All faults, in order. */
  readonly faults: readonly Fault[];
}

/** Checks the `segmentation` of an annotation in an image of this size; never throws. */
export function checkSegmentation(segmentation: unknown, size: Size): CheckedSegmentation {
  if (Array.isArray(segmentation) && segmentation.length > 0) return checkPolygons(segmentation, size);
  if (segmentation === undefined || segmentation === null || Array.isArray(segmentation)) {
    return refused("no-segmentation", "it has no segmentation");
  }
  if (typeof segmentation !== "object") {
    return refused(
      "bad-segmentation",
      `its segmentation is a ${typeof segmentation}, expected a list or RLE`,
    );
  }
  return checkRle(segmentation as Partial<Rle>, size);
}

/** Whether anything can be drawn. */
export function isDrawable(checked: CheckedSegmentation): boolean {
  return checked.polygons.length > 0 || checked.runs !== null;
}

/** Draws what {@linkcode checkSegmentation} accepted: sets its pixels to `label`. */
export function fillSegmentation(mask: Mask, checked: CheckedSegmentation, label = 1): void {
  for (const polygon of checked.polygons) fillPolygon(mask, polygon, label);
  if (checked.runs !== null) fillRuns(mask, checked.runs, label);
}

/** The run lengths of what {@linkcode fillSegmentation} draws into an image of this size, in column-major order. */
export function segmentationRuns(checked: CheckedSegmentation, size: Size): readonly number[] {
  const { polygons, runs } = checked;
  if (runs !== null) return runs;
  if (polygons.length === 1) return polygonRuns(size, polygons[0]!);
  const mask = createMask(size);
  fillSegmentation(mask, checked);
  return maskRuns(mask);
}

/**
 * The mask of one annotation, pixel for pixel as COCO's own code draws it: the union of its polygons; an odd last
 * number of a polygon is ignored. Invalid polygons next to valid ones are skipped; `readCoco` lists them.
 *
 * Throws a RangeError if nothing of the segmentation can be drawn, and for a size of more than 2^26 pixels.
 */
export function annotationMask(
  annotation: { readonly segmentation?: unknown },
  size: Size,
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
  const list = parts.length > 1 && parts.every(isPoint) ? "segmentation" : "polygon 1";
  if (list === "segmentation" || parts.every(isPointList)) {
    return refused("bad-segmentation", `its ${list} is a list of points, ${POLYGON_FORM}`);
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

const POLYGON_FORM = "expected polygons as [x1, y1, x2, y2, ...]";

/** A pair of coordinates, or an object with x and y. */
function isPoint(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 2 && value.every((item) => typeof item === "number");
  return typeof value === "object" && value !== null && "x" in value && "y" in value;
}

function isPointList(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every(isPoint);
}

function polygonFault(part: unknown, name: string, size: Size): Fault | null {
  if (!Array.isArray(part)) {
    return { kind: "bad-segmentation", message: `${name} is not a list of numbers`, kept: false };
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
      `expected a number within ±${MAX_COORDINATE}`;
    return { kind: "bad-coordinate", message, kept: false };
  }
  return part.length % 2 === 0 ? null : {
    kind: "odd-length",
    message: `${name} has ${part.length} numbers; the last is ignored, as in COCO's own code`,
    kept: true,
  };
}

function checkRle(rle: Partial<Rle>, size: Size): CheckedSegmentation {
  if (Object.keys(rle).length === 0) return refused("no-segmentation", "its segmentation is an empty object");
  const { height, width } = size;
  if (!Array.isArray(rle.size) || rle.size[0] !== height || rle.size[1] !== width) {
    const message = `its RLE has size [height, width] ${showValue(rle.size)}, the image ` +
      `[${height},${width}]`;
    return refused("rle-size", message);
  }
  try {
    return { polygons: [], runs: rleRuns(rle.counts, width * height), faults: [] };
  } catch (error) {
    return refused("bad-rle", error instanceof Error ? error.message : String(error));
  }
}
