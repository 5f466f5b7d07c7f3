/** Segmentations of annotations: what is drawable, which faults are reported, and how they are drawn. */
import assert from "node:assert/strict";
import {
  annotationMask,
  checkSegmentation,
  fillSegmentation,
  isDrawable,
} from "../../src/coco/segmentation.ts";
import { createMask } from "../../src/image/mask.ts";
import { drawMask } from "../support/masks.ts";

const SIZE = { width: 8, height: 6 };
const SQUARE = [1, 1, 4, 1, 4, 4, 1, 4];

/** Kind and `kept` of every fault. */
function faultsOf(segmentation: unknown): [string, boolean][] {
  return checkSegmentation(segmentation, SIZE).faults.map(({ kind, kept }) => [kind, kept]);
}

Deno.test("checkSegmentation: accepts polygons and both forms of RLE without faults", () => {
  const polygons = checkSegmentation([SQUARE, [0, 0, 8, 0, 8, 6]], SIZE);
  assert.deepEqual(polygons, { polygons: [SQUARE, [0, 0, 8, 0, 8, 6]], runs: null, faults: [] });
  const runs = checkSegmentation({ size: [6, 8], counts: [10, 4, 34] }, SIZE);
  assert.deepEqual(runs, { polygons: [], runs: [10, 4, 34], faults: [] });
  assert.deepEqual(checkSegmentation({ size: [6, 8], counts: ":4R1" }, SIZE).runs, [10, 4, 34]);
  for (const checked of [polygons, runs]) assert.ok(isDrawable(checked));
});

Deno.test("checkSegmentation: skips invalid polygons, keeps valid ones next to them, and names the position", () => {
  const checked = checkSegmentation([SQUARE, [1, 1, 2, 2], "x", [...SQUARE, 9], [0, 0, 4, NaN, 4, 4]], SIZE);
  assert.deepEqual(checked.polygons, [SQUARE, [...SQUARE, 9]]);
  assert.deepEqual(checked.faults.map(({ kind, kept }) => [kind, kept]), [
    ["too-few-points", false],
    ["bad-segmentation", false],
    ["odd-length", true],
    ["bad-coordinate", false],
  ]);
  assert.match(checked.faults[0]!.message, /^polygon 2 of 5 has 4 numbers, fewer than three points$/);
  assert.match(
    checked.faults[3]!.message,
    /^polygon 5 of 5: number 4 is NaN, expected a number within/,
  );
});

Deno.test("checkSegmentation: reports one fault for what cannot be drawn at all", () => {
  const cases: [unknown, string][] = [
    [undefined, "no-segmentation"],
    [null, "no-segmentation"],
    [[], "no-segmentation"],
    ["polygon", "bad-segmentation"],
    [SQUARE, "bad-segmentation"],
    [{}, "no-segmentation"],
    [{ size: [8, 6], counts: [48] }, "rle-size"],
    [{ size: [6, 8], counts: [47] }, "bad-rle"],
    [{ size: [6, 8], counts: "!" }, "bad-rle"],
    [{ size: [6, 8] }, "bad-rle"],
  ];
  for (const [segmentation, kind] of cases) {
    assert.deepEqual(faultsOf(segmentation), [[kind, false]], JSON.stringify(segmentation));
    assert.ok(!isDrawable(checkSegmentation(segmentation, SIZE)));
    assert.throws(() => annotationMask({ segmentation }, SIZE), /^RangeError: Cannot draw an annotation: /);
  }
});

Deno.test("checkSegmentation: rejects polygons whose rasterization would take unbounded time", () => {
  const points = new Array(100).fill(1);
  const wide = { width: 2 ** 22, height: 1 };
  assert.deepEqual(checkSegmentation([points], wide).faults[0]!.kind, "too-many-points");
  assert.deepEqual(faultsOf([points]), []);
});

Deno.test("fillSegmentation, annotationMask: draw the union of polygons; an odd last number is ignored", () => {
  const segmentation = [[0, 0, 4, 0, 4, 4, 0, 4], [2, 2, 6, 2, 6, 6, 2, 6, 7]];
  const expected = drawMask("####....", "####....", "######..", "######..", "..####..", "..####..");
  const mask = annotationMask({ segmentation }, SIZE);
  assert.deepEqual(mask, expected);
  const filled = createMask(SIZE);
  fillSegmentation(filled, checkSegmentation(segmentation, SIZE));
  assert.deepEqual(filled, expected);
  // The last two pixels of the last column.
  fillSegmentation(filled, checkSegmentation({ size: [6, 8], counts: [46, 2] }, SIZE));
  assert.deepEqual(filled.data.slice(-9), Uint8Array.of(1, 0, 0, 1, 1, 1, 1, 0, 1));
});
