/** Evaluates a split by a network whose output is known: tests/support/spot_dataset.ts. */
import assert from "node:assert/strict";
import { prepareSplit } from "../../src/dataset/prepare.ts";
import type { PreparedSplit } from "../../src/dataset/prepared_split.ts";
import { readSplit } from "../../src/dataset/samples.ts";
import { findSplits } from "../../src/dataset/splits.ts";
import {
  evaluateSplit,
  type EvaluateSplitOptions,
  type SplitEvaluation,
} from "../../src/evaluation/evaluate_split.ts";
import { combinedLoss } from "../reference/loss.ts";
import { writeSpotDataset } from "../support/spot_dataset.ts";
import { spotPredictor } from "../support/spot_predictor.ts";
import { inTempFolder } from "../support/temp_folder.ts";

/** Prepares the first `count` images of the split in memory. */
async function prepare(count?: number): Promise<PreparedSplit> {
  let prepared: PreparedSplit | undefined;
  await inTempFolder(async (folder) => {
    await writeSpotDataset(folder);
    const split = (await findSplits(folder)).find(({ name }) => name === "test")!;
    const { samples } = await readSplit(split);
    prepared = await prepareSplit(samples.slice(0, count), { size: 32, cacheFolder: null });
  });
  return prepared!;
}

let shared: Promise<PreparedSplit> | undefined;

/** Evaluates the spot model on the whole split, which is prepared once for all tests. */
async function evaluate(options: EvaluateSplitOptions = {}): Promise<SplitEvaluation> {
  return await evaluateSplit(await spotPredictor(), await (shared ??= prepare()), options);
}

Deno.test.afterAll(async () => await (await shared)?.[Symbol.asyncDispose]());

Deno.test("evaluateSplit: scores every image at the network's input size, and their summary", async () => {
  const progress: number[][] = [];
  const { scores, summary, findings } = await evaluate({ onProgress: (...counts) => progress.push(counts) });
  assert.deepEqual(progress, [1, 2, 3, 4, 5].map((done) => [done, 5]));
  assert.deepEqual(findings, []);
  assert.deepEqual(
    scores.map(({ name, width, metrics: { dice }, lesions }) => [name, width, dice, lesions]),
    [
      ["1.png", 32, 1, { truth: 2, predicted: 2, missed: 0, false: 0 }],
      ["2.png", 32, 2 / 3, { truth: 1, predicted: 1, missed: 0, false: 0 }],
      ["3.png", 32, 0, { truth: 1, predicted: 1, missed: 1, false: 1 }],
      ["4.png", 32, null, { truth: 0, predicted: 0, missed: 0, false: 0 }],
      ["5.png", 32, 0, { truth: 0, predicted: 1, missed: 0, false: 1 }],
    ],
  );
  // In blocks of 4 x 4 pixels: 6 + 4 found, 4 + 1 false, 4 + 4 missed.
  const { pixels, pooled, baselineAccuracy, withForeground, withoutForeground, lesions } = summary;
  assert.deepEqual(pixels, {
    truePositives: 160,
    falsePositives: 80,
    falseNegatives: 128,
    trueNegatives: 5 * 1024 - 160 - 80 - 128,
  });
  assert.equal(pooled.dice, 320 / (320 + 80 + 128));
  assert.equal(pooled.accuracy, 1 - 208 / 5120);
  assert.equal(baselineAccuracy, 1 - 288 / 5120);
  assert.deepEqual(lesions, { truth: 4, predicted: 5, missed: 1, false: 2 });
  assert.equal(withForeground.images, 3);
  assert.equal(withForeground.metrics.dice.mean, (1 + 2 / 3) / 3);
  assert.deepEqual(withoutForeground, { images: 2, predictedEmpty: 1, falsePixels: 16, falseLesions: 1 });
});

