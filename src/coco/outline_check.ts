/**
 * Whether an annotation's outline can be where it is said to be: an outline in the wrong unit, or of another size of
 * its image, covers nothing or almost nothing, and its image would pass for background.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Size } from "../image/image.ts";
import { type Coverage, NO_COVERAGE, unite } from "./coverage.ts";
import { type CrossingBudget, polygonCoverage } from "./polygon.ts";
import type { ProblemKind } from "./problems.ts";
import { runsCoverage } from "./rle.ts";
import type { CheckedSegmentation } from "./segmentation.ts";

/** Why an outline is not used. */
export interface OutlineFault {
  /** Its kind. */
  readonly kind: ProblemKind;
  /** The details. */
  readonly message: string;
  /**
   * Whether the other outlines of the image are in doubt too, since they share its coordinate system. Not so for a
   * speck of less than a pixel, which only gets lost.
   */
  readonly ofImage: boolean;
  /** Whether it is an RLE of zeros that claims nothing else: a mask that somebody left empty. */
  readonly isEmptyMask?: boolean;
}

/** What an annotation says about its outline; not checked. */
interface Claims {
  readonly area?: unknown;
  readonly bbox?: unknown;
}

/**
 * The least share of its own `area`, or of its `bbox`, that an outline must cover. Rounding to pixels changes an
 * outline's area by at most half its perimeter, and areas that are those of the box are compared with the box around
 * the outline; a twentieth is left only if a side is off by more than four times.
 */
const LEAST_SHARE = 1 / 20;

/** The least share of an outline's area that must lie inside the image: more than half outside is "mostly outside". */
const LEAST_INSIDE = 1 / 2;

/** Pixels by which an outline may pass the edge of the image without being measured, and boxes differ by rounding. */
const ROUNDING = 2;

/** The first fault of an outline that {@linkcode checkSegmentation} accepted; null if it is plausible. */
export function outlineFault(
  checked: CheckedSegmentation,
  claims: Claims,
  size: Size,
  budget?: CrossingBudget,
): OutlineFault | null {
  const { polygons } = checked;
  const coverage = coverageOf(checked, size, budget);
  const box = polygons.length > 0 ? boxAround(polygons) : null;
  const area = positive(claims.area);
  const bbox = readBox(claims.bbox);
  const bboxArea = bbox === null ? null : bbox[2] * bbox[3];
  const fault = (kind: ProblemKind, message: string) => ({ kind, message, ofImage: true });

  if (box !== null && isNormalized(box, size)) {
    return fault("normalized-outline", `its coordinates are within 0..1 (${showBox(box)}), expected pixels`);
  }
  const expected = box === null ? 0 : polygons.reduce((sum, points) => sum + enclosedArea(points), 0);
  const claimed = Math.max(area ?? 0, bboxArea ?? 0);
  if (coverage.pixels === 0) {
    const where = box === null ? "" : `: ${showBox(box)} in an image of ${size.width} x ${size.height}`;
    const message = `its outline covers no pixel${where}`;
    const ofImage = Math.max(expected, claimed) >= 1;
    return { kind: "empty-outline", message, ofImage, isEmptyMask: box === null && !ofImage };
  }
  if (box !== null && claimed > coverage.pixels && polygons.every(isOnLine)) {
    return fault("empty-outline", `its points lie on one line (${showBox(box)})`);
  }
  const share = coverage.pixels / expected;
  if (box !== null && leaves(box, size) && share < LEAST_INSIDE) {
    const percent = Math.floor(100 * (1 - share));
    return fault(
      "outline-outside",
      `${percent} % of its outline (${showBox(box)}) is outside the image of ${size.width} x ${size.height}`,
    );
  }
  const covers = `its outline covers ${coverage.pixels} pixels`;
  // An area that is its box's says nothing about the outline in it.
  const isOfBox = area !== null && bboxArea !== null && Math.abs(area - bboxArea) <= 0.01 * bboxArea;
  if (area !== null && !isOfBox && coverage.pixels < LEAST_SHARE * area) {
    return fault("outline-size", `${covers}, its area is ${round(area)}`);
  }
  const { left, top, right, bottom } = coverage;
  if (
    bbox !== null && (right - left) * (bottom - top) < LEAST_SHARE * bboxArea! && !isCorners(bbox, coverage)
  ) {
    const around = `${right - left} x ${bottom - top}`;
    return fault("outline-size", `${covers} (${around}), its bbox is ${round(bbox[2])} x ${round(bbox[3])}`);
  }
  return null;
}

