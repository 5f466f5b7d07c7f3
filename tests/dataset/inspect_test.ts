import { join } from "node:path";
import assert from "node:assert/strict";
import { encodeRgbPng, inspectDataset } from "../../mod.ts";
import { cocoText, spots, writeFiles } from "../support/coco.ts";
import { writeClassDataset } from "../support/class_dataset.ts";
import { inTempFolder } from "../support/temp_folder.ts";

const FILE = "_annotations.coco.json";
const SIZE = { width: 64, height: 64 };
const QUARTER = [[0, 0, 32, 0, 32, 32, 0, 32]];
const HALF = [[0, 0, 64, 0, 64, 32, 0, 32]];

Deno.test("inspectDataset: counts, measures, lists problems and finds near-duplicates across splits", () =>
  inTempFolder(async (folder) => {
    const damaged = (await encodeRgbPng(spots(6))).slice(0, -30);
    await writeFiles(folder, {
      [`train/${FILE}`]: cocoText({ ...SIZE, images: 6 }, [
        { segmentation: QUARTER },
        { segmentation: QUARTER },
        { image_id: 2, segmentation: HALF },
        { image_id: 4, segmentation: [[1, 1]] },
      ]),
      "train/1.png": spots(1),
      "train/2.png": spots(2),
      "train/3.png": spots(3),
      "train/4.png": spots(4),
      "train/6.png": damaged,
      "train/extra.png": spots(7),
      [`test/${FILE}`]: cocoText({ ...SIZE, images: 1 }, [{ segmentation: HALF }]),
      "test/1.png": spots(2),
      "unannotated/1.png": spots(2),
    });
    const steps: number[] = [];
    const report = await inspectDataset(folder, { onProgress: (done, total) => steps.push(done, total) });
    assert.deepEqual(steps.slice(-2), [7, 7]);
    const [train, test, unannotated] = report.splits;
    assert.deepEqual({ ...train, annotationFile: "", problems: [] }, {
      name: "train",
      role: "train",
      annotationFile: "",
      files: 6,
      images: 4,
      annotations: 3,
      annotated: 2,
      partlyAnnotated: 0,
      unannotated: 1,
      invalid: 0,
      unusable: 1,
      uncertain: 0,
      uncertainty: null,
      samples: 3,
      categories: [{ id: 1, name: "tumor", annotations: 3 }],
      mergesCategories: false,
      sizes: [{ ...SIZE, images: 4 }],
      depths: train!.depths,
      foregroundShare: { mean: 0.25, least: 0.25, median: 0.5, largest: 0.5 },
      allBackgroundAccuracy: 0.75,
      classes: [],
      ignoredShare: 0,
      overlaps: [],
      problems: [],
      notes: [],
    });
    assert.deepEqual(train!.problems.map(({ kind, id }) => [kind, id]), [
      ["too-few-points", 4],
      ["missing-image", 5],
      ["unreadable-image", 6],
      ["unlisted-file", "extra.png"],
    ]);
    assert.deepEqual([test!.allBackgroundAccuracy, test!.problems], [0.5, []]);
    assert.deepEqual([unannotated!.files, unannotated!.images, unannotated!.annotationFile], [1, 0, null]);
    assert.equal(report.problems, 4);
    assert.deepEqual(report.nearDuplicates, {
      pairs: [{
        files: [{ split: "train", fileName: "2.png" }, { split: "test", fileName: "1.png" }],
        reasons: ["same bytes", "near-equal pixels"],
      }],
      complete: true,
      images: { train: 1, test: 1 },
    });

    const quick = await inspectDataset(folder, { unannotated: "skip", pixels: false });
    assert.deepEqual([quick.splits[0]!.samples, quick.splits[0]!.allBackgroundAccuracy], [2, 0.625]);
    assert.deepEqual(quick.nearDuplicates.pairs[0]!.reasons, ["same bytes"]);
  }));

Deno.test("inspectDataset: classes with their pixels, overlaps and ignored shares, or the merged foreground", () =>
  inTempFolder(async (folder) => {
    await writeClassDataset(folder, { overlap: true, ignored: true, splits: { train: 3, valid: 1 } });
    const { splits: [train] } = await inspectDataset(folder, { pixels: false });
    const counted = 60 / 64;
    assert.deepEqual(
      train!.classes.map(({ name, images, share }) => [name, images, share! * counted * 64]),
      [["disc", 3, 9], ["cup", 3, 9], ["vessel", 2, (6 + 9) / 3]],
    );
    assert.deepEqual(train!.overlaps, [{ classes: ["disc", "cup"], images: 3, pixels: 3 * 256 }]);
    assert.deepEqual([train!.ignoredShare, train!.mergesCategories], [4 / 64, false]);
    assert.equal(train!.foregroundShare!.largest, (14 + 9) / 60);
    assert.equal((await inspectDataset(folder, { pixels: false })).classFault, null);
    const picked = await inspectDataset(folder, { pixels: false, classes: { classes: ["cup", "vessel"] } });
    assert.deepEqual([picked.splits[0]!.classes.length, picked.splits[0]!.overlaps], [2, []]);
    const one = (await inspectDataset(folder, { pixels: false, classes: { binary: true } })).splits[0]!;
    assert.deepEqual([one.classes, one.mergesCategories], [[], true]);
  }));

Deno.test("inspectDataset: more categories than classes are a fault that it reports, unless classes were chosen", () =>
  inTempFolder(async (folder) => {
    await writeClassDataset(folder, { splits: { train: 1 } });
    const path = join(folder, "train", "_annotations.coco.json");
    const coco = JSON.parse(await Deno.readTextFile(path));
    coco.categories = Array.from({ length: 255 }, (_, id) => ({ id, name: `class ${id}` }));
    const [{ segmentation }] = coco.annotations;
    coco.annotations = coco.categories.map(({ id }: { id: number }) => ({
      id,
      image_id: 1,
      category_id: id,
      segmentation,
    }));
    await Deno.writeTextFile(path, JSON.stringify(coco));
    const { splits: [train], classFault } = await inspectDataset(folder, { pixels: false });
    assert.match(classFault!, /^Cannot tell 255 classes apart: at most 254\nhint: .*--binary$/);
    assert.deepEqual([train!.classes, train!.mergesCategories], [[], true]);
    await assert.rejects(inspectDataset(folder, { classes: { classes: ["class"] } }), RangeError);
  }));
