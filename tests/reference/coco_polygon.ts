/**
 * COCO's polygon scan conversion in its plain form: all points of the outline on a grid five times as fine. Follows
 * `rleFrPoly` of COCO's mask code and shares nothing with src. Slow, and only for outlines near the image.
 *
 * @module
 */

/** Row-major 0/1 pixels of a polygon `x, y, x, y, ...` in an image of `width` x `height`. */
export function polygonPixels(points: readonly number[], width: number, height: number): Uint8Array {
  const corners: [number, number][] = [];
  for (let i = 0; i + 1 < points.length; i += 2) {
    corners.push([Math.trunc(5 * points[i]! + 0.5), Math.trunc(5 * points[i + 1]! + 0.5)]);
  }
  const outline: [number, number][] = [];
  corners.forEach((from, index) => outline.push(...edge(from, corners[(index + 1) % corners.length]!)));

  // Column-major positions at which the mask changes between 0 and 1.
  const changes: number[] = [];
  for (let i = 1; i < outline.length; i++) {
    const [u0, v0] = outline[i - 1]!;
    const [u1, v1] = outline[i]!;
    if (u0 === u1) continue;
    const x = ((u1 < u0 ? u1 : u1 - 1) + 0.5) / 5 - 0.5;
    if (!Number.isInteger(x) || x < 0 || x > width - 1) continue;
    const y = Math.ceil(Math.min(height, Math.max(0, (Math.min(v0, v1) + 0.5) / 5 - 0.5)));
    changes.push(x * height + y);
  }
  changes.sort((a, b) => a - b);

  const pixels = new Uint8Array(width * height);
  let next = 0;
  let value = 0;
  for (let place = 0; place < width * height; place++) {
    for (; next < changes.length && changes[next] === place; next++) value ^= 1;
    pixels[(place % height) * width + Math.floor(place / height)] = value;
  }
  return pixels;
}

function edge(from: [number, number], to: [number, number]): [number, number][] {
  const dx = Math.abs(to[0] - from[0]);
  const dy = Math.abs(to[1] - from[1]);
  const along = dx >= dy ? 0 : 1;
  const flip = from[along] > to[along];
  const [start, end] = flip ? [to, from] : [from, to];
  const length = Math.max(dx, dy);
  const slope = (end[1 - along]! - start[1 - along]!) / length;
  const points: [number, number][] = [];
  for (let t = 0; t <= length; t++) {
    const point: [number, number] = [0, 0];
    point[along] = start[along] + t;
    // A repeated corner has no length and no slope; its one point never starts a new column.
    point[1 - along] = length === 0 ? start[1 - along]! : Math.trunc(start[1 - along]! + slope * t + 0.5);
    points.push(point);
  }
  return flip ? points.reverse() : points;
}
