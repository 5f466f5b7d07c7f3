/** A dataset with copies within and across its splits: after re-splitting none is shared, and nothing is lost. */
import assert from "node:assert/strict";
import { join } from "node:path";
import {
  encodeJpeg,
  encodeRgbPng,
  inspectDataset,
  readCoco,
  resplitDataset,
  type ResplitOptions,
  type RgbImage,
} from "../../mod.ts";
import { paint, spots, writeFiles } from "../support/coco.ts";
import { filesUnder, inTempFolder } from "../support/temp_folder.ts";

const FILE = "_annotations.coco.json";
const SIDE = 64;

function moved(image: RgbImage, from: (x: number, y: number) => [number, number]): RgbImage {
  return paint(image.width, image.height, (x, y) => {
    const [u, v] = from(x, y);
    return image.data[3 * (v * image.width + u)]!;
  });
}

const mirrored = (image: RgbImage) => moved(image, (x, y) => [image.width - 1 - x, y]);
const rotated = (image: RgbImage) => moved(image, (x, y) => [y, image.width - 1 - x]);

interface Image {
  name: string;
  bytes: Uint8Array;
  side?: number;
  boxes?: number;
  category?: number;
}

/** A split's files: images whose ids other splits use too, and annotations with extra fields. */
function splitFiles(split: string, files: Image[], categories: { id: number; name: string }[]) {
  const images = files.map(({ name, side = SIDE }, i) => ({
    id: 10 * i,
    file_name: name,
    width: side,
    height: side,
    license: 1,
    date_captured: "2024",
  }));
  const annotations = files.flatMap(({ boxes = 1, category = categories[0]!.id }, i) =>
    Array.from({ length: boxes }, (_, k) => ({
      id: 100 * i + k,
      image_id: 10 * i,
      category_id: category,
      segmentation: [[0, 0, 16 + k, 0, 16, 16]],
      note: `${split} ${i} ${k}`,
    }))
  );
  const licenses = [{ id: 1, name: split === "test" ? "CC0" : "CC BY 4.0" }];
  return {
    [`${split}/${FILE}`]: JSON.stringify({
      info: { description: "A study" },
      images,
      annotations,
      categories,
      licenses,
    }),
    ...Object.fromEntries(files.map(({ name, bytes }) => [`${split}/${name}`, bytes])),
  };
}

/** 32 images, one of them damaged: mirrored, rotated, resized, recompressed, equal, and with equal names. */
async function writeDataset(folder: string): Promise<void> {
  const png = encodeRgbPng;
  const plain = async (split: string, from: number, count: number): Promise<Image[]> =>
    await Promise.all(Array.from({ length: count }, async (_, i) => ({
      name: `${split}${i}.png`,
      bytes: await png(spots(from + i)),
      boxes: i % 3,
    })));
  const train: Image[] = [
    ...await plain("t", 1, 8),
    { name: "same.png", bytes: await png(spots(20)) },
    { name: "mirror.png", bytes: await png(mirrored(spots(1))) }, // t0, within the split
    { name: "chain1.jpg", bytes: await encodeJpeg(spots(40), 90), boxes: 2 },
    { name: "chain_jpg.rf.1.jpg", bytes: await encodeJpeg(rotated(spots(40)), 60) },
    { name: "y_jpg.rf.aa.jpg", bytes: await encodeJpeg(spots(50), 90) },
    { name: "y_jpg.rf.ab.jpg", bytes: await encodeJpeg(spots(51), 90) },
  ];
  const valid: Image[] = [
    ...await plain("v", 10, 5),
    { name: "same.png", bytes: await png(spots(21)) }, // another image with an equal name
    { name: "turn.png", bytes: await png(rotated(spots(2))) }, // t1
    { name: "small.png", bytes: await png(spots(3, 48)), side: 48 }, // t2
    { name: "chain_jpg.rf.2.jpg", bytes: await encodeJpeg(spots(41), 90) },
    { name: "y_jpg.rf.aa.jpg", bytes: await encodeJpeg(spots(52), 90) },
  ];
  const test: Image[] = [
    ...await plain("e", 15, 3),
    { name: "copy.png", bytes: await png(spots(10)) }, // v0
    { name: "half.png", bytes: await png(mirrored(rotated(spots(2)))) }, // t1
    { name: "chain3.png", bytes: await png(mirrored(spots(41))) }, // part of the chain through chain_jpg.rf.2.jpg
    { name: "same.png", bytes: await png(spots(22)), category: 7 },
    { name: "broken.png", bytes: new Uint8Array(9) },
  ];
  const tumor = { id: 1, name: "tumor" };
  await writeFiles(folder, {
    ...splitFiles("train", train, [tumor]),
    ...splitFiles("valid", valid, [{ id: 3, name: "tumor" }]),
    ...splitFiles("test", test, [{ id: 1, name: "cyst" }, { id: 7, name: "tumor" }]),
    "train/extra.png": spots(61),
    "raw/1.png": spots(62),
  });
}

