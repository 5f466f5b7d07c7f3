import { deepStrictEqual, notStrictEqual, strictEqual } from "node:assert/strict";
import { categoryNames, chooseClasses, plainTable } from "../../src/dataset/classes.ts";
import { prepareSplit } from "../../src/dataset/prepare.ts";
import { readListing } from "../../src/dataset/samples.ts";
import { openSplit } from "../../src/dataset/source_registry.ts";
import { findSplits, splitOf } from "../../src/dataset/splits.ts";
import { IGNORE, maskOf } from "../../src/image/label_map.ts";
import { resizeLabelMap } from "../../src/image/resize.ts";
import { type ClassDatasetOptions, writeClassDataset } from "../support/class_dataset.ts";
import { inTempFolder } from "../support/temp_folder.ts";

const SIZE = { width: 32, height: 32 };

async function openTrain(folder: string, options: ClassDatasetOptions) {
  const truth = await writeClassDataset(folder, { ...options, splits: { train: 3 } });
  const split = splitOf(await findSplits(folder), "train");
  const listing = await openSplit(split);
  return { truth, split, listing, classes: chooseClasses(categoryNames([listing])) };
}

Deno.test("readListing: samples have the labels of their classes, and ignored pixels", () =>
  inTempFolder(async (folder) => {
    const { truth, split, listing, classes } = await openTrain(folder, { ignored: true });
    const { samples, notes } = await readListing(split, listing, { classes });
    for (const sample of samples) {
      deepStrictEqual(await sample.labelMap(), truth.get(`train/${sample.fileName}`));
    }
    deepStrictEqual(notes, []);
    const plain = (await readListing(split, listing, { classes: plainTable() })).samples[0]!;
    const marked = (await plain.labelMap()).data;
    deepStrictEqual(marked, truth.get("train/1.png")!.data.map((label) => label % IGNORE === 0 ? label : 1));
    notStrictEqual(await samples[0]!.labelKey(), await plain.labelKey());
  }));

Deno.test("readListing: the union of all categories keeps its key, in which there are no classes", () =>
  inTempFolder(async (folder) => {
    const { split, listing } = await openTrain(folder, {});
    const { samples } = await readListing(split, listing);
    strictEqual(await samples[0]!.labelKey(), await listing.images[0]!.labelKey());
  }));

Deno.test("prepareSplit: overlapping classes have a plane each, also from the cache; the other head another cache", () =>
  inTempFolder(async (folder) => {
    const { truth, split, listing, classes } = await openTrain(folder, { overlap: true, ignored: true });
    const prepare = async (head: "sigmoid" | "softmax") => {
      const { samples } = await readListing(split, listing, { classes, overlapping: head === "sigmoid" });
      return await prepareSplit(samples, {
        size: SIZE.width,
        cacheFolder: `${folder}/.cache`,
        workers: 1,
        targets: { classCount: 3, head },
      });
    };
    for (const status of ["written", "kept"]) {
      await using prepared = await prepare("sigmoid");
      strictEqual(prepared.store.status, status);
      const { masks } = await prepared.batch([0, 2]);
      deepStrictEqual(masks.shape, [2, 3, 32, 32]);
      const map = prepared.labelMap(2);
      const planes = [1, 2, 3].flatMap((label) => {
        const ignored = maskOf(map, IGNORE).data;
        return [...maskOf(map, label).data].map((value, i) => ignored[i] === 1 ? -1 : value);
      });
      deepStrictEqual([...masks.data.subarray(3 * 1024)], planes);
      const counts = [1, 2, 3].map((label) => maskOf(map, label).data.reduce((sum, value) => sum + value, 0));
      deepStrictEqual(counts, [144, 144, 0], "3 x 3 eighths each; the third is missing in this image");
    }
    await using exclusive = await prepare("softmax");
    strictEqual(exclusive.store.status, "written");
    const { masks } = await exclusive.batch([0]);
    const expected = resizeLabelMap(truth.get("train/1.png")!, SIZE).data;
    deepStrictEqual([...masks.data], [...expected].map((label) => label === IGNORE ? -1 : label));
  }));
