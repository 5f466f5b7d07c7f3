/** Evaluations of three classes from a dataset folder to files, without a GPU: tests/support/gray_predictor.ts. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { decodeImage } from "../../mod.ts";
import { formatEvaluation } from "../../src/evaluation/report_text.ts";
import { runEvaluation, type RunEvaluationOptions } from "../../src/evaluation/run_evaluation.ts";
import { classColors } from "../../src/image/palette.ts";
import type { Predictor } from "../../src/prediction/predictor.ts";
import { type ClassDatasetOptions, writeClassDataset } from "../support/class_dataset.ts";
import { grayPredictor } from "../support/gray_predictor.ts";
import { filesUnder, inTempFolder } from "../support/temp_folder.ts";

/** Evaluates a predictor on the test split of the dataset. */
async function evaluate(
  folder: string,
  predictor: Predictor,
  dataset: ClassDatasetOptions = {},
  options: Partial<RunEvaluationOptions> = {},
) {
  const dataFolder = join(folder, "data");
  await writeClassDataset(dataFolder, { splits: { test: 3 }, side: 32, ...dataset });
  const output = join(folder, "run");
  return await runEvaluation(predictor, { dataFolder, cacheFolder: null, output, ...options });
}

Deno.test("runEvaluation: several classes each have their scores in JSON, tables, text, audit and figures", () =>
  inTempFolder(async (folder) => {
    const report = await evaluate(folder, grayPredictor({ blind: 1 }), { ignored: true }, { audit: true });
    const { files, summary } = report;
    assert.deepEqual(summary!.classes!.map(({ name, pooled: { dice } }) => [name, dice]), [
      ["disc", 1],
      ["cup", 0],
      ["vessel", 1],
    ]);
    assert.equal(summary!.pooled.dice, 2 / 3);
    // A sixteenth of each image is ignored, whatever is predicted there: gray 128 is that of a class.
    assert.equal(
      Object.values(summary!.classes![2]!.pixels).reduce((sum, count) => sum + count, 0),
      3 * 32 * 30,
    );
    assert.equal(summary!.classes![2]!.pixels.falsePositives, 0);

    const json = JSON.parse(await Deno.readTextFile(files.json));
    assert.deepEqual(Object.keys(json.classes), ["disc", "cup", "vessel"]);
    assert.deepEqual([json.classes.cup.pooled.dice, json.classes.disc.perImage.dice.mean], [0, 1]);
    assert.equal(json.summary.pooled.dice, 2 / 3);
    assert.equal(json.summary.meanOverClasses.dice, 2 / 3);
    assert.equal(json.settings.head, "softmax");
    // The third image has no vessel: it is no part of the mean.
    assert.deepEqual(json.scores.map((score: { metrics: { dice: number } }) => score.metrics.dice), [
      2 / 3,
      2 / 3,
      0.5,
    ]);
    assert.equal(json.scores[2].classes.vessel.metrics.dice, null);
    assert.deepEqual(
      json.audit.map((finding: { class: string; kind: string }) => [finding.class, finding.kind]),
      [
        ["cup", "wrong"],
        ["cup", "wrong"],
        ["cup", "wrong"],
      ],
    );

    assert.deepEqual(await filesUnder(join(folder, "run")), [
      "audit.csv",
      "audit.png",
      "case-images.json",
      "cases.png",
      "predictions.png",
      "test-classes.csv",
      "test.csv",
      "test.json",
    ]);
    assert.match(await Deno.readTextFile(files.classesCsv!), /^cup,3,\d+,0,3,0,3,0,/m);
    assert.match(await Deno.readTextFile(files.csv!), /^1\.png,vessel,32,32,/m);
    assert.match(await Deno.readTextFile(files.auditCsv!), /^1\.png,cup,0\.\d+,wrong,/m);
    const text = formatEvaluation(report);
    assert.match(text, /^test, masks of 32 x 32 px, most probable class$/m);
    assert.match(text, /^ {2}vessel +1\.0000 +1\.0000 .* 2$/m);
    assert.match(text, /^ {2}mean of classes +0\.6667/m);
    assert.match(text, /\+ 0\.4 cross-entropy \d/);
    assert.match(text, /contradicts the annotation of 3 of 3 images \(0 missing, 3 wrong, 0 differs\)$/m);
    assert.match(text, /^ {3}1\. 0\.\d{4} {2}\d\.png \(cup\): annotated, but the model finds nothing$/m);

    const figure = await decodeImage(await Deno.readFile(files.predictions!));
    const counts = countColors(figure.data);
    for (const color of classColors(3)) assert.ok(counts.get(color.join())! > 400, `${color}`);
  }));

Deno.test("runEvaluation: overlapping classes are each compared with their own mask", () =>
  inTempFolder(async (folder) => {
    const { summary, settings } = await evaluate(folder, grayPredictor({ head: "sigmoid" }), {
      overlap: true,
    });
    const [disc, cup, vessel] = summary!.classes!;
    // Where both lie, the gray is that of cup: 4 of the disc's 9 blocks are missed.
    assert.deepEqual([disc!.pooled.sensitivity, disc!.pooled.precision], [5 / 9, 1]);
    assert.deepEqual([cup!.pooled.dice, vessel!.pooled.dice, settings.head], [1, 1, "sigmoid"]);
  }));

Deno.test("runEvaluation: classes are matched by name, also in another order; without any, both lists are named", () =>
  inTempFolder(async (folder) => {
    const names = ["cup", "disc", "tumor"];
    const swapped = await evaluate(folder, grayPredictor({ names }));
    assert.deepEqual(swapped.summary!.classes!.map(({ name, pooled: { dice } }) => [name, dice]), [
      ["cup", 0],
      ["disc", 0],
      ["tumor", 0],
    ]);
    await assert.rejects(
      evaluate(folder, grayPredictor({ names: ["a", "b", "c"] })),
      /the model's classes "a", "b", "c" on this dataset: its categories are .*"disc", "cup", "vessel"\nhint: /,
    );
  }));

function countColors(data: Uint8Array): Map<string, number> {
  const counts = new Map<string, number>();
  for (let at = 0; at < data.length; at += 3) {
    const color = `${data[at]},${data[at + 1]},${data[at + 2]}`;
    counts.set(color, (counts.get(color) ?? 0) + 1);
  }
  return counts;
}