function withDataset(
  body: (
    folder: string,
    run: (options?: ResplitOptions) => ReturnType<typeof resplitDataset>,
  ) => Promise<void>,
): Promise<void> {
  return inTempFolder(async (folder) => {
    await writeDataset(join(folder, "data"));
    await body(
      folder,
      (options) =>
        resplitDataset(join(folder, "data"), join(folder, "new"), { valid: 0.2, test: 0.2, ...options }),
    );
  });
}

interface Record {
  images: { image: string; from: string; group: number }[];
}

async function readRecord(folder: string): Promise<Record> {
  return JSON.parse(await Deno.readTextFile(join(folder, "new", "split.json")));
}

Deno.test("resplitDataset: copies of every kind share a split, and inspect finds none across splits", () =>
  withDataset(async (folder, run) => {
    const before = await inspectDataset(join(folder, "data"));
    assert.ok(before.nearDuplicates.pairs.length >= 6);
    for (const seed of [0, 1, 2]) {
      const report = await run({ seed });
      const after = await inspectDataset(join(folder, "new"));
      assert.deepEqual(after.nearDuplicates.pairs, []);
      assert.deepEqual(report.sharedPairs, { before: before.nearDuplicates.pairs.length, after: 0 });
      assert.deepEqual(after.splits.map(({ name }) => name), ["train", "valid", "test"]);
      const { images } = await readRecord(folder);
      const groupOf = new Map(images.map(({ from, group }) => [from, group]));
      const groups = [
        ["train/t0.png", "train/mirror.png"],
        ["train/t1.png", "valid/turn.png", "test/half.png"],
        ["train/t2.png", "valid/small.png"],
        ["valid/v0.png", "test/copy.png"],
        ["train/chain1.jpg", "train/chain_jpg.rf.1.jpg", "valid/chain_jpg.rf.2.jpg", "test/chain3.png"],
        ["train/y_jpg.rf.aa.jpg", "train/y_jpg.rf.ab.jpg", "valid/y_jpg.rf.aa.jpg"],
      ];
      for (const names of groups) {
        const group = groupOf.get(names[0]!);
        const members = [...groupOf].filter(([, of]) => of === group).map(([from]) => from);
        assert.deepEqual(members.sort(), [...names].sort());
        const splits = images.filter((entry) => entry.group === group).map(({ image }) =>
          image.split("/")[0]
        );
        assert.equal(new Set(splits).size, 1, names.join(" "));
      }
      assert.equal(report.groups.count, 31 - groups.flat().length + groups.length);
      assert.deepEqual(report.groups.largest.images, 4);
      assert.equal(report.groups.largest.pairs, 3, "a chain of four");
      assert.equal(report.splits.train!.images, 19);
      assert.deepEqual([report.splits.valid!.images, report.splits.test!.images], [6, 6]);
    }
  }));

