import assert from "node:assert/strict";
import { maskToRgb } from "../../mod.ts";
import { OUTLINE_COLORS, outlineMask } from "../../src/image/draw.ts";
import { ClassFigure, drawPrediction, figureTitle, panelSize } from "../../src/prediction/figure.ts";
import { paint } from "../support/coco.ts";

Deno.test("drawPrediction: image, mask and overlay side by side", async () => {
  const image = paint(256, 256, (x, y) => (x + y) % 200);
  const mask = {
    width: 256,
    height: 256,
    data: Uint8Array.from({ length: 256 * 256 }, (_, i) => (i >> 8) > 100 && i % 256 < 60 ? 1 : 0),
  };
  const figure = await drawPrediction(image, mask, "scan.png");
  const margin = (figure.width - 3 * 256) / 4;
  assert.ok(margin > 0 && figure.height > 256);
  // The top edge of the panels: the first row with the image's own pixels at their places.
  const panels = [image, maskToRgb(mask), outlineMask(image, mask, OUTLINE_COLORS.predicted)];
  const pixel = (
    x: number,
    y: number,
  ) => [...figure.data.subarray(3 * (y * figure.width + x), 3 * (y * figure.width + x) + 3)];
  const fits = (top: number) =>
    panels.every(({ data }, index) =>
      [0, 37, 130, 255].every((y) =>
        [0, 20, 59, 60, 200, 255].every((x) => {
          const expected = [...data.subarray(3 * (y * 256 + x), 3 * (y * 256 + x) + 3)];
          return pixel(margin + index * (256 + margin) + x, top + y).join() === expected.join();
        })
      )
    );
  const tops = Array.from({ length: figure.height - 256 }, (_, y) => y).filter(fits);
  assert.equal(tops.length, 1, "the panels stand at one place");
  const dark = (from: number, to: number) =>
    figure.data.subarray(3 * figure.width * from, 3 * figure.width * to).some((value) => value < 100);
  assert.ok(dark(0, tops[0]!), "a title above");
  assert.ok(dark(tops[0]! + 256, figure.height), "captions below");
});

Deno.test("panelSize: small images are enlarged, large ones reduced, narrow ones get room for captions", () => {
  const cases: [number, number, number, number][] = [
    [256, 256, 256, 256],
    [640, 640, 640, 640],
    [64, 32, 256, 128],
    [8000, 4000, 1024, 512],
    [300, 360, 300, 360],
    [1, 1000, 128, 1000],
  ];
  for (const [width, height, toWidth, toHeight] of cases) {
    assert.deepEqual(panelSize({ width, height }), { width: toWidth, height: toHeight });
  }
});

Deno.test("figureTitle: lesions and area, before a name that may be cut", () => {
  const lesion = {
    area: 617,
    box: { x: 0, y: 0, width: 1, height: 1 },
    centroid: { x: 0, y: 0 },
    meanProbability: 1,
  };
  assert.equal(
    figureTitle("scan.png", { lesions: [lesion, lesion], area: 1234, share: 0.0188 }),
    "2 lesions, 1,234 px (1.88 %) in scan.png",
  );
  assert.equal(
    figureTitle("a.png", { lesions: [lesion], area: 617, share: 0.5 }),
    "1 lesion, 617 px (50.00 %) in a.png",
  );
  assert.equal(figureTitle("a.png", { lesions: [], area: 0, share: 0 }), "nothing found in a.png");
});

Deno.test("ClassFigure: three panels of labels and outlines in the classes' colors", async () => {
  const image = paint(256, 256, () => 128);
  const mask = (from: number, to: number) => ({
    width: 256,
    height: 256,
    data: Uint8Array.from({ length: 256 * 256 }, (_, at) => at % 256 >= from && at % 256 < to ? 1 : 0),
  });
  const figure = new ClassFigure(image);
  const numbers = { area: 100, share: 0.5 };
  figure.add(mask(64, 128), [255, 0, 0], "lung", numbers);
  figure.add(mask(160, 192), [0, 0, 255], "heart", numbers);
  figure.add(mask(0, 0), [0, 255, 0], "tumor", { area: 0, share: 0 });
  const map = mask(64, 128);
  map.data.forEach((_, at) => {
    if (at % 256 >= 160 && at % 256 < 192) map.data[at] = 2;
  });
  const { width, height, data } = await figure.draw(map, "scan.png");
  const count = (color: readonly number[], from: number, to: number) => {
    let found = 0;
    for (let at = 0; at < width * height; at++) {
      const x = at % width / width;
      if (x >= from && x < to && color.every((value, c) => data[3 * at + c] === value)) found++;
    }
    return found;
  };
  assert.equal(count([255, 0, 0], 1 / 3, 2 / 3), 64 * 256);
  assert.ok(count([0, 0, 255], 1 / 3, 2 / 3) >= 32 * 256);
  // Outlines leave the image within them visible.
  const outline = count([255, 0, 0], 2 / 3, 1);
  assert.ok(outline >= 2 * 256 && outline < 10 * 256, `${outline} pixels`);
  // In the legend, and nowhere else.
  const absent = count([0, 255, 0], 0, 1);
  assert.ok(absent > 50 && absent < 1000, `${absent} pixels`);
});
