import assert from "node:assert/strict";
import { annotationMask } from "../../mod.ts";
import { polygonPixels } from "../reference/coco_polygon.ts";
import { Random } from "../support/random.ts";

/** Coordinates of many kinds: inside, around, whole, tenths, far outside. */
function coordinate(random: Random, kind: number, length: number): number {
  const share = random.next();
  if (kind === 0) return share * length;
  if (kind === 1) return (3 * share - 1) * length;
  if (kind === 2) return Math.round((2 * share - 0.5) * length);
  if (kind === 3) return Math.round((2 * share - 0.5) * length * 10) / 10;
  return (20 * share - 10) * length;
}

Deno.test("polygons are drawn as the plain scan conversion draws them", () => {
  const random = new Random(3);
  for (let i = 0; i < 8000; i++) {
    const width = 1 + random.integer(24);
    const height = 1 + random.integer(24);
    const points = Array.from(
      { length: 2 * (3 + random.integer(10)) },
      (_, k) => coordinate(random, i % 5, k % 2 === 0 ? width : height),
    );
    // Upright edges and corners given twice.
    if (random.integer(3) === 0) points[2] = points[0]!;
    if (random.integer(6) === 0) points[3] = points[1]!;
    const mask = annotationMask({ segmentation: [points] }, { width, height });
    assert.deepEqual(mask.data, polygonPixels(points, width, height), `${width} x ${height}: ${points}`);
  }
});

Deno.test("a polygon far outside of its picture costs no more than one inside", () => {
  const far = 1.3e8;
  const size = { width: 300, height: 200 };
  const all = annotationMask({ segmentation: [[-far, -far, far, -far, far, far, -far, far]] }, size);
  assert.ok(all.data.every((value) => value === 1));
  const left = annotationMask({ segmentation: [[-far, -far, 100, -far, 100, far, -far, far]] }, size);
  assert.deepEqual(left.data, Uint8Array.from({ length: 60_000 }, (_, i) => i % 300 < 100 ? 1 : 0));
  // Steep and flat edges over the whole range, a thousand of them.
  const zigzag = Array.from({ length: 2000 }, (_, i) => (i % 4 < 2 ? -1 : 1) * (far - 1000 * i));
  const start = performance.now();
  annotationMask({ segmentation: [zigzag] }, { width: 8192, height: 8192 });
  assert.ok(performance.now() - start < 10_000);
});

Deno.test("several polygons are united, and an odd last number is ignored", () => {
  const size = { width: 8, height: 8 };
  const one = [0, 0, 4, 0, 4, 4, 0, 4];
  const two = [2, 2, 6, 2, 6, 6, 2, 6];
  const both = annotationMask({ segmentation: [one, [...two, 7]] }, size);
  const inside = (i: number, from: number, to: number) =>
    i % 8 >= from && i % 8 < to && i >= 8 * from && i < 8 * to;
  assert.deepEqual(
    both.data,
    Uint8Array.from({ length: 64 }, (_, i) => inside(i, 0, 4) || inside(i, 2, 6) ? 1 : 0),
  );
});
