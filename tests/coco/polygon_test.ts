import assert from "node:assert/strict";
import { annotationMask } from "../../mod.ts";
import { fillPolygon, polygonRuns } from "../../src/coco/polygon.ts";
import { maskRuns } from "../../src/coco/rle.ts";
import { createMask } from "../../src/image/mask.ts";
import { polygonPixels } from "../reference/coco_polygon.ts";
import { withinMathCalls } from "../support/math_calls.ts";
import { Random } from "../support/random.ts";

/** Coordinates of many kinds: inside, around, integers, tenths, far outside. */
function coordinate(random: Random, kind: number, length: number): number {
  const share = random.next();
  if (kind === 0) return share * length;
  if (kind === 1) return (3 * share - 1) * length;
  if (kind === 2) return Math.round((2 * share - 0.5) * length);
  if (kind === 3) return Math.round((2 * share - 0.5) * length * 10) / 10;
  return (20 * share - 10) * length;
}

Deno.test("fillPolygon: equals the plain scan conversion", () => {
  const random = new Random(3);
  for (let i = 0; i < 4000; i++) {
    // Also of several words of 32 pixels.
    const width = 1 + random.integer(i % 4 === 0 ? 100 : 24);
    const height = 1 + random.integer(24);
    const points = Array.from(
      { length: 2 * (3 + random.integer(10)) },
      (_, k) => coordinate(random, i % 5, k % 2 === 0 ? width : height),
    );
    // Vertical edges and repeated vertices.
    if (random.integer(3) === 0) points[2] = points[0]!;
    if (random.integer(6) === 0) points[3] = points[1]!;
    const mask = annotationMask({ segmentation: [points] }, { width, height });
    assert.deepEqual(mask.data, polygonPixels(points, width, height), `${width} x ${height}: ${points}`);
  }
});

Deno.test("fillPolygon: a polygon far outside its image costs no more than one inside", () => {
  const far = 1.3e8;
  const size = { width: 300, height: 200 };
  // About a dozen calls find where an edge crosses a column, and an edge crosses each column once.
  const draw = (points: number[]) =>
    withinMathCalls(10 * points.length * size.width, () => annotationMask({ segmentation: [points] }, size));
  const all = draw([-far, -far, far, -far, far, far, -far, far]);
  assert.ok(all.data.every((value) => value === 1));
  const left = draw([-far, -far, 100, -far, 100, far, -far, far]);
  assert.deepEqual(left.data, Uint8Array.from({ length: 60_000 }, (_, i) => i % 300 < 100 ? 1 : 0));
  // A thousand edges across the image's columns in all directions, steep and flat.
  const angles = Array.from({ length: 1000 }, (_, i) => i * Math.PI * 1.001);
  draw(angles.flatMap((angle) => [far * Math.cos(angle), far * Math.sin(angle)]));
});

Deno.test("polygonRuns: are the runs of what fillPolygon fills", () => {
  const random = new Random(11);
  for (let i = 0; i < 600; i++) {
    const [width, height] = [1 + random.integer(40), 1 + random.integer(40)];
    const points = Array.from(
      { length: 2 * (3 + random.integer(i % 7 === 0 ? 60 : 6)) },
      () => random.pick([-9, 0, width, height, 100, random.integer(200) / 4 - 5]),
    );
    const mask = createMask({ width, height });
    fillPolygon(mask, points);
    assert.deepEqual(polygonRuns(mask, points), maskRuns(mask), JSON.stringify({ width, height, points }));
  }
});
