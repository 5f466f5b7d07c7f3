/**
 * What a brush covers.
 *
 * Positions are in image coordinates: pixel (x, y) reaches from x to x + 1 and has its center at x + 0.5. The brush is a
 * disc that moves on straight lines between positions; a pixel is covered if its center is at most the radius away from
 * the line. The pixel that contains a position is always covered, so that a brush of one pixel never misses.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { MAX_COORDINATE } from "../../../../coco/polygon.ts";
import type { Size } from "../../../../image/image.ts";
import { BitTiles } from "./bit_tiles.ts";

/** A position in image coordinates. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Smallest and largest diameter of a brush, in pixels. */
export const BRUSH_SIZES = { least: 1, most: 1024 } as const;

/**
 * The pixels that a disc of `diameter` pixels covers on its way from one position to the next; a single position is a
 * dot. Throws a RangeError for a diameter or a position out of bounds.
 */
export function strokeRegion(size: Size, points: readonly Point[], diameter: number): BitTiles {
  if (!(diameter >= BRUSH_SIZES.least && diameter <= BRUSH_SIZES.most)) {
    throw new RangeError(
      `Cannot paint with a brush of ${diameter} pixels: expected ${BRUSH_SIZES.least} to ${BRUSH_SIZES.most}`,
    );
  }
  if (!points.every(({ x, y }) => Math.abs(x) <= MAX_COORDINATE && Math.abs(y) <= MAX_COORDINATE)) {
    throw new RangeError("Cannot paint at a position that is not a number near the image");
  }
  const region = new BitTiles(size);
  points.forEach((point, i) => {
    const from = points[i - 1] ?? point;
    addCapsule(region, from, point, diameter / 2);
    const [x, y] = [Math.floor(point.x), Math.floor(point.y)];
    region.setSpan(y, x, x + 1);
  });
  return region;
}

/** Adds the pixels whose centers are within `radius` of the line between two positions. */
function addCapsule(region: BitTiles, a: Point, b: Point, radius: number): void {
  const first = Math.max(0, Math.ceil(Math.min(a.y, b.y) - radius - 0.5));
  const last = Math.min(region.height - 1, Math.floor(Math.max(a.y, b.y) + radius - 0.5));
  for (let y = first; y <= last; y++) {
    const interval = rowInterval(a, b, radius, y + 0.5);
    if (interval === null) continue;
    const isInside = (x: number) => squaredDistance(a, b, x + 0.5, y + 0.5) <= radius * radius;
    // The interval is exact but for rounding; the rule decides about the pixels at its ends.
    let from = Math.ceil(interval[0] - 0.5) - 1;
    let to = Math.floor(interval[1] - 0.5) + 1;
    while (from <= to && !isInside(from)) from++;
    while (to >= from && !isInside(to)) to--;
    if (from <= to) region.setSpan(y, from, to + 1);
  }
}

/** Where the row through `y` is within `radius` of the line; it is one interval, since the shape is convex. */
function rowInterval(a: Point, b: Point, radius: number, y: number): [number, number] | null {
  let from = Infinity, to = -Infinity;
  for (const { x, y: center } of [a, b]) {
    const rest = radius * radius - (y - center) * (y - center);
    if (rest < 0) continue;
    from = Math.min(from, x - Math.sqrt(rest));
    to = Math.max(to, x + Math.sqrt(rest));
  }
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const length = Math.hypot(dx, dy);
  // Where the row meets the two long sides, which lie `radius` to the left and to the right of the line.
  if (length > 0 && dy !== 0) {
    for (const side of [-radius, radius]) {
      const [x0, y0] = [a.x - side * dy / length, a.y + side * dx / length];
      const t = (y - y0) / dy;
      if (t < 0 || t > 1) continue;
      from = Math.min(from, x0 + t * dx);
      to = Math.max(to, x0 + t * dx);
    }
  }
  return from <= to ? [from, to] : null;
}

function squaredDistance(a: Point, b: Point, x: number, y: number): number {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const squared = dx * dx + dy * dy;
  const t = squared === 0 ? 0 : Math.min(1, Math.max(0, ((x - a.x) * dx + (y - a.y) * dy) / squared));
  const [ox, oy] = [a.x + t * dx - x, a.y + t * dy - y];
  return ox * ox + oy * oy;
}
