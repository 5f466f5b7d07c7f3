/** A dataset of 12 bits in 16-bit files, from training to evaluation and prediction: its levels reach the network. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { findSplits, readSplit, type RgbImage } from "../../mod.ts";
import { drawSamples } from "../../src/evaluation/figures.ts";
import { decodeSamples } from "../../src/image/decode.ts";
import { OUTLINE_COLORS } from "../../src/image/draw.ts";
import { runEvaluation } from "../../src/evaluation/run_evaluation.ts";
import { predictFiles } from "../../src/prediction/predict_files.ts";
import { Predictor } from "../../src/prediction/predictor.ts";
import { trainRun } from "../../src/training/train_run.ts";
import { completeTrainConfig } from "../../src/training/recipe.ts";
import { loadData } from "../../src/training/train_data.ts";
import { readModel } from "../../src/unet/model_format.ts";
import { cocoText, writeFiles } from "../support/coco.ts";
import { deepPng } from "../support/deep_images.ts";
import { inTempFolder } from "../support/temp_folder.ts";
import { spotModel } from "../support/spot_model.ts";
import { openTestGpu } from "../support/test_gpu.ts";
import { TINY } from "../support/tiny_data.ts";

const gpu = await openTestGpu();

const SIDE = 32;

/** A bright square on a ramp; `most` is the brightest level. */
const scan = (most: number) =>
  deepPng(SIDE, SIDE, (x, y) => x >= 8 && x < 20 && y >= 8 && y < 20 ? most : (x * SIDE + y) * most / 4096);

/** Writes a split of such scans, their squares annotated. */
function writeScans(folder: string, scans: readonly Uint8Array[]): Promise<void> {
  const segmentation = [[8, 8, 20, 8, 20, 20, 8, 20]];
  const annotations = scans.map((_, i) => ({ image_id: i + 1, segmentation }));
  return writeFiles(folder, {
    "_annotations.coco.json": cocoText({ width: SIDE, height: SIDE, images: scans.length }, annotations),
    ...Object.fromEntries(scans.map((file, i) => [`${i + 1}.png`, file])),
  });
}

function hasColor({ data }: RgbImage, color: readonly number[]): boolean {
  for (let at = 0; at < data.length; at += 3) {
    if (color.every((part, i) => Math.abs(data[at + i]! - part) < 20)) return true;
  }
  return false;
}

Deno.test("trainRun: 12 bits in 16 train and predict with their levels, by the range of the training images", () =>
  inTempFolder(async (folder) => {
    const [dataFolder, cacheFolder] = [join(folder, "data"), join(folder, "cache")];
    await writeScans(join(dataFolder, "train"), [scan(4095), scan(3000)]);
    await writeScans(join(dataFolder, "valid"), [scan(1000)]);
    const config = { ...TINY, epochs: 1 };
    const run = join(folder, "run");
    const result = await trainRun({
      ...{ folder: run, dataFolder, cacheFolder, config, samples: 0 },
      tracking: { swanlab: "off", tensorboard: false },
    });
    assert.equal(result.outcome, "finished");

    const model = await readModel(await Deno.readFile(join(run, "best.safetensors")));
    assert.deepEqual(model.description.range, [0, 4095]);
    const predictor = await Predictor.create(gpu, model);
    const { data } = await loadData(dataFolder, completeTrainConfig(config), { cacheFolder });
    try {
      for await (const { images } of data.valid.read(null, 0)) {
        const { raster } = await decodeSamples(await Deno.readFile(join(dataFolder, "valid", "1.png")));
        // What the network gets is the same, bit for bit; of 8 bits, 5 levels would be left.
        assert.deepEqual(images.data, predictor.prepare(raster).data);
        assert.ok(new Set(images.data.subarray(0, SIDE ** 2)).size > 200);
        const brightest = images.data.reduce((most, value) => Math.max(most, value), -Infinity);
        assert.ok(Math.abs(brightest - (1000 / 4095 - 0.406) / 0.225) < 0.01, `${brightest}`);
      }
    } finally {
      predictor.close();
      await data.train.close();
      await data.valid.close();
    }
  }));

Deno.test("predictFiles, runEvaluation: scale by the model's range; without one by the image's own, with a note", () =>
  inTempFolder(async (folder) => {
    // The network segments what is brighter than 0.7.
    await writeScans(join(folder, "test"), [scan(4095), scan(1000)]);
    for (const [range, areas] of [[[0, 4095], [144, 0]], [undefined, [144, 144]]] as const) {
      const predictor = await Predictor.create(gpu, await readModel(spotModel({ range })));
      try {
        const output = join(folder, `out${range}`);
        const files = ["1.png", "2.png"].map((name) => join(folder, "test", name));
        const { images } = await predictFiles(predictor, files, { output });
        images.forEach(({ area }, i) => assert.ok(Math.abs(area - areas[i]!) < 20, `${range}: ${area}`));
        assert.deepEqual(images.map(({ notes }) => notes.length), range === undefined ? [1, 1] : [0, 0]);
        const { scores } = await runEvaluation(predictor, {
          ...{ dataFolder: folder, cacheFolder: join(folder, "cache"), output: join(folder, "evaluation") },
        });
        // Figures show the same prediction, although the images in them are windowed.
        const { samples: [, dark] } = await readSplit((await findSplits(folder))[0]!);
        const figure = await drawSamples(predictor, [{ sample: dark!, name: "", note: "" }], {
          title: "",
          threshold: 0.5,
          kind: "audit",
        });
        assert.equal(hasColor(figure, OUTLINE_COLORS.predicted), areas[1] > 0);
        assert.deepEqual(scores.map(({ metrics }) => metrics.dice! > 0.9), areas.map((area) => area > 0));
      } finally {
        predictor.close();
      }
    }
  }));
