import assert from "node:assert/strict";
import { join } from "node:path";
import { findSplits, readSplit, splitOf } from "../../mod.ts";
import { cocoText, paint, writeFiles } from "../support/coco.ts";
import { inTempFolder } from "../support/temp_folder.ts";

const FILE = "_annotations.coco.json";
const SQUARE = [[1, 1, 5, 1, 5, 5, 1, 5]];
const EMPTY = cocoText({ width: 8, height: 8, images: 0 }, []);

Deno.test("findSplits: finds train, valid or val, test, and other folders of images", () =>
  inTempFolder(async (folder) => {
    await writeFiles(folder, {
      [`test/${FILE}`]: EMPTY,
      [`val/${FILE}`]: EMPTY,
      [`train/${FILE}`]: EMPTY,
      "unannotated/a.JPG": "",
      "masks/train/a.png": "",
      ".cache/a.png": "",
      "notes/a.txt": "",
      "data.zip": "",
    });
    const splits = await findSplits(folder);
    assert.deepEqual(splits.map(({ name, role }) => [name, role]), [
      ["train", "train"],
      ["val", "valid"],
      ["test", "test"],
      ["unannotated", "other"],
    ]);
    assert.equal(splits[0]!.annotationFile, join(folder, "train", FILE));
    assert.equal(splits[3]!.annotationFile, null);
    assert.equal(splitOf(splits, "valid").name, "val");
    assert.throws(() => splitOf(splits.slice(0, 1), "test"), /the dataset has "train"/);
  }));

Deno.test("findSplits: finds a single nested dataset, as in archives", () =>
  inTempFolder(async (folder) => {
    await writeFiles(folder, {
      [`set/train/${FILE}`]: EMPTY,
      [`set/valid/${FILE}`]: EMPTY,
      "other/x/a.txt": "",
    });
    const splits = await findSplits(folder);
    assert.deepEqual(splits.map(({ folder }) => folder), [
      join(folder, "set/train"),
      join(folder, "set/valid"),
    ]);
    await writeFiles(folder, { [`set2/train/${FILE}`]: EMPTY });
    await assert.rejects(findSplits(folder), /Cannot choose a dataset .*set.* and .*set2.*\nhint: /);
  }));

Deno.test("findSplits: tells what is missing or ambiguous", () =>
  inTempFolder(async (folder) => {
    await assert.rejects(findSplits(folder), /no folder with _annotations\.coco\.json; it is empty\nhint: /);
    await assert.rejects(findSplits(join(folder, "none")), /is not a folder\nhint: /);
    await writeFiles(folder, { [`val/${FILE}`]: EMPTY, [`valid/${FILE}`]: EMPTY });
    await assert.rejects(findSplits(folder), /which folder is the valid split: "val" or "valid"/);
    await assert.rejects(
      findSplits(join(folder, "val")),
      (error: Error) =>
        error.message.endsWith(
          `it is a single split, with the images in it\nhint: name the folder above: "${folder}"`,
        ),
    );
  }));

Deno.test("findSplits: says what a folder without a dataset contains, and where a COCO file must be", () =>
  inTempFolder(async (folder) => {
    const coco = cocoText({ width: 8, height: 8 }, []);
    const cases: [string, { [path: string]: string }, RegExp][] = [
      [
        "cvat",
        { "annotations/instances_default.json": coco, "images/default/1.png": "" },
        new RegExp(
          "annotations/instances_default.json is COCO, but must be called _annotations.coco.json and lie next to its " +
            "images\nhint: deno task import \\S*cvat converts it; by hand, .*: move the file to images/default/_annotations.coco.json, and rename images/default to train$",
        ),
      ],
      [
        "coco",
        { "annotations/instances_val2017.json": coco, "val2017/1.png": "" },
        /rename val2017 to valid$/,
      ],
      [
        "other name",
        { "test/labels.json": coco, "test/1.png": "" },
        /move the file to test\/_annotations.coco.json$/,
      ],
      [
        "flat",
        { "result.json": coco, "1.png": "" },
        /to _annotations.coco.json, and rename the folder to train$/,
      ],
      [
        "no images",
        { "result.json": coco },
        /result.json is COCO.*, which were not found\nhint: a split is a folder/,
      ],
      [
        "other",
        { "notes.json": "{}", "broken.json": "{", "a/b.txt": "" },
        /; it contains 3 files, 0 of them images, but /,
      ],
      [
        "images, masks",
        { "images/a.png": "", "masks/a.png": "" },
        /; it contains 2 files, 2 of them images, but no COCO file\nhint: deno task import ".*images, masks" converts /,
      ],
    ];
    for (const [name, files, message] of cases) {
      await writeFiles(join(folder, name), files);
      await assert.rejects(findSplits(join(folder, name)), message, name);
    }
  }));

