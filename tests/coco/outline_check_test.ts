/** Outlines that cover too little to be where they are said to be. */
import assert from "node:assert/strict";
import { readCoco } from "../../mod.ts";
import { fillPolygon, polygonCoverage } from "../../src/coco/polygon.ts";
import { runsCoverage } from "../../src/coco/rle.ts";
import { createMask, type Mask } from "../../src/image/mask.ts";
import { cocoText } from "../support/coco.ts";
import { withinMathCalls } from "../support/math_calls.ts";
import { Random } from "../support/random.ts";

const SIZE = { width: 64, height: 48 };

/** A circle's polygon. */
function circle(x: number, y: number, radius: number): number[] {
  return Array.from({ length: 24 }, (_, i) => {
    const angle = (i >> 1) / 12 * 2 * Math.PI;
    return i % 2 === 0 ? x + radius * Math.cos(angle) : y + radius * Math.sin(angle);
  });
}

/** The state of the only image, and the kinds of problems, of an annotation in it. */
function judge(annotation: Record<string, unknown>): [string, string[]] {
  const dataset = readCoco(cocoText(SIZE, [annotation]));
  return [dataset.state(1), dataset.problems.map(({ kind }) => kind)];
}

Deno.test("outlineFault: an outline where it says it is has none, whatever its area and bbox are measured in", () => {
  const polygon = circle(29, 24, 9.6);
  const outlines: Record<string, unknown>[] = [
    {},
    { area: 280, bbox: [19.2, 14.4, 19.2, 19.2] },
    // The area of the box, as Roboflow writes it.
    { area: 368.64, bbox: [19.2, 14.4, 19.2, 19.2] },
    // Two corners; a share of the image; nothing; too large by less than a power of ten.
    { bbox: [19.2, 14.4, 38.4, 33.6] },
    { area: 0.09, bbox: [0.3, 0.3, 0.3, 0.4] },
    { area: 0, bbox: [0, 0, 0, 0] },
    { area: "280", bbox: [1, 2] },
    { area: 1120, bbox: [0, 0, 64, 48] },
  ];
  for (const claims of outlines) {
    assert.deepEqual(
      judge({ segmentation: [polygon], ...claims }),
      ["annotated", []],
      JSON.stringify(claims),
    );
  }
  // A small lesion far from the origin, its box as two corners: read as x, y, width, height it is 30 times as large.
  const corner = judge({
    segmentation: [[50, 40, 60, 40, 60, 47, 50, 47]],
    bbox: [50, 40, 60, 47],
    area: 70,
  });
  assert.deepEqual(corner, ["annotated", []]);
  // A thin diagonal fills little of its box.
  const thin = [[1, 1, 2, 1, 63, 47, 62, 47]];
  assert.deepEqual(judge({ segmentation: thin, bbox: [1, 1, 62, 46], area: 62 * 46 }), ["annotated", []]);
  // Up to half of it may be cut off by the edge of the image.
  assert.deepEqual(judge({ segmentation: [circle(64, 24, 9)], area: 254 }), ["annotated", []]);
});

Deno.test("outlineFault: an outline that covers nothing or too little makes its image unusable", () => {
  const unusable: [string, Record<string, unknown>][] = [
    ["empty-outline", { segmentation: [circle(115, 96, 38)] }],
    ["empty-outline", { segmentation: [circle(-30, 24, 9)] }],
    ["empty-outline", { segmentation: { size: [48, 64], counts: [3072] } }],
    ["empty-outline", {
      segmentation: { size: [48, 64], counts: [3072] },
      area: 280,
      bbox: [19, 14, 19, 19],
    }],
    ["empty-outline", { segmentation: [[10, 10, 30, 30, 20, 20]], area: 400, bbox: [10, 10, 20, 20] }],
    ["normalized-outline", { segmentation: [circle(0.45, 0.5, 0.15)] }],
    ["normalized-outline", { segmentation: [circle(0.9, 0.9, 0.15), circle(0.2, 0.2, 0.1)] }],
    ["outline-outside", { segmentation: [circle(68, 24, 9.6)] }],
    ["outline-outside", { segmentation: [circle(64, 48, 9.6)] }],
    ["outline-size", { segmentation: [circle(3, 2.4, 0.96)], area: 280 }],
    ["outline-size", { segmentation: [circle(3, 2.4, 0.96)], bbox: [19.2, 14.4, 19.2, 19.2] }],
    ["outline-size", { segmentation: { size: [48, 64], counts: [1000, 2, 2070] }, area: 280 }],
  ];
  for (const [kind, annotation] of unusable) {
    assert.deepEqual(judge(annotation), ["unusable", [kind]], JSON.stringify(annotation));
  }
});

