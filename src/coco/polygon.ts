/**
 * COCO's polygon rasterizer, pixel for pixel.
 *
 * COCO's own code (`rleFrPoly` in maskApi.c) walks the outline on a grid five times as fine, records where it crosses
 * the center of a pixel column, and fills each column between crossings. Here the crossings are computed without
 * walking, so that an outline far outside the image costs no more than one inside.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Size } from "../image/image.ts";
import type { Mask } from "../image/mask.ts";
import { type Coverage, NO_COVERAGE, unite } from "./coverage.ts";
import { RunList } from "./run_list.ts";

/** Grid points per pixel, as in COCO's code. */
const SCALE = 5;

/**
 * Largest coordinate, in pixels. COCO's code uses 32-bit integers, five per pixel, and is undefined beyond their
 * range.
 */
export const MAX_COORDINATE = 2 ** 27;

/** Most points times image width, which bounds the work of one outline; no hand-drawn outline comes near it. */
export const MAX_CROSSINGS = 2 ** 27;

/**
 * Fills one closed outline with `label`; `points` are x, y, x, y, ... in pixels, within both limits above. An odd last
 * number is ignored, as in COCO's code.
 */
export function fillPolygon(mask: Mask, points: readonly number[], label = 1): void {
  const { xs, ys } = gridPoints(points);
  const box = pixelBox(mask, xs, ys);
  if (box === null) return;
  const flips = columnFlips(box, xs, ys);
  // A pixel is inside if the number of crossings above it in its column is odd.
  for (let at = box.width; at < flips.length; at++) flips[at]! ^= flips[at - box.width]!;
  for (let row = 0; row < box.height; row++) {
    const from = row * box.width;
    const to = (box.top + row) * mask.width + box.left;
    for (let i = 0; i < box.width; i++) if (flips[from + i] === 1) mask.data[to + i] = label;
  }
}

interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The outline's vertices on the fine grid, with the first repeated at the end. */
function gridPoints(points: readonly number[]): { xs: Float64Array; ys: Float64Array } {
  const count = Math.floor(points.length / 2);
  const xs = new Float64Array(count + 1);
  const ys = new Float64Array(count + 1);
  for (let i = 0; i < count; i++) {
    xs[i] = gridPoint(points[2 * i]!);
    ys[i] = gridPoint(points[2 * i + 1]!);
  }
  xs[count] = xs[0]!;
  ys[count] = ys[0]!;
  return { xs, ys };
}

function gridPoint(coordinate: number): number {
  // Truncated like C's cast to int, which for negative coordinates is not the nearest point.
  return Math.trunc(SCALE * coordinate + 0.5);
}

/** The first pixel row whose center lies at or below grid row `v`, clamped to the image. */
function pixelRow(v: number, height: number): number {
  return Math.ceil(Math.min(height, Math.max(0, (v + 0.5) / SCALE - 0.5)));
}

/** The part of the image that the outline can fill, or null. */
function pixelBox(size: Size, xs: Float64Array, ys: Float64Array): Box | null {
  let minX = Infinity, maxX = -Infinity, minY = Infinity, maxY = -Infinity;
  for (let i = 0; i < xs.length; i++) {
    minX = Math.min(minX, xs[i]!);
    maxX = Math.max(maxX, xs[i]!);
    minY = Math.min(minY, ys[i]!);
    maxY = Math.max(maxY, ys[i]!);
  }
  const left = Math.max(0, firstColumn(minX));
  const width = Math.min(size.width - 1, lastColumn(maxX)) - left + 1;
  const top = pixelRow(minY, size.height);
  const height = pixelRow(maxY, size.height) - top;
  return width > 0 && height > 0 ? { left, top, width, height } : null;
}

/** The first pixel column whose center (between grid columns 5x + 2 and 5x + 3) lies right of grid column `u`. */
function firstColumn(u: number): number {
  return Math.ceil((u - 2) / SCALE);
}

/** The last pixel column whose center lies left of grid column `u`. */
function lastColumn(u: number): number {
  return Math.floor((u - 3) / SCALE);
}