/** What is drawn; of overlapping polygons the overlap counts twice. */
function coverageOf({ polygons, runs }: CheckedSegmentation, size: Size, budget?: CrossingBudget): Coverage {
  const covered = runs === null ? NO_COVERAGE : runsCoverage(runs, size.height);
  return polygons.reduce((sum, points) => unite(sum, polygonCoverage(size, points, budget)), covered);
}

type Box = readonly [left: number, top: number, right: number, bottom: number];

function boxAround(polygons: readonly (readonly number[])[]): Box {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const points of polygons) {
    for (let i = 0; i + 1 < points.length; i += 2) {
      left = Math.min(left, points[i]!);
      top = Math.min(top, points[i + 1]!);
      right = Math.max(right, points[i]!);
      bottom = Math.max(bottom, points[i + 1]!);
    }
  }
  return [left, top, right, bottom];
}

/** Within 0..1 but for inaccuracies; in an image of one or two pixels these may be pixels. */
function isNormalized([left, top, right, bottom]: Box, { width, height }: Size): boolean {
  return Math.min(left, top) > -0.1 && Math.max(right, bottom) < 1.1 && Math.max(width, height) > 2;
}

function leaves([left, top, right, bottom]: Box, { width, height }: Size): boolean {
  return Math.min(left, top) < -ROUNDING || right > width + ROUNDING || bottom > height + ROUNDING;
}

/** The enclosed area by the shoelace formula, at most the true one if the outline crosses itself. */
function enclosedArea(points: readonly number[]): number {
  let sum = 0;
  const count = points.length >> 1;
  for (let i = 0, last = count - 1; i < count; last = i++) {
    sum += points[2 * last]! * points[2 * i + 1]! - points[2 * i]! * points[2 * last + 1]!;
  }
  return Math.abs(sum) / 2;
}

/** Whether the points lie on one line: nothing is enclosed, though the rasterizer sets some pixels. */
function isOnLine(points: readonly number[]): boolean {
  const [x, y] = points as [number, number];
  const far = farthest(points, x, y);
  const [dx, dy] = [points[far]! - x, points[far + 1]! - y];
  const length = Math.hypot(dx, dy);
  for (let i = 2; i + 1 < points.length; i += 2) {
    const distance = Math.abs(dx * (points[i + 1]! - y) - dy * (points[i]! - x)) / (length || 1);
    if (distance > 1e-3) return false;
  }
  return true;
}

/** The index of the point that is farthest from x, y. */
function farthest(points: readonly number[], x: number, y: number): number {
  let [far, most] = [0, 0];
  for (let i = 2; i + 1 < points.length; i += 2) {
    const distance = Math.hypot(points[i]! - x, points[i + 1]! - y);
    if (distance > most) [far, most] = [i, distance];
  }
  return far;
}

function positive(value: unknown): number | null {
  return typeof value === "number" && value > 0 && Number.isFinite(value) ? value : null;
}

/** A bbox as COCO defines it, x, y, width, height; null for anything else. */
function readBox(value: unknown): Box | null {
  if (!Array.isArray(value) || value.length !== 4) return null;
  const isBox = value.every(Number.isFinite) && value[2] > 0 && value[3] > 0;
  return isBox ? value as unknown as Box : null;
}

/** Whether a bbox holds two corners, as some tools write it, and they are the outline's. */
function isCorners([left, top, right, bottom]: Box, box: Coverage): boolean {
  const differences = [left - box.left, top - box.top, right - box.right, bottom - box.bottom];
  return differences.every((difference) => Math.abs(difference) <= ROUNDING);
}

function showBox([left, top, right, bottom]: Box): string {
  return `x ${round(left)} to ${round(right)}, y ${round(top)} to ${round(bottom)}`;
}

function round(value: number): string {
  return String(Math.round(10 * value) / 10);
}
