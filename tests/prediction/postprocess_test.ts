/** From probabilities to masks: resizing compared with torch (fixtures/evaluation/make_fixtures.py), the rest by hand. */
import assert from "node:assert/strict";
import { decodeRle, type ProbabilityMap, resizeProbabilities, segment, toProbabilityMap } from "../../mod.ts";
import { assertClose } from "../support/compare.ts";
import { drawMask } from "../support/masks.ts";
import fixtures from "../fixtures/evaluation/bilinear.json" with { type: "json" };

for (const { width, height, toWidth, toHeight, values, scaled } of fixtures) {
  Deno.test(`resizeProbabilities: ${width}x${height} to ${toWidth}x${toHeight} equals torch's`, () => {
    const map = resizeProbabilities({ width, height, data: Float32Array.from(values) }, {
      width: toWidth,
      height: toHeight,
    });
    assert.deepEqual([map.width, map.height], [toWidth, toHeight]);
    assertClose(map.data, scaled, { absolute: 1e-7, label: "scaled" });
    if (width === toWidth) assert.deepEqual([...map.data], [...Float32Array.from(values)]);
  });
}

const MAP: ProbabilityMap = {
  width: 5,
  height: 3,
  // deno-fmt-ignore
  data: Float32Array.of(
    0.75, 0.875, 0, 0, 1,
    0.625, 0, 0, 0, 0,
    0, 0, 0.5, 0, 0.9375,
  ),
};

Deno.test("segment: mask, area, box, lesions and probabilities at the size of the map", () => {
  const { mask, probabilities, summary } = segment(MAP, MAP);
  assert.deepEqual(mask, drawMask("##..#", "#....", "....#"));
  assert.deepEqual(probabilities, MAP);
  assert.deepEqual({ ...summary, rle: decodeRle(summary.rle) }, {
    width: 5,
    height: 3,
    threshold: 0.5,
    area: 5,
    share: 1 / 3,
    box: { x: 0, y: 0, width: 5, height: 3 },
    meanProbability: (0.75 + 0.875 + 0.625 + 1 + 0.9375) / 5,
    maxProbability: 1,
    lesions: [
      {
        area: 3,
        box: { x: 0, y: 0, width: 2, height: 2 },
        centroid: { x: 1 / 3, y: 1 / 3 },
        meanProbability: 0.75,
      },
      { area: 1, box: { x: 4, y: 0, width: 1, height: 1 }, centroid: { x: 4, y: 0 }, meanProbability: 1 },
      {
        area: 1,
        box: { x: 4, y: 2, width: 1, height: 1 },
        centroid: { x: 4, y: 2 },
        meanProbability: 0.9375,
      },
    ],
    rle: mask,
  });
  assert.deepEqual(JSON.parse(JSON.stringify(summary)), summary);
});

Deno.test("segment: threshold, minimum area and largest lesion", () => {
  assert.deepEqual(segment(MAP, MAP, { threshold: 0.9 }).mask, drawMask("....#", ".....", "....#"));
  assert.deepEqual(segment(MAP, MAP, { threshold: 0.4 }).mask, drawMask("##..#", "#....", "..#.#"));
  assert.deepEqual(segment(MAP, MAP, { largest: true }).mask, drawMask("##...", "#....", "....."));
  assert.deepEqual(segment(MAP, MAP, { minArea: 2 }).mask, drawMask("##...", "#....", "....."));
  assert.deepEqual(
    segment(MAP, MAP, { largest: true, minArea: 4 }).mask,
    drawMask(".....", ".....", "....."),
  );
});

Deno.test("segment: an empty mask has no box and no mean", () => {
  const { summary } = segment(MAP, MAP, { threshold: 1 });
  assert.deepEqual(
    {
      area: summary.area,
      share: summary.share,
      box: summary.box,
      mean: summary.meanProbability,
      lesions: summary.lesions,
    },
    { area: 0, share: 0, box: null, mean: null, lesions: [] },
  );
  assert.equal(summary.maxProbability, 1);
});

Deno.test("segment: the mask has the image's own size and follows the outline of the probabilities", () => {
  // A ramp from 0 to 1 between two pixels: scaled by 8, it crosses 0.5 in the middle, not at a network pixel.
  const ramp: ProbabilityMap = { width: 2, height: 1, data: Float32Array.of(0, 1) };
  const { mask, summary } = segment(ramp, { width: 16, height: 3 });
  assert.deepEqual(mask, drawMask(...Array(3).fill("........########")));
  assert.deepEqual([summary.width, summary.height, summary.area], [16, 3, 24]);
  assert.deepEqual(
    segment(ramp, { width: 16, height: 1 }, { threshold: 0.75 }).mask,
    drawMask("..........######"),
  );
});

Deno.test("segment: accepts a tensor of one channel", () => {
  for (const shape of [[3, 5], [1, 3, 5], [1, 1, 3, 5]]) {
    assert.deepEqual(segment({ shape, data: MAP.data }, MAP), segment(MAP, MAP));
  }
  for (const shape of [[15], [3, 3, 5], [2, 1, 3, 5], [1, 1, 1, 3, 5], [1, 5, 5], []]) {
    assert.throws(() => toProbabilityMap({ shape, data: MAP.data }), TypeError, `[${shape}]`);
  }
});

Deno.test("segment: refuses logits, NaN, and invalid thresholds, areas and sizes", () => {
  for (const wrong of [NaN, -0.1, 1.5]) {
    const data = MAP.data.with(7, wrong);
    assert.throws(
      () => segment({ ...MAP, data }, MAP),
      /probability in column 2 of row 1 is .*, expected 0 to 1/,
    );
  }
  assert.throws(() => segment({ ...MAP, width: 4 }, MAP), TypeError);
  for (const threshold of [-0.1, 1.1, NaN]) assert.throws(() => segment(MAP, MAP, { threshold }), RangeError);
  assert.throws(() => segment(MAP, MAP, { minArea: -1 }), RangeError);
  assert.throws(() => segment(MAP, { width: 0, height: 4 }), RangeError);
});
