/** A split measured by a network whose answer is known: tests/support/spot_dataset.ts. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { openGpu } from "../../mod.ts";
import { prepareSplit } from "../../src/dataset/prepare.ts";
import { readSplit } from "../../src/dataset/samples.ts";
import { findSplits } from "../../src/dataset/splits.ts";
import {
  evaluateSplit,
  type EvaluateSplitOptions,
  type SplitEvaluation,
} from "../../src/evaluation/evaluate.ts";
import { Predictor } from "../../src/prediction/predictor.ts";
import { readModel } from "../../src/unet/model_format.ts";
import { combinedLoss } from "../reference/loss.ts";
import { writeSpotDataset } from "../support/spot_dataset.ts";
import { spotModel } from "../support/spot_model.ts";
import { inTempFolder } from "../support/temp_folder.ts";

/** Evaluates on the split; of images prepared for another network where `prepare` says so. */
async function evaluate(
  options: EvaluateSplitOptions = {},
  prepare: { size?: number; normalize?: "picture"; count?: number } = {},
): Promise<SplitEvaluation> {
  let result: SplitEvaluation | undefined;
  await inTempFolder(async (folder) => {
    await writeSpotDataset(join(folder, "data"));
    const split = (await findSplits(join(folder, "data"))).find(({ name }) => name === "test")!;
    const { samples } = await readSplit(split);
    const { count, ...rest } = prepare;
    await using prepared = await prepareSplit(samples.slice(0, count), {
      size: 32,
      cacheFolder: null,
      ...rest,
    });
    const gpu = await openGpu();
    const predictor = await Predictor.create(gpu, await readModel(spotModel()));
    try {
      result = await evaluateSplit(predictor, prepared, options);
    } finally {
      predictor.close();
      gpu.close();
    }
  });
  return result!;
}

Deno.test("evaluateSplit: every image at the network's size, and all of them", async () => {
  const progress: number[][] = [];
  const { scores, summary, findings } = await evaluate({ onProgress: (...counts) => progress.push(counts) });
  assert.deepEqual(progress, [[5, 5]]);
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
  // In eighths of 4 x 4 pixels: 6 + 4 found, 4 + 1 false, 4 + 4 missed.
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

Deno.test("evaluateSplit: the training's loss, by the network's known logits", async () => {
  const { loss } = await evaluate({}, { count: 1 });
  assert.equal(loss.batchSize, 32);
  assert.deepEqual(loss.weighted, loss.batchMean);
  assert.equal(loss.weighted.accuracy, 1);
  // Bright pixels have red 230 / 255, mixed with 40 / 255 along the borders by the resizing's triangle filter.
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

Deno.test("evaluateSplit: distances in pixels of the network, or in millimetres of the image", async () => {
  const distances = async (options: EvaluateSplitOptions) => (await evaluate(options)).scores[1]!.metrics;
  // The lower border of what is annotated is 8 pixels of the network below that of what is predicted.
  const { hausdorff95, averageSurfaceDistance } = await distances({});
  assert.ok(hausdorff95! > 6 && hausdorff95! <= 8, `${hausdorff95}`);
  // 64 pixels of the image are 32 of the network: each is two of them, of 3 mm from row to row.
  const rows = await distances({ spacing: [3, 0.001] });
  const close = (a: number, b: number, by: number) => assert.ok(Math.abs(a - b) < by, `${a}, ${b}`);
  close(rows.hausdorff95!, 6 * 8, 6 * 2);
  const both = await distances({ spacing: [1.5, 1.5] });
  close(both.hausdorff95!, 3 * hausdorff95!, 1e-9);
  close(both.averageSurfaceDistance!, 3 * averageSurfaceDistance!, 1e-9);
});

Deno.test("evaluateSplit: the threshold is the model's own unless given", async () => {
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

Deno.test("evaluateSplit refuses a split that is empty, or prepared for another network", async () => {
  await assert.rejects(
    evaluate({}, { count: 0 }),
    /^RangeError: Cannot evaluate a split without usable images/,
  );
  await assert.rejects(
    evaluate({}, { size: 64 }),
    /^RangeError: Cannot evaluate a model of 32 px and imagenet .* 64 px/,
  );
  await assert.rejects(evaluate({}, { normalize: "picture" }), RangeError);
});
