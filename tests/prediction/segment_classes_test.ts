import assert from "node:assert/strict";
import { decodeRle, removeSmall } from "../../mod.ts";
import { classMasks } from "../../src/prediction/class_masks.ts";
import { segment } from "../../src/prediction/postprocess.ts";
import type { ProbabilityMap } from "../../src/prediction/probability_map.ts";
import { segmentClasses } from "../../src/prediction/segment_classes.ts";
import { uniformFloats } from "../support/random.ts";

/** Probabilities of classes that exclude each other: the shares of random numbers, the background's left out. */
function exclusive(classes: number, width: number, height: number): ProbabilityMap[] {
  const pixels = width * height;
  const values = Array.from({ length: classes + 1 }, (_, k) => uniformFloats(k + 1, pixels, 0.5, 0.5));
  return values.slice(1).map((each) => ({
    width,
    height,
    data: each.map((value, at) => value / values.reduce((sum, other) => sum + other[at]!, 0)),
  }));
}

Deno.test("segmentClasses: of classes that exclude each other, the most probable, or none", () => {
  const maps = exclusive(3, 20, 15);
  const found = [...segmentClasses(maps, maps[0]!, { head: "softmax" })];
  assert.deepEqual(found.map(({ mask }) => mask), classMasks(maps, "softmax", null));
  assert.ok(found.every(({ summary }) => summary.area > 0 && summary.threshold === null));
  for (const { mask, summary } of found) assert.deepEqual(decodeRle(summary.rle), mask);
});

Deno.test("segmentClasses: a threshold decides whether the most probable class is there", () => {
  const data = (...values: number[]) => ({
    width: values.length,
    height: 1,
    data: Float32Array.from(values),
  });
  const maps = [data(0.25, 0.4, 0.1, 0.6), data(0.2, 0.45, 0.1, 0.3)];
  const masks = (threshold?: number) =>
    [...segmentClasses(maps, maps[0]!, {
      head: "softmax",
      ...(threshold === undefined ? {} : { threshold }),
    })]
      .map(({ mask }) => [...mask.data]);
  assert.deepEqual(masks(), [[0, 0, 0, 1], [0, 1, 0, 0]]);
  assert.deepEqual(masks(0.2), [[1, 0, 0, 1], [0, 1, 0, 0]]);
  assert.deepEqual(masks(0.5), [[0, 0, 0, 1], [0, 0, 0, 0]]);
  assert.throws(() => masks(2), RangeError);
});

Deno.test("segmentClasses: lesions are removed per class, at the image's own size", () => {
  const maps = exclusive(2, 16, 16);
  const size = { width: 40, height: 30 };
  const all = [...segmentClasses(maps, size, { head: "softmax" })];
  const kept = [...segmentClasses(maps, size, { head: "softmax", minArea: 12 })];
  assert.deepEqual(kept.map(({ mask }) => mask), all.map(({ mask }) => removeSmall(mask, 12)));
  const largest = [...segmentClasses(maps, size, { head: "softmax", largest: true })];
  assert.deepEqual(largest.map(({ summary }) => summary.lesions.length), [1, 1]);
});

Deno.test("segmentClasses: classes that may overlap, and a single one, are segmented each by itself", () => {
  const maps = exclusive(2, 8, 8);
  const size = { width: 12, height: 9 };
  const options = { threshold: 0.3 };
  const alone = maps.map((map) => segment(map, size, options));
  assert.deepEqual([...segmentClasses(maps, size, options)], alone);
  assert.deepEqual([...segmentClasses([maps[0]!], size, { ...options, head: "softmax" })], [alone[0]]);
});

Deno.test("segment: the lesion map numbers the lesions of the summary", () => {
  const map = { width: 7, height: 1, data: Float32Array.of(1, 0, 1, 1, 1, 0, 1) };
  const { lesionMap, summary } = segment(map, map);
  assert.deepEqual([...lesionMap], [2, 0, 1, 1, 1, 0, 3]);
  assert.deepEqual(summary.lesions.map(({ area }) => area), [3, 1, 1]);
});
