import assert from "node:assert/strict";
import { join } from "node:path";
import { decodeImage } from "../../src/image/decode.ts";
import { CURVE_COLORS } from "../../src/image/draw_chart.ts";
import type { RgbImage } from "../../src/image/image.ts";
import { drawRunCurves, writeCurves } from "../../src/training/curves.ts";
import { inTempFolder } from "../support/temp_folder.ts";

function epochs(count: number, dice: (epoch: number) => number) {
  return Array.from({ length: count }, (_, index) => ({
    epoch: index + 1,
    time: new Date(0),
    metrics: {
      "train/loss": 1 / (index + 1),
      "valid/loss": 1.1 / (index + 1),
      "train/dice": dice(index + 1),
      "valid/dice": dice(index + 1),
    },
  }));
}

/** Pixels below the legend of each chart that are close to a curve's color. */
function count({ width, height, data }: RgbImage, color: readonly number[]): [left: number, right: number] {
  const counts: [number, number] = [0, 0];
  for (let at = 70 * width; at < width * height; at++) {
    if (!color.every((value, c) => Math.abs(data[3 * at + c]! - value) < 40)) continue;
    counts[at % width < width / 2 ? 0 : 1]++;
  }
  return counts;
}

Deno.test("drawRunCurves: losses to the left, Dice to the right, each curve in its color", async () => {
  const image = await drawRunCurves(epochs(20, (epoch) => 1 - 1 / epoch), "a run", 20);
  const [[trainLoss, trainDice], [validLoss, validDice]] = CURVE_COLORS.map((color) =>
    count(image, color)
  ) as [
    [number, number],
    [number, number],
  ];
  assert.ok(trainLoss > 200 && validLoss > 200 && validDice > 200, `${trainLoss} ${validLoss} ${validDice}`);
  // The validation curve, of the same values, covers it.
  assert.ok(trainDice < 50, String(trainDice));
});

Deno.test("drawRunCurves: undefined values leave a gap, one epoch is a dot, and equal values are drawn", async () => {
  const nothing = await drawRunCurves(epochs(20, () => NaN), "a run");
  assert.deepEqual(CURVE_COLORS.map((color) => count(nothing, color)[1]), [0, 0]);
  const dot = await drawRunCurves(epochs(1, () => 0.5), "a run", 1);
  assert.ok(count(dot, CURVE_COLORS[1])[1] > 10);
  const flat = await drawRunCurves(epochs(300, () => 0), "a run");
  assert.ok(count(flat, CURVE_COLORS[1])[1] > 200);
});

Deno.test("writeCurves: an image that can be read, in the run's folder", () =>
  inTempFolder(async (folder) => {
    await writeCurves(folder, epochs(2, () => 0.5), null);
    const { width, height } = await decodeImage(await Deno.readFile(join(folder, "curves.png")));
    assert.deepEqual([width, height], [1120, 434]);
  }));
