import assert from "node:assert/strict";
import { drawCurves } from "../../src/cli/chart.ts";

Deno.test("drawCurves: one scale for all curves, gaps for undefined values, and the last value", () => {
  const lines = drawCurves([
    { name: "train", values: [8, 7, 6, NaN, 1] },
    { name: "val", values: [4, 4.4] },
  ], 80);
  assert.deepEqual(lines, ["train █▇▆ ▁ 1.0000", "val   ▄▄ 4.4000"]);
});

Deno.test("drawCurves: a long curve is condensed to the width", () => {
  const values = Array.from({ length: 1000 }, (_, index) => index);
  const [line] = drawCurves([{ name: "a", values }], 18);
  assert.equal(line, "a ▁▂▃▄▅▆▇█ 999.0000");
  assert.equal(drawCurves([{ name: "a", values }], 3)[0], "a ▅ 999.0000");
});

Deno.test("drawCurves: a flat curve, one value, and none", () => {
  assert.deepEqual(drawCurves([{ name: "a", values: [2, 2] }, { name: "b", values: [2] }], 40), [
    "a ▁▁ 2.0000",
    "b ▁ 2.0000",
  ]);
  assert.deepEqual(drawCurves([{ name: "a", values: [] }], 40), ["a"]);
  assert.deepEqual(drawCurves([{ name: "a", values: [NaN] }], 40), ["a"]);
});

Deno.test("drawCurves: a range of its own, whatever the values", () => {
  assert.deepEqual(drawCurves([{ name: "a", values: [0.4, 0.6] }], 40, [0, 1]), ["a ▄▅ 0.6000"]);
});