/** For each pixel of the box: 1 if the outline crosses its column's center there an odd number of times. */
function columnFlips(box: Box, xs: Float64Array, ys: Float64Array): Uint8Array {
  const flips = new Uint8Array(box.width * box.height);
  eachCrossing(box, xs, ys, (column, row) => {
    // A crossing below the last row ends a run there; above the box there is none.
    if (row < box.height) flips[row * box.width + column]! ^= 1;
  });
  return flips;
}

/** Calls `visit` with the column and the row, within the box, of every crossing of a column's center. */
function eachCrossing(
  box: Box,
  xs: Float64Array,
  ys: Float64Array,
  visit: (column: number, row: number) => void,
): void {
  eachEdge(box, xs, (i, first, last) => {
    const edgeRow = edgeRows(xs[i]!, ys[i]!, xs[i + 1]!, ys[i + 1]!);
    for (let x = first; x <= last; x++) {
      visit(x - box.left, pixelRow(edgeRow(SCALE * x + 2), box.top + box.height) - box.top);
    }
  });
}

/** Calls `visit` with the index of every edge and the first and last column whose center it crosses. */
function eachEdge(
  box: Box,
  xs: Float64Array,
  visit: (edge: number, first: number, last: number) => void,
): void {
  for (let i = 0; i + 1 < xs.length; i++) {
    const first = Math.max(box.left, firstColumn(Math.min(xs[i]!, xs[i + 1]!)));
    const last = Math.min(box.left + box.width - 1, lastColumn(Math.max(xs[i]!, xs[i + 1]!)));
    if (first <= last) visit(i, first, last);
  }
}

/**
 * For an edge between grid points: the grid row in which it steps from grid column `u` to `u + 1`, the upper one if
 * they differ. The arithmetic is exactly COCO's, on the same two grid points.
 */
function edgeRows(fromX: number, fromY: number, toX: number, toY: number): (u: number) => number {
  const dx = Math.abs(toX - fromX);
  const dy = Math.abs(toY - fromY);
  // COCO walks flat edges towards increasing x and steep ones towards increasing y.
  const flip = dx >= dy ? fromX > toX : fromY > toY;
  const [xs, ys, xe, ye] = flip ? [toX, toY, fromX, fromY] : [fromX, fromY, toX, toY];
  if (dx >= dy) {
    const slope = (ye - ys) / dx;
    const row = (t: number) => Math.trunc(ys + slope * t + 0.5);
    return (u) => Math.min(row(u - xs), row(u + 1 - xs));
  }
  const slope = (xe - xs) / dy;
  const passed = slope > 0
    ? (t: number, u: number) => Math.trunc(xs + slope * t + 0.5) > u
    : (t: number, u: number) => Math.trunc(xs + slope * t + 0.5) <= u;
  return (u) => {
    // An estimate from the inverse slope, corrected to the exact step.
    let t = Math.min(dy, Math.max(1, Math.round((u + 0.5 - xs) / slope)));
    while (t > 1 && passed(t - 1, u)) t--;
    while (t < dy && !passed(t, u)) t++;
    return ys + t - 1;
  };
}

/** Most crossings that are held in memory. */
const MAX_HELD_CROSSINGS = 2 ** 20;

/** Crossings that may still be counted exactly; {@linkcode polygonCoverage} takes what it needs. */
export interface CrossingBudget {
  crossings: number;
}

/** Columns that are looked at beyond the budget. */
const SAMPLED_COLUMNS = 16;

/**
 * What {@linkcode fillPolygon} fills, to the pixel, without a mask: the work follows the columns that the outline
 * crosses, not the area that it encloses. Beyond the budget it is an estimate from a few columns, so that the work for
 * many outlines of few points, each across a whole large image, is bounded.
 */
