/** The metrics of a split, computed by hand. */
import assert from "node:assert/strict";
import { maskMetrics, scoreImage, summarize } from "../../mod.ts";
import { METRIC_NAMES } from "../../src/evaluation/metrics.ts";
import { bootstrapMean } from "../../src/evaluation/statistics.ts";
import { exampleScores } from "../support/evaluation.ts";
import { drawMask } from "../support/masks.ts";

Deno.test("scoreImage: metrics, pixels and lesions of one image", () => {
  const [predicted, truth] = [drawMask("###..", "....#"), drawMask(".###.", ".....")];
  const score = scoreImage("a.jpg", predicted, truth, { spacing: [2, 3] });
  assert.deepEqual(score, {
    name: "a.jpg",
    width: 5,
    height: 2,
    metrics: maskMetrics(predicted, truth, { spacing: [2, 3] }),
    pixels: { truePositives: 2, falsePositives: 2, falseNegatives: 1, trueNegatives: 5 },
    lesions: { truth: 1, predicted: 2, missed: 0, false: 1 },
  });
});

Deno.test("summarize: pooled over all pixels, with the accuracy of an empty prediction", () => {
  const summary = summarize(exampleScores());
  assert.equal(summary.images, 4);
  assert.deepEqual(summary.pixels, {
    truePositives: 2,
    falsePositives: 5,
    falseNegatives: 3,
    trueNegatives: 30,
  });
  assert.deepEqual(summary.pooled, {
    accuracy: 32 / 40,
    dice: 4 / 12,
    iou: 2 / 10,
    sensitivity: 2 / 5,
    specificity: 30 / 35,
    precision: 2 / 7,
  });
  assert.equal(summary.baselineAccuracy, 35 / 40);
  assert.deepEqual(summary.lesions, { truth: 3, predicted: 5, missed: 2, false: 4 });
});

Deno.test("summarize: per image over those with foreground only, the others separately", () => {
  const { withForeground, withoutForeground, bootstrap } = summarize(exampleScores(), { seed: 9 });
  assert.deepEqual([withForeground.images, withForeground.predictedEmpty], [2, 1]);
  assert.deepEqual(withoutForeground, { images: 2, predictedEmpty: 1, falsePixels: 3, falseLesions: 3 });
  assert.deepEqual(bootstrap, { seed: 9, resamples: 2000, level: 0.95 });
  const dice = 4 / 7;
  assert.deepEqual(withForeground.metrics.dice, {
    count: 2,
    mean: dice / 2,
    median: dice / 2,
    // In a quarter of the resamples, both draws from two images fall on the same one.
    interval: [0, dice],
  });
  assert.deepEqual(withForeground.metrics.precision, {
    count: 1,
    mean: 0.5,
    median: 0.5,
    interval: [0.5, 0.5],
  });
  assert.equal(withForeground.metrics.hausdorff95.count, 1);
  assert.equal(withForeground.metrics.accuracy.mean, (7 / 10 + 8 / 10) / 2);
});

Deno.test("summarize: median of an even and an odd number, and the interval of bootstrapMean", () => {
  const truth = drawMask("####....");
  const dices = ["####....", "###.....", "##......", "#......."].map((row, index) =>
    scoreImage(String(index), drawMask(row), truth)
  );
  const values = [1, 6 / 7, 2 / 3, 2 / 5];
  const four = summarize(dices, { seed: 2, resamples: 300, level: 0.9 }).withForeground.metrics.dice;
  assert.equal(four.median, (values[1]! + values[2]!) / 2);
  assert.deepEqual(four.interval, bootstrapMean(values, { seed: 2, resamples: 300, level: 0.9 }));
  assert.equal(summarize(dices.slice(0, 3)).withForeground.metrics.dice.median, values[1]);
});

Deno.test("summarize: images of one kind only", () => {
  const [part, missed, healthy, marked] = exampleScores();
  const without = summarize([healthy!, marked!]);
  assert.equal(without.baselineAccuracy, 1);
  assert.deepEqual([without.pooled.sensitivity, without.pooled.dice], [null, 0]);
  for (const name of METRIC_NAMES) {
    assert.deepEqual(without.withForeground.metrics[name], {
      count: 0,
      mean: null,
      median: null,
      interval: null,
    });
  }
  assert.equal(summarize([healthy!]).pooled.dice, null);
  assert.deepEqual(summarize([part!, missed!]).withoutForeground, {
    images: 0,
    predictedEmpty: 0,
    falsePixels: 0,
    falseLesions: 0,
  });
  assert.throws(() => summarize([]), RangeError);
});

Deno.test("summarize: plain data that survives JSON", () => {
  const summary = summarize(exampleScores());
  assert.deepEqual(JSON.parse(JSON.stringify(summary)), summary);
});