Deno.test("outlineFault: in doubt about one outline, no other of the image is trusted; a lost speck changes nothing", () => {
  const good = { segmentation: [circle(29, 24, 9.6)] };
  const misplaced = readCoco(cocoText(SIZE, [good, { segmentation: [circle(115, 96, 38)] }]));
  assert.equal(misplaced.state(1), "unusable");
  const speck = readCoco(cocoText(SIZE, [good, { segmentation: [[5, 5, 5.1, 5, 5.1, 5.1]], area: 0.005 }]));
  assert.deepEqual([speck.state(1), speck.isPartlyAnnotated(1)], ["annotated", true]);
  const alone = readCoco(cocoText(SIZE, [{ segmentation: [[5, 5, 5.1, 5, 5.1, 5.1]] }]));
  assert.equal(alone.state(1), "unusable");
});

/** Pixels and box of a mask, pixel by pixel. */
function measure({ width, data }: Mask) {
  let [pixels, left, top, right, bottom] = [0, Infinity, Infinity, 0, 0];
  data.forEach((value, at) => {
    if (value === 0) return;
    const [x, y] = [at % width, Math.floor(at / width)];
    pixels++;
    [left, top] = [Math.min(left, x), Math.min(top, y)];
    [right, bottom] = [Math.max(right, x + 1), Math.max(bottom, y + 1)];
  });
  return { pixels, left, top, right, bottom };
}

Deno.test("polygonCoverage, runsCoverage: measure what is drawn, to the pixel", () => {
  const random = new Random(8);
  for (let i = 0; i < 3000; i++) {
    const size = { width: 1 + random.integer(30), height: 1 + random.integer(30) };
    const spread = [1, 3, 20][i % 3]!;
    const points = Array.from({ length: 2 * (3 + random.integer(8)) }, (_, k) => {
      const side = k % 2 === 0 ? size.width : size.height;
      const at = (spread * random.next() - (spread - 1) / 2) * side;
      return i % 2 === 0 ? at : Math.round(at);
    });
    const mask = createMask(size);
    fillPolygon(mask, points);
    assert.deepEqual(
      polygonCoverage(size, points),
      measure(mask),
      `${size.width} x ${size.height}: ${points}`,
    );
  }
  // Beyond the budget, a close estimate from a few columns.
  const size = { width: 640, height: 480 };
  const budget = { crossings: 500 };
  const exact = polygonCoverage(size, circle(300, 200, 100), budget);
  const estimate = polygonCoverage(size, circle(300, 200, 100), budget);
  assert.ok(budget.crossings < 200 && exact.pixels > 29_000);
  for (const key of ["pixels", "left", "right", "top", "bottom"] as const) {
    assert.ok(
      Math.abs(estimate[key] - exact[key]) <= 0.05 * exact[key],
      `${key} ${estimate[key]}, ${exact[key]}`,
    );
  }
  for (const runs of [[64], [0, 64], [10, 3, 51], [7, 1, 56], [7, 2, 55], [0, 1, 62, 1], [3, 30, 31]]) {
    const mask = createMask({ width: 8, height: 8 });
    let at = 0;
    runs.forEach((run, i) => {
      for (let k = 0; k < run; k++, at++) if (i % 2 === 1) mask.data[(at % 8) * 8 + Math.floor(at / 8)] = 1;
    });
    assert.deepEqual(runsCoverage(runs, 8), measure(mask), String(runs));
  }
});

Deno.test("readCoco: bounds the work for many short outlines across large images", () => {
  const annotations = Array.from({ length: 5_000 }, () => ({ segmentation: [[0, 0, 8191, 1, 0, 8000]] }));
  const text = cocoText({ width: 8192, height: 8192 }, annotations);
  // Exact, each of them needs a dozen calls for each of 16,000 crossings: 10^9.
  const dataset = withinMathCalls(1e8, () => readCoco(text));
  assert.deepEqual([dataset.problems, dataset.state(1)], [[], "annotated"]);
});