export function polygonCoverage(size: Size, points: readonly number[], budget?: CrossingBudget): Coverage {
  const { xs, ys } = gridPoints(points);
  const box = pixelBox(size, xs, ys);
  if (box === null) return NO_COVERAGE;
  if (budget !== undefined) {
    let crossings = 0;
    eachEdge(box, xs, (_, first, last) => crossings += last - first + 1);
    if (crossings > budget.crossings) return estimateCoverage(box, xs, ys);
    budget.crossings -= crossings;
  }
  let coverage = NO_COVERAGE;
  eachPart(box, xs, (part) => coverage = unite(coverage, columnCoverage(part, xs, ys)));
  return coverage;
}

function estimateCoverage(box: Box, xs: Float64Array, ys: Float64Array): Coverage {
  const step = Math.max(1, Math.floor(box.width / SAMPLED_COLUMNS));
  let coverage = NO_COVERAGE;
  for (let left = step >> 1; left < box.width; left += step) {
    const { pixels, ...found } = columnCoverage({ ...box, left: box.left + left, width: 1 }, xs, ys);
    if (pixels === 0) continue;
    const [from, to] = [found.left - (step >> 1), found.left + (step + 1 >> 1)];
    coverage = unite(coverage, { pixels: pixels * step, ...found, left: from, right: to });
  }
  return coverage;
}

function columnCoverage(box: Box, xs: Float64Array, ys: Float64Array): Coverage {
  let { pixels, left, top, right, bottom } = NO_COVERAGE;
  eachSpan(box, xs, ys, (column, from, to) => {
    pixels += to - from;
    left = Math.min(left, column);
    right = column + 1;
    top = Math.min(top, from);
    bottom = Math.max(bottom, to);
  });
  return { pixels, left, top, right, bottom };
}

/**
 * The run lengths of what {@linkcode fillPolygon} fills, in column-major order, starting with a possibly empty run of
 * zeros: those of the mask, without a mask.
 */
export function polygonRuns(size: Size, points: readonly number[]): number[] {
  const { xs, ys } = gridPoints(points);
  const box = pixelBox(size, xs, ys);
  const runs = new RunList();
  if (box !== null) {
    eachPart(box, xs, (part) =>
      eachSpan(part, xs, ys, (column, from, to) => {
        runs.add(column * size.height + from, column * size.height + to);
      }));
  }
  return runs.finish(size.width * size.height);
}

/** Calls `visit` with parts of the box, from left to right, whose crossings fit into memory. */
function eachPart(box: Box, xs: Float64Array, visit: (part: Box) => void): void {
  const columns = Math.max(1, Math.floor(MAX_HELD_CROSSINGS / xs.length));
  for (let left = 0; left < box.width; left += columns) {
    visit({ ...box, left: box.left + left, width: Math.min(columns, box.width - left) });
  }
}

/** Calls `visit` with every run of filled rows, column by column; `to` is the first row below. */
function eachSpan(
  box: Box,
  xs: Float64Array,
  ys: Float64Array,
  visit: (column: number, from: number, to: number) => void,
): void {
  const starts = new Uint32Array(box.width + 1);
  eachEdge(box, xs, (_, first, last) => {
    for (let x = first; x <= last; x++) starts[x - box.left + 1]!++;
  });
  for (let column = 0; column < box.width; column++) starts[column + 1]! += starts[column]!;
  const rows = new Uint32Array(starts[box.width]!);
  const ends = starts.slice(0, box.width);
  eachCrossing(box, xs, ys, (column, row) => rows[ends[column]!++] = row);
  for (let column = 0; column < box.width; column++) {
    const [start, end] = [starts[column]!, starts[column + 1]!];
    sortRows(rows, start, end);
    for (let i = start; i + 1 < end; i += 2) {
      const [from, to] = [rows[i]!, rows[i + 1]!];
      if (from < to) visit(box.left + column, box.top + from, box.top + to);
    }
  }
}

function sortRows(rows: Uint32Array, start: number, end: number): void {
  if (end - start > 2) rows.subarray(start, end).sort();
  else if (end - start === 2 && rows[start]! > rows[start + 1]!) {
    [rows[start], rows[start + 1]] = [rows[start + 1]!, rows[start]!];
  }
}