Deno.test("resplitDataset: keeps every image and annotation, with consistent ids and categories", () =>
  withDataset(async (folder, run) => {
    const report = await run();
    assert.deepEqual([report.images, report.unlisted, report.renamed], [31, 1, 5]);
    assert.deepEqual(report.problems.map(({ kind }) => kind), ["unreadable-image"]);
    const { images } = await readRecord(folder);
    const notes = new Map<string, unknown[]>();
    for (const split of ["train", "valid", "test"]) {
      const text = await Deno.readTextFile(join(folder, "new", split, FILE));
      const coco = readCoco(text, { strict: true });
      assert.deepEqual(coco.categories, [{ id: 1, name: "tumor" }, { id: 2, name: "cyst" }]);
      const raw = JSON.parse(text);
      assert.match(raw.info.description, /^Re-split with near-duplicates kept together, seed 0: A study$/);
      const licenses = new Map(raw.licenses.map(({ id, name }: { id: number; name: string }) => [id, name]));
      for (const image of raw.images) {
        const name = `${split}/${image.file_name}`;
        const from = images.find(({ image }) => image === name)!.from;
        const own = raw.annotations.filter((annotation: { image_id: number }) =>
          annotation.image_id === image.id
        );
        notes.set(
          from,
          own.map(({ note, category_id }: { note: string; category_id: number }) => [note, category_id]),
        );
        assert.equal(licenses.get(image.license), from.startsWith("test/") ? "CC0" : "CC BY 4.0");
        assert.equal(image.date_captured, "2024");
        assert.deepEqual(
          await Deno.readFile(join(folder, "new", name)),
          await Deno.readFile(join(folder, "data", from)),
        );
      }
    }
    assert.equal(notes.size, 31);
    assert.deepEqual(notes.get("train/t2.png"), [["train 2 0", 1], ["train 2 1", 1]]);
    assert.deepEqual(notes.get("train/t0.png"), []);
    assert.deepEqual(notes.get("valid/turn.png"), [["valid 6 0", 1]]);
    assert.deepEqual(notes.get("test/copy.png"), [["test 3 0", 2]]);
    assert.deepEqual(notes.get("test/same.png"), [["test 6 0", 1]]);
    const renamed = images.filter(({ image, from }) => image.split("/")[1] !== from.split("/")[1]);
    assert.deepEqual(renamed.map(({ image }) => image.split("/")[1]).sort(), [
      "test_same.png",
      "train_same.png",
      "train_y_jpg.rf.aa.jpg",
      "valid_same.png",
      "valid_y_jpg.rf.aa.jpg",
    ]);
  }));

Deno.test("resplitDataset: the same seed gives the same result, and an earlier result is replaced", () =>
  withDataset(async (folder, run) => {
    await run({ seed: 5 });
    const first = await readRecord(folder);
    await run({ seed: 6 });
    assert.notDeepEqual(await readRecord(folder), first);
    await run({ seed: 5 });
    assert.deepEqual(await readRecord(folder), first);
    // A result of version 0.1.0, which called itself otherwise.
    const record = join(folder, "new", "split.json");
    const kind = "Dealt anew, pictures that seem to be one together";
    await Deno.writeTextFile(record, JSON.stringify({ ...first, kind }));
    await run({ seed: 5 });
    assert.deepEqual(await readRecord(folder), first);
    const left = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    assert.deepEqual(left, ["data", "new"]);
  }));

Deno.test("resplitDataset: replaces nothing else unless forced, and never its source", () =>
  withDataset(async (folder, run) => {
    const occupied =
      /^Error: Cannot write to ".*new": it .*\nhint: choose another folder, or replace it with --force$/;
    await writeFiles(folder, { "new/notes.txt": "mine" });
    await assert.rejects(run(), occupied);
    await writeFiles(folder, { "new/split.json": "{}" });
    await assert.rejects(run(), occupied);
    await run({ force: true });
    await assert.rejects(Deno.stat(join(folder, "new", "notes.txt")), Deno.errors.NotFound);
    await writeFiles(folder, { "new/notes.txt": "mine" });
    await assert.rejects(run(), /it holds "notes.txt", which this task did not make\nhint: /);

    const data = join(folder, "data");
    const names = await filesUnder(data);
    await Deno.symlink(data, join(folder, "link"));
    for (
      const output of [data, folder, join(data, "train"), join(data, "train", "new"), join(folder, "link")]
    ) {
      await assert.rejects(
        resplitDataset(data, output, { force: true }),
        /^Error: Cannot write to .*: the source images are in .*\nhint: choose another --output/,
        output,
      );
    }
    assert.deepEqual(await filesUnder(data), names);
  }));

Deno.test("resplitDataset: rejects fewer groups than splits and leaves nothing behind", () =>
  inTempFolder(async (folder) => {
    const bytes = await encodeRgbPng(spots(1));
    const images = Array.from({ length: 6 }, (_, i) => ({ name: `${i}.png`, bytes }));
    await writeFiles(folder, splitFiles("train", images, [{ id: 1, name: "tumor" }]));
    const output = join(folder, "new");
    await assert.rejects(
      resplitDataset(folder, output),
      /^Error: Cannot split 6 images into train, valid and test: near-duplicates form 1 group, and each group must stay whole\nhint: /,
    );
    await assert.rejects(resplitDataset(folder, output, { valid: 0.6, test: 0.5 }), RangeError);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["train"]);
    const { splits, groups } = await resplitDataset(folder, output, { valid: 0, test: 0 });
    assert.deepEqual([Object.keys(splits), groups.largest], [["train"], {
      images: 6,
      pairs: 15,
      split: "train",
    }]);
  }));
