/** Maps on the disk: their numbers are those of the report, and they come and go with the evaluation. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { countPixels } from "../../src/evaluation/pixel_counts.ts";
import { MAP_INDEX_FILE, type MapIndex, readMapIndex } from "../../src/evaluation/map_index.ts";
import { readSheet } from "../../src/evaluation/map_sheet.ts";
import { storingMaps } from "../../src/evaluation/map_storage.ts";
import { codedThresholds } from "../../src/evaluation/probability_codes.ts";
import { evaluateSplit } from "../../src/evaluation/evaluate_split.ts";
import { mapClasses, readForModel, targetsOf } from "../../src/evaluation/model_classes.ts";
import { prepareSplit } from "../../src/dataset/prepare.ts";
import { openSplit } from "../../src/dataset/source_registry.ts";
import { findSplits, splitOf } from "../../src/dataset/splits.ts";
import { writeClassDataset } from "../support/class_dataset.ts";
import { grayPredictor } from "../support/gray_predictor.ts";
import { filesUnder, inTempFolder } from "../support/temp_folder.ts";

async function readIndex(folder: string): Promise<MapIndex> {
  return readMapIndex(JSON.parse(await Deno.readTextFile(join(folder, MAP_INDEX_FILE))))!;
}

Deno.test("storingMaps: stored maps give the pixels of every image and class of the evaluation", () =>
  inTempFolder(async (folder) => {
    await writeClassDataset(join(folder, "data"), { splits: { test: 2 }, side: 32, ignored: true });
    const split = splitOf(await findSplits(join(folder, "data")), "test");
    const listing = await openSplit(split);
    const predictor = grayPredictor({ blind: 1 });
    const { samples } = await readForModel(predictor, split, listing, "empty");
    await using prepared = await prepareSplit(samples, {
      size: 32,
      cacheFolder: null,
      workers: 1,
      targets: targetsOf(predictor),
    });
    const maps = join(folder, "run/test-probabilities");
    const description = {
      split: "test",
      size: 32,
      head: "softmax",
      threshold: null,
      ...mapClasses(predictor.description),
      data: prepared.fingerprint,
      model: "abc",
    } as const;
    const { result, stored } = await storingMaps(
      maps,
      description,
      (onMaps) => evaluateSplit(predictor, prepared, { onMaps }),
    );
    assert.deepEqual(await filesUnder(maps), ["00001.png", "00002.png", MAP_INDEX_FILE]);
    assert.deepEqual([stored.images, stored.omitted], [2, 0]);
    const index = await readIndex(maps);
    const { version: _, images, ...rest } = index;
    assert.deepEqual(rest, description);
    assert.deepEqual(images[1], { name: "2.png", width: 32, height: 32, file: "00002.png" });
    const form = { size: 32, classCount: 3, head: index.head };
    for (const [place, { file }] of images.entries()) {
      const png = await Deno.readFile(join(maps, file!));
      const sheet = readSheet(png, form, codedThresholds(index.threshold));
      const ignored = sheet.ignored()!;
      index.classes.forEach(({ name }, each) => {
        const counts = countPixels(sheet.predicted(each, index.threshold), sheet.truth(each), ignored);
        assert.deepEqual(counts, result.scores[place]!.classes!.find((score) => score.name === name)!.pixels);
      });
    }
  }));

Deno.test("storingMaps: an evaluation that fails keeps the earlier maps, and a limit of bytes ends them", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "test-probabilities");
    const description = {
      split: "test",
      size: 32,
      head: "sigmoid",
      threshold: 0.5,
      classes: [{ name: "class 1", color: "#ffffff" }],
      named: false,
      ignored: [],
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
    classes: [{ name: "a", color: "#ffffff" }],
    named: true,
    ignored: [],
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
