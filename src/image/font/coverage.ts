/**
 * How much of each pixel an outline covers, exactly for polygons: edges add their signed areas to the pixels that they
 * cross, and a running sum along each row fills what is between them.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Contour, OutlinePoint } from "./true_type.ts";

/** Shares of pixels. */
export interface Coverage {
  /** Column of the first pixel. */
  readonly left: number;
  /** Row of the first pixel. */
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** From 0 to 1, row by row. */
  readonly data: Float32Array;
}

/** Where outlines are drawn: their origin, in pixels, y downwards. */
export interface OutlinePlace {
  readonly x: number;
  readonly y: number;
  /** Pixels per font unit. */
  readonly scale: number;
}

/** Pixels between a curve and the lines that it is drawn as, at most. */
const TOLERANCE = 0.01;

type Point = readonly [x: number, y: number];

/** The pixels that an outline covers, by its winding number; null for an empty one. */
export function coverageOf(contours: readonly Contour[], place: OutlinePlace): Coverage | null {
  const lines = contours.map((contour) => flatten(contour, place));
  const points = lines.flat();
  if (points.length === 0) return null;
  const extent = (axis: 0 | 1) => {
    const values = points.map((point) => point[axis]);
    const first = Math.floor(Math.min(...values));
    return [first, Math.floor(Math.max(...values)) + 1 - first] as const;
  };
  const [left, width] = extent(0);
  const [top, height] = extent(1);
  // An edge at the last column leaves its area to a column more.
  const stride = width + 1;
  const areas = new Float32Array(stride * height);
  for (const line of lines) {
    line.forEach(([x, y], index) => {
      const [endX, endY] = line[(index + 1) % line.length]!;
      addEdge(areas, stride, [x - left, y - top], [endX - left, endY - top]);
    });
  }
  const data = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    let sum = 0;
    for (let x = 0; x < width; x++) {
      sum += areas[y * stride + x]!;
      data[y * width + x] = Math.min(1, Math.abs(sum));
    }
  }
  return { left, top, width, height, data };
}

/** A contour as a closed polygon in pixels. */
function flatten(contour: Contour, { x: left, y: top, scale }: OutlinePlace): Point[] {
  const points = contour.map(({ x, y, onCurve }) => (
    { x: left + scale * x, y: top - scale * y, onCurve }
  ));
  const middle = (a: OutlinePoint, b: OutlinePoint) => (
    { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, onCurve: true }
  );
  // Between two control points there is a point on the curve, which fonts leave out.
  const whole = points.flatMap((point, index) => {
    const next = points[(index + 1) % points.length]!;
    return point.onCurve || next.onCurve ? [point] : [point, middle(point, next)];
  });
  const start = whole.findIndex(({ onCurve }) => onCurve);
  const line: Point[] = [];
  for (let index = 0; index < whole.length; index++) {
    const at = (offset: number) => whole[(start + index + offset) % whole.length]!;
    const point = at(0);
    if (point.onCurve) line.push([point.x, point.y]);
    else line.push(...curve(at(-1 + whole.length), point, at(1)));
  }
  return line;
}

/** The inner points of a quadratic Bézier curve. */
function curve(from: OutlinePoint, control: OutlinePoint, to: OutlinePoint): Point[] {
  const bend = Math.hypot(from.x - 2 * control.x + to.x, from.y - 2 * control.y + to.y);
  // The distance of a chord, a quarter of the bend, falls with the square of their number.
  const pieces = Math.max(1, Math.ceil(Math.sqrt(bend / (4 * TOLERANCE))));
  return Array.from({ length: pieces - 1 }, (_, index) => {
    const t = (index + 1) / pieces;
    const [a, b, c] = [(1 - t) ** 2, 2 * t * (1 - t), t ** 2];
    return [a * from.x + b * control.x + c * to.x, a * from.y + b * control.y + c * to.y];
  });
}

/** Adds the signed area that is to the right of an edge, as differences between neighboring pixels. */
function addEdge(areas: Float32Array, stride: number, start: Point, end: Point): void {
  const sign = start[1] < end[1] ? 1 : -1;
  const [[x0, y0], [x1, y1]] = sign > 0 ? [start, end] : [end, start];
  if (y0 === y1) return;
  const slope = (x1 - x0) / (y1 - y0);
  for (let row = Math.floor(y0); row < y1; row++) {
    const [high, low] = [Math.max(y0, row), Math.min(y1, row + 1)];
    const [from, to] = [x0 + slope * (high - y0), x0 + slope * (low - y0)];
    addSpan(areas, row * stride, sign * (low - high), Math.min(from, to), Math.max(from, to));
  }
}

/** Distributes `height` of an edge, within one row, over the columns that it crosses. */
function addSpan(areas: Float32Array, row: number, height: number, left: number, right: number): void {
  const first = Math.floor(left);
  const last = Math.floor(right);
  const width = right - left;
  // What the edge has to its right, of all columns up to `x`.
  let before = 0;
  for (let column = first; column <= last; column++) {
    const from = Math.max(left, column);
    const to = Math.min(right, column + 1);
    const share = first === last ? height : height * (to - from) / width;
    const covered = share * (column + 1 - (from + to) / 2);
    areas[row + column]! += before + covered;
    before = share - covered;
  }
  areas[row + last + 1]! += before;
}