Deno.test("readSplit: links a missing file to one of the same name in another folder", () =>
  inTempFolder(async (folder) => {
    await writeFiles(folder, {
      [`train/${FILE}`]: cocoText({ width: 8, height: 8, images: 2 }, []),
      "train/images/1.png": paint(8, 8, () => 9),
    });
    const { problems } = await readSplit((await findSplits(folder))[0]!);
    assert.deepEqual(problems.map(({ message }) => message), [
      'image 1 (train/1.png): there is no such file; "images/1.png" has its name: file names start from the folder of ' +
      "the annotation file",
      "image 2 (train/2.png): there is no such file",
    ]);
  }));

Deno.test("readSplit: lists samples with their label maps, and the problems of the files", () =>
  inTempFolder(async (folder) => {
    const gray = paint(8, 8, (x, y) => 20 * x + y);
    await writeFiles(folder, {
      [`train/${FILE}`]: cocoText({ width: 8, height: 8, images: 7 }, [
        { segmentation: SQUARE },
        { image_id: 2, segmentation: [] },
        { image_id: 4, segmentation: SQUARE },
        { image_id: 6, segmentation: [[0, 0, 1, 1], SQUARE[0]] },
      ]),
      "train/1.png": gray,
      "train/2.png": gray,
      "train/3.png": gray,
      "train/5.png": paint(9, 8, () => 0),
      "train/6.png": gray,
      "train/7.png": "no image",
    });
    const split = splitOf(await findSplits(folder), "train");
    const { samples, problems, listing } = await readSplit(split);
    assert.deepEqual(samples.map(({ imageId, annotated }) => [imageId, annotated]), [[1, true], [3, false], [
      6,
      true,
    ]]);
    assert.deepEqual(problems.map(({ kind, id, effect }) => [kind, id, effect]), [
      ["no-segmentation", 2, "skipped"],
      ["too-few-points", 4, "skipped"],
      ["missing-image", 4, "skipped"],
      ["size-mismatch", 5, "skipped"],
      ["unreadable-image", 7, "skipped"],
    ]);
    const [first, second] = samples;
    assert.deepEqual([first!.split, first!.fileName, first!.imagePath], [
      "train",
      "1.png",
      join(folder, "train/1.png"),
    ]);
    const [mask, empty] = await Promise.all([first!.mask(), second!.mask()]);
    assert.deepEqual(mask, await listing.images[0]!.labelMap());
    assert.deepEqual(mask, await first!.labelMap(), "a binary label map is the mask of its class");
    assert.ok(mask.data.includes(1) && !empty.data.includes(1));
    const key = await first!.labelKey();
    assert.notEqual(key, await second!.labelKey());
    assert.match(key, /^[0-9a-f]{64}$/);

    const annotated = await readSplit(split, { unannotated: "skip" });
    assert.deepEqual(annotated.samples.map(({ imageId }) => imageId), [1, 6]);
    assert.equal(await annotated.samples[0]!.labelKey(), key);
    await assert.rejects(readSplit(split, { strict: true }), /Rejected split "train": 5 problems \(strict\)/);
  }));

Deno.test("readSplit: names an annotation file that is not JSON", () =>
  inTempFolder(async (folder) => {
    await writeFiles(folder, { [`train/${FILE}`]: '{\n"images": }', "extra/a.png": "" });
    const [train, extra] = await findSplits(folder);
    await assert.rejects(readSplit(train!), {
      name: "SyntaxError",
      message: /train.*_annotations\.coco\.json": found "}" where a value was expected at line 2, column 11/,
    });
    await assert.rejects(readSplit(extra!), /"extra": its folder has no annotation file/);
  }));
