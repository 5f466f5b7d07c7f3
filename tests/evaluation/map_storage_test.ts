/** Maps on the disk: their numbers are those of the report, and they come and go with the evaluation. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { countPixels } from "../../src/evaluation/pixel_counts.ts";
import { MAP_INDEX_FILE, type MapIndex, readMapIndex } from "../../src/evaluation/map_index.ts";
import { MapSheet, planeCount } from "../../src/evaluation/map_sheet.ts";
import { storingMaps } from "../../src/evaluation/map_storage.ts";
import { codedThresholds } from "../../src/evaluation/probability_codes.ts";
import { formatEvaluation } from "../../src/evaluation/report_text.ts";
import { runEvaluation, type RunEvaluationOptions } from "../../src/evaluation/run_evaluation.ts";
import { readGray16Png } from "../../src/image/read_gray16.ts";
import { writeClassDataset } from "../support/class_dataset.ts";
import { grayPredictor } from "../support/gray_predictor.ts";
import { filesUnder, inTempFolder } from "../support/temp_folder.ts";

async function readIndex(folder: string): Promise<MapIndex> {
  return readMapIndex(JSON.parse(await Deno.readTextFile(join(folder, MAP_INDEX_FILE))))!;
}

Deno.test("runEvaluation: stored maps give the pixels of every image and class of the report, and go without --maps", () =>
  inTempFolder(async (folder) => {
    const dataFolder = join(folder, "data");
    await writeClassDataset(dataFolder, { splits: { test: 2 }, side: 32, ignored: true });
    const output = join(folder, "run");
    const evaluate = (options: Partial<RunEvaluationOptions>) =>
      runEvaluation(grayPredictor({ blind: 1 }), { dataFolder, cacheFolder: null, output, ...options });
    const report = await evaluate({ maps: true, modelHash: "abc" });
    const maps = join(output, "test-probabilities");
    assert.deepEqual(await filesUnder(maps), ["00001.png", "00002.png", MAP_INDEX_FILE]);
    assert.match(
      formatEvaluation(report),
      /^wrote .*test-probabilities: probability maps of 2 images, 1 kB each$/m,
    );
    const index = await readIndex(maps);
    assert.deepEqual([index.model, index.data, index.size], ["abc", report.data.fingerprint, 32]);
    assert.deepEqual(index.images[1], { name: "2.png", width: 32, height: 32, file: "00002.png" });
    const form = { size: index.size, classCount: index.classes.length, head: index.head };
    for (const [place, { file }] of index.images.entries()) {
      const size = { width: 32, height: 32 * planeCount(form) };
      const { data } = await readGray16Png(await Deno.readFile(join(maps, file!)), size);
      const sheet = new MapSheet(data, form, codedThresholds(index.threshold));
      const ignored = sheet.ignored()!;
      index.classes.forEach((name, each) => {
        const counts = countPixels(sheet.predicted(each, index.threshold), sheet.truth(each), ignored);
        assert.deepEqual(counts, report.scores[place]!.classes!.find((score) => score.name === name)!.pixels);
      });
    }
    const json = await Deno.readTextFile(report.files.json);
    const again = await evaluate({});
    assert.equal(await Deno.readTextFile(again.files.json), json, "the document does not depend on maps");
    assert.deepEqual((await filesUnder(output)).filter((name) => name.includes("probabilities")), []);
  }));

Deno.test("storingMaps: an evaluation that fails keeps the earlier maps, and a limit of bytes ends them", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "test-probabilities");
    const description = {
      split: "test",
      size: 32,
      head: "sigmoid",
      threshold: 0.5,
      classes: ["class 1"],
      data: "d",
      model: null,
    } as const;
    const plane = { width: 32, height: 32 };
    const maps = {
      maps: [{ ...plane, data: new Float32Array(1024) }],
      truths: [{ ...plane, data: new Uint8Array(1024) }],
    };
    const sample = (fileName: string) => ({ fileName, width: 9, height: 8 }) as never;
    const store = (names: string[], maxBytes?: number) =>
      storingMaps(path, description, async (store) => {
        for (const name of names) {
          if (name === "bad") throw new Error("the device is lost");
          await store(sample(name), maps);
        }
        return names.length;
      }, maxBytes === undefined ? {} : { maxBytes });
    const { result, stored } = await store(["a", "b", "c"], 1);
    assert.deepEqual([result, stored.images, stored.omitted], [3, 1, 2]);
    assert.deepEqual((await readIndex(path)).images.map(({ file }) => file), ["00001.png", null, null]);
    await assert.rejects(store(["x", "bad"]), /device is lost/);
    assert.deepEqual((await readIndex(path)).images.map(({ name }) => name), ["a", "b", "c"]);
    assert.deepEqual(await filesUnder(folder), [
      "test-probabilities/00001.png",
      `test-probabilities/${MAP_INDEX_FILE}`,
    ]);
  }));

Deno.test("readMapIndex: refuses other documents, other versions, and names that leave the folder", () => {
  const index = {
    version: 1,
    split: "test",
    size: 8,
    head: "sigmoid",
    threshold: 0.5,
    classes: ["a"],
    data: "d",
    model: null,
    images: [{ name: "x", width: 1, height: 1, file: "00001.png" }],
  };
  assert.deepEqual(readMapIndex(index), index);
  const image = index.images[0];
  for (
    const change of [
      { version: 2 },
      { size: 1e9 },
      { images: [{ ...image, file: "../best.safetensors" }] },
      { classes: [1] },
    ]
  ) assert.equal(readMapIndex({ ...index, ...change }), null);
  assert.equal(readMapIndex(null), null);
});