Deno.test("evaluateSplit: the training loss of known logits", async () => {
  await using first = await prepare(1);
  const { loss } = await evaluateSplit(await spotPredictor(), first);
  assert.equal(loss.batchSize, 32);
  assert.deepEqual(loss.weighted, loss.batchMean);
  assert.equal(loss.weighted.accuracy, 1);
  // Bright pixels have red 230 / 255, mixed with 40 / 255 along borders by the triangle filter of the resize.
  const eighth = (x: number, y: number) =>
    x >= 1 && x < 3 && y >= 1 && y < 3 || x >= 5 && x < 7 && y >= 5 && y < 6;
  const pixel = (x: number, y: number) => eighth(Math.floor(x / 8), Math.floor(y / 8)) ? 230 / 255 : 40 / 255;
  const weights = [0.125, 0.375, 0.375, 0.125];
  const logits: number[] = [];
  const truth: number[] = [];
  for (let y = 0; y < 32; y++) {
    for (let x = 0; x < 32; x++) {
      let red = 0;
      for (let i = 0; i < 16; i++) {
        const [u, v] = [2 * x - 1 + i % 4, 2 * y - 1 + Math.floor(i / 4)].map((at) =>
          Math.min(63, Math.max(0, at))
        );
        red += weights[i % 4]! * weights[Math.floor(i / 4)]! * pixel(u!, v!);
      }
      logits.push(40 * (Math.max(red, 0.485) - 0.7));
      truth.push(eighth(Math.floor(x / 4), Math.floor(y / 4)) ? 1 : 0);
    }
  }
  const expected = combinedLoss(logits, truth);
  assert.ok(Math.abs(loss.weighted.loss - expected.loss) < 1e-6, `${loss.weighted.loss}, ${expected.loss}`);
  assert.ok(Math.abs(loss.weighted.bce - expected.bce) < 1e-6);
});

Deno.test("evaluateSplit: distances in pixels of the network's input, or in millimeters of the image", async () => {
  const distances = async (options: EvaluateSplitOptions) => (await evaluate(options)).scores[1]!.metrics;
  // The lower border of the annotation is 8 pixels of the network's input below that of the prediction.
  const { hausdorff95, averageSurfaceDistance } = await distances({});
  assert.ok(hausdorff95! > 6 && hausdorff95! <= 8, `${hausdorff95}`);
  // 64 pixels of the image are 32 of the network's input: each covers two rows, 3 mm apart.
  const rows = await distances({ spacing: [3, 0.001] });
  const close = (a: number, b: number, by: number) => assert.ok(Math.abs(a - b) < by, `${a}, ${b}`);
  close(rows.hausdorff95!, 6 * 8, 6 * 2);
  const both = await distances({ spacing: [1.5, 1.5] });
  close(both.hausdorff95!, 3 * hausdorff95!, 1e-9);
  close(both.averageSurfaceDistance!, 3 * averageSurfaceDistance!, 1e-9);
});

Deno.test("evaluateSplit: the threshold defaults to the model's own", async () => {
  const { scores } = await evaluate({ threshold: 0.99999 });
  assert.ok(scores[0]!.metrics.dice! < 1);
});

Deno.test("evaluateSplit: an audit ranks the annotations that the model contradicts", async () => {
  const { findings } = await evaluate({ audit: true });
  assert.deepEqual(findings.map(({ name, kind }) => [name, kind]), [
    ["3.png", "wrong"],
    ["2.png", "differs"],
    ["5.png", "missing"],
  ]);
});

Deno.test("evaluateSplit: the same seed gives the same intervals", async () => {
  const interval = async (seed: number) =>
    (await evaluate({ bootstrap: { seed } })).summary.withForeground.metrics.iou.interval;
  const first = await interval(1);
  assert.deepEqual(await interval(1), first);
  assert.equal(first!.length, 2);
});

Deno.test("evaluateSplit: refuses a split that is empty or prepared for another network", async () => {
  const predictor = await spotPredictor();
  await using empty = await prepare(0);
  await assert.rejects(
    evaluateSplit(predictor, empty),
    /^RangeError: Cannot evaluate a split without usable images/,
  );
  const split = await (shared ??= prepare());
  // Only what the split says of itself: its images stay those of the spot model.
  const other = (changes: Partial<PreparedSplit>) =>
    evaluateSplit(predictor, { ...split, ...changes } as PreparedSplit);
  await assert.rejects(
    other({ count: 5, extents: { size: 64 } }),
    /^RangeError: Cannot evaluate a model of 32 px and imagenet .* 64 px/,
  );
  await assert.rejects(other({ count: 5, normalize: "picture" }), RangeError);
});
