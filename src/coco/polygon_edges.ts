/**
 * The edges of an outline on COCO's grid: which pixel columns they cross, and in which rows.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Size } from "../image/image.ts";

/** Grid points per pixel, as in COCO's code. */
const SCALE = 5;

/** The part of an image that an outline can fill. */
export interface Box extends Size {
  /** First column. */
  readonly left: number;
  /** First row. */
  readonly top: number;
}

/** The outline's vertices on the fine grid, with the first repeated at the end. */
export interface GridPoints {
  /** Grid columns. */
  readonly xs: Int32Array;
  /** Grid rows. */
  readonly ys: Int32Array;
}

/** The grid points of x, y, x, y, ... in pixels, each at most 2^27. */
export function gridPoints(points: readonly number[]): GridPoints {
  const count = Math.floor(points.length / 2);
  const xs = new Int32Array(count + 1);
  const ys = new Int32Array(count + 1);
  for (let i = 0; i < count; i++) {
    // Stored truncated, like C's cast to int, which for negative coordinates is not the nearest point.
    xs[i] = SCALE * points[2 * i]! + 0.5;
    ys[i] = SCALE * points[2 * i + 1]! + 0.5;
  }
  xs[count] = xs[0]!;
  ys[count] = ys[0]!;
  return { xs, ys };
}

/** The first pixel row whose center lies at or below grid row `v`, clamped to the image. */
function pixelRow(v: number, height: number): number {
  return v <= 2 ? 0 : Math.min(height, ((v + 2) / SCALE) | 0);
}

/** The part of the image that the outline can fill, or null. */
export function pixelBox(size: Size, { xs, ys }: GridPoints): Box | null {
  let [minX, maxX, minY, maxY] = [xs[0]!, xs[0]!, ys[0]!, ys[0]!];
  for (let i = 1; i < xs.length; i++) {
    const [x, y] = [xs[i]!, ys[i]!];
    if (x < minX) minX = x;
    if (x > maxX) maxX = x;
    if (y < minY) minY = y;
    if (y > maxY) maxY = y;
  }
  const left = Math.max(0, firstColumn(minX));
  const width = Math.min(size.width - 1, lastColumn(maxX)) - left + 1;
  const top = pixelRow(minY, size.height);
  const height = pixelRow(maxY, size.height) - top;
  return width > 0 && height > 0 ? { left, top, width, height } : null;
}

/** The first pixel column whose center (between grid columns 5x + 2 and 5x + 3) lies right of grid column `u`. */
export function firstColumn(u: number): number {
  return Math.ceil((u - 2) / SCALE);
}

/** The last pixel column whose center lies left of grid column `u`. */
export function lastColumn(u: number): number {
  return Math.floor((u - 3) / SCALE);
}

/**
 * For edge `i`, which crosses the centers of columns `first` to `last`: writes the row, within the box, of each crossing
 * to `rows`. A crossing below the last row has the box's height. The arithmetic is exactly COCO's, on the same two grid
 * points: where the edge steps from one grid column to the next, the upper row counts.
 */
export function writeEdgeRows(
  { top, height }: Box,
  { xs, ys }: GridPoints,
  i: number,
  first: number,
  last: number,
  rows: Int32Array,
): void {
  const dx = Math.abs(xs[i + 1]! - xs[i]!);
  const dy = Math.abs(ys[i + 1]! - ys[i]!);
  // COCO walks flat edges towards increasing x and steep ones towards increasing y.
  const flip = dx >= dy ? xs[i]! > xs[i + 1]! : ys[i]! > ys[i + 1]!;
  const [from, to] = flip ? [i + 1, i] : [i, i + 1];
  const [startX, startY] = [xs[from]!, ys[from]!];
  const bottom = top + height;
  if (dx >= dy) {
    const slope = (ys[to]! - startY) / dx;
    for (let x = first; x <= last; x++) {
      const t = SCALE * x + 2 - startX;
      const v = Math.min((startY + slope * t + 0.5) | 0, (startY + slope * (t + 1) + 0.5) | 0);
      rows[x - first] = pixelRow(v, bottom) - top;
    }
    return;
  }
  const slope = (xs[to]! - startX) / dy;
  const inverse = 1 / slope;
  const rising = slope > 0;
  for (let x = first; x <= last; x++) {
    const u = SCALE * x + 2;
    // An estimate from the inverse slope, corrected to the exact step.
    let t = Math.min(dy, Math.max(1, Math.round((u + 0.5 - startX) * inverse)));
    while (t > 1 && ((startX + slope * (t - 1) + 0.5) | 0) > u === rising) t--;
    while (t < dy && ((startX + slope * t + 0.5) | 0) > u !== rising) t++;
    rows[x - first] = pixelRow(startY + t - 1, bottom) - top;
  }
}

/** Calls `visit` with the index of every edge and the first and last column whose center it crosses. */
export function eachEdge(
  box: Box,
  { xs }: GridPoints,
  visit: (edge: number, first: number, last: number) => void,
): void {
  const end = box.left + box.width - 1;
  for (let i = 0; i + 1 < xs.length; i++) {
    const [a, b] = [xs[i]!, xs[i + 1]!];
    const first = Math.max(box.left, firstColumn(a < b ? a : b));
    const last = Math.min(end, lastColumn(a < b ? b : a));
    if (first <= last) visit(i, first, last);
  }
}

/** Calls `visit` with the column and the row, within the box, of every crossing of a column's center. */
export function eachCrossing(
  box: Box,
  points: GridPoints,
  visit: (column: number, row: number) => void,
): void {
  const rows = new Int32Array(box.width);
  eachEdge(box, points, (i, first, last) => {
    writeEdgeRows(box, points, i, first, last, rows);
    for (let x = first; x <= last; x++) visit(x - box.left, rows[x - first]!);
  });
}
