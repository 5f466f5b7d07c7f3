/** Imports from folders and zips to datasets, as users run them. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { importDataset, type ImportOptions, type ImportReport, readCoco } from "../../mod.ts";
import { dataLicences } from "../../src/dataset/licences.ts";
import { closeDecoders } from "../../src/image/decode.ts";
import { encodeRgbPng } from "../../src/image/encode.ts";
import { makeZip } from "../support/archives.ts";
import { spots, writeFiles } from "../support/coco.ts";
import { labelPng } from "../support/source_files.ts";
import { filesUnder, inTempFolder } from "../support/temp_folder.ts";

const SIDE = 32;

type Files = Record<string, Uint8Array | string>;

/** A square of each value, at places that the seed decides. */
function squares(seed: number, values: readonly number[]): Uint8Array {
  const data = new Uint8Array(SIDE * SIDE);
  for (const [at, value] of values.entries()) {
    const [left, top] = [(3 * seed + 11 * at) % 20, (7 * seed + 5 * at) % 20];
    for (let i = 0; i < 36; i++) data[(top + Math.floor(i / 6)) * SIDE + left + i % 6] = value;
  }
  return data;
}

const png = (data: Uint8Array) => labelPng({ width: SIDE, height: SIDE }, data);
const image = (seed: number) => encodeRgbPng(spots(seed, SIDE));

/** Pairs `s1` to `sN` below a folder, with these values. */
async function pairs(count: number, { values = [150, 250], folder = "", first = 1 } = {}): Promise<Files> {
  const files: Files = {};
  for (let i = first; i < first + count; i++) {
    files[`${folder}images/s${i}.png`] = await image(i);
    files[`${folder}masks/s${i}.png`] = png(squares(i, values));
  }
  return files;
}

/** Writes files as a folder or a zip, and calls `body` with its path and that of an output. */
async function withSource(
  files: Files,
  body: (source: string, output: string) => Promise<void>,
  zip = false,
): Promise<void> {
  await inTempFolder(async (folder) => {
    const source = join(folder, zip ? "source.zip" : "source");
    if (zip) await Deno.writeFile(source, makeZip(files));
    else await writeFiles(source, files);
    await body(source, join(folder, "output"));
  });
  await closeDecoders();
}

/** The report of an import. */
async function report(files: Files, options: ImportOptions = {}): Promise<ImportReport> {
  let report: ImportReport | undefined;
  await withSource(files, async (source, output) => {
    report = await importDataset(source, output, options);
  });
  return report!;
}

const counts = ({ splits }: ImportReport) => splits.map(({ name, images }) => `${name} ${images}`).join(", ");

const readSplit = async (output: string, split: string) =>
  readCoco(await Deno.readTextFile(join(output, split, "_annotations.coco.json")), { strict: true });

for (const zip of [false, true]) {
  Deno.test(`importDataset: a ${zip ? "zip" : "folder"} becomes splits with the same masks and images`, async () => {
    const files = await pairs(8);
    await withSource(files, async (source, output) => {
      const report = await importDataset(source, output);
      assert.equal(counts(report), "train 6, valid 1, test 1");
      assert.deepEqual(report.classes, [{ name: "150", annotations: 8 }, { name: "250", annotations: 8 }]);
      for (const { name } of report.splits) {
        const coco = await readSplit(output, name);
        assert.deepEqual(coco.categories, [{ id: 1, name: "150" }, { id: 2, name: "250" }]);
        for (const { id, fileName } of coco.images) {
          assert.deepEqual(await Deno.readFile(join(output, name, fileName)), files[`images/${fileName}`]);
          const labels = squares(Number(/\d+/.exec(fileName)), [1, 1]);
          assert.deepEqual(coco.mask(id).data, labels);
          assert.equal(coco.annotationsOf(id).length, 2);
        }
      }
    }, zip);
  });
}

Deno.test("importDataset: links images where it may, so that they take no room", async () => {
  await withSource(await pairs(3), async (source, output) => {
    const { splits } = await importDataset(source, output);
    const [name] = (await readSplit(output, splits[0]!.name)).images.map(({ fileName }) => fileName);
    const [a, b] = [join(source, "images", name!), join(output, splits[0]!.name, name!)].map((path) =>
      Deno.statSync(path)
    );
    assert.equal(a!.ino, b!.ino);
  });
});

Deno.test("importDataset: a second import of the same source does nothing, one of another replaces it", async () => {
  await withSource(await pairs(4), async (source, output) => {
    const first = await importDataset(source, output);
    const { mtime } = await Deno.stat(join(output, "import.json"));
    const second = await importDataset(source, output);
    assert.deepEqual(second, { ...first, status: "present" });
    assert.deepEqual((await Deno.stat(join(output, "import.json"))).mtime, mtime);
    const binary = await importDataset(source, output, { binary: true });
    assert.deepEqual([binary.status, binary.classes[0]!.name], ["imported", "foreground"]);
    await Deno.remove(join(output, "train", "_annotations.coco.json"));
    assert.equal((await importDataset(source, output, { binary: true })).status, "imported");
  });
});

Deno.test("importDataset: an import that was stopped resumes with the next image, and leaves no trace", async () => {
  await withSource(await pairs(6), async (source, output) => {
    const stop = importDataset(source, output, {
      onProgress: (phase, done) => {
        if (phase === "reading images" && done === 4) throw new Error("stopped");
      },
    });
    await assert.rejects(stop, /stopped/);
    await assert.rejects(Deno.stat(output), Deno.errors.NotFound);
    // A mask that was read is not read again; a line that is not complete is.
    const spool = join(output, "..", ".output.import", "images.jsonl");
    const text = await Deno.readTextFile(spool);
    assert.equal(text.split("\n").length, 6);
    await Deno.writeTextFile(spool, text.replaceAll('"category":"150"', '"category":"250"').slice(0, -9));
    const resumed = await importDataset(source, output);
    assert.deepEqual(resumed.classes.map(({ annotations }) => annotations), [3, 9]);
    assert.deepEqual([...Deno.readDirSync(join(output, ".."))].map(({ name }) => name).sort(), [
      "output",
      "source",
    ]);
  });
});

Deno.test("importDataset: a refused source leaves nothing behind", async () => {
  const files = { ...await pairs(3), "masks_lesion/s1.png": png(squares(1, [255])) };
  await withSource(files, async (source, output) => {
    await assert.rejects(importDataset(source, output), /which masks are meant/);
    await assert.rejects(importDataset(source, output, { masks: "masks", classes: ["heart"] }), {
      name: "RangeError",
      message: /heart.*150/,
    });
    assert.deepEqual([...Deno.readDirSync(join(output, ".."))].map(({ name }) => name), ["source"]);
  });
});

Deno.test("importDataset: replaces nothing but an earlier import, unless forced", async () => {
  await withSource(await pairs(3), async (source, output) => {
    await writeFiles(output, { "notes.txt": "mine" });
    await assert.rejects(
      importDataset(source, output),
      /holds something that this task did not make\nhint: .*--force/,
    );
    await importDataset(source, output, { force: true });
    await writeFiles(output, { "notes.txt": "mine" });
    await assert.rejects(importDataset(source, output), /holds "notes.txt", which this task did not make/);
    await assert.rejects(importDataset(source, source), /the source is the same folder\nhint/);
    await assert.rejects(importDataset(source, join(source, "..")), /the source is in it\nhint/);
  });
});

Deno.test("importDataset: an output within the source is no part of it", async () => {
  await withSource(await pairs(3), async (source) => {
    const output = join(source, "imported");
    await importDataset(source, output);
    assert.equal((await importDataset(source, output)).status, "present");
  });
});

Deno.test("importDataset: keeps the splits of a source, and names the missing ones", async () => {
  const files = {
    ...await pairs(3, { folder: "training/" }),
    ...await pairs(1, { folder: "test/", first: 7 }),
  };
  const kept = await report(files);
  assert.equal(counts(kept), "train 3, test 1");
  assert.ok(kept.lines.some((line) => line === "the source has no valid split"));
  assert.ok(kept.lines.some((line) => /--valid 0\.15 takes one from train/.test(line)));
  const divided = await report(files, { valid: 0.34 });
  assert.equal(counts(divided), "train 2, valid 1, test 1");
  assert.ok(divided.lines.some((line) => /as --valid asks, 1 of 3 images of its train split/.test(line)));
});

Deno.test("importDataset: keeps near-duplicates and groups together", async () => {
  const files = await pairs(6);
  for (const n of [2, 3, 4]) files[`images/s${n}.png`] = files["images/s1.png"]!;
  await withSource(files, async (source, output) => {
    await importDataset(source, output, { valid: 0.2, test: 0.2 });
    const same = (await filesUnder(output)).filter((path) => /s[1234]\.png$/.test(path)).map((path) =>
      path.split("/")[0]
    );
    assert.equal(new Set(same).size, 1);
    const grouped = await importDataset(source, output, { group: "s([1-5])", valid: 0.2, test: 0.2 });
    assert.match(
      grouped.lines.find((line) => /--group/.test(line))!,
      /makes 5 groups; 1 image without a match/,
    );
  });
});

Deno.test("importDataset: too few images for three splits leave test or valid empty, and say so", async () => {
  assert.equal(counts(await report(await pairs(1))), "train 1");
  const two = await report(await pairs(2));
  assert.equal(counts(two), "train 1, valid 1");
  assert.ok(two.lines.includes("too few groups for three splits: test stays empty"));
});

Deno.test("importDataset: lists what has no partner, another size or damage, and never takes it for background", async () => {
  const files = await pairs(7);
  delete files["masks/s2.png"];
  delete files["images/s3.png"];
  files["masks/s4.png"] = labelPng({ width: 3, height: 2 }, new Uint8Array(6));
  files["masks/s5.png"] = (files["masks/s5.png"] as Uint8Array).slice(0, 60);
  files["masks/s6.png"] = png(new Uint8Array(SIDE * SIDE));
  const { leftOut, splits } = await report(files);
  assert.deepEqual(leftOut.map(({ reason, files }) => [reason.replace(/: Cannot.*/, ""), ...files]), [
    ["images without a mask", "images/s2.png"],
    ["masks without an image", "masks/s3.png"],
    ["its mask is 3 x 2 pixels, the image 32 x 32", "images/s4.png"],
    ["mask masks/s5.png", "images/s5.png"],
  ]);
  assert.equal(splits.reduce((sum, { images }) => sum + images, 0), 3);
  assert.equal(splits.reduce((sum, { annotated }) => sum + annotated, 0), 2);
});

Deno.test("importDataset: base names stay; where two collide, folders come before them", async () => {
  const files: Files = {};
  for (const n of [1, 2]) {
    files[`case${n}/image.png`] = await image(n);
    files[`case${n}/mask.png`] = png(squares(n, [255]));
  }
  await withSource(files, async (source, output) => {
    await importDataset(source, output, { valid: 0, test: 0 });
    const { images } = await readSplit(output, "train");
    assert.deepEqual(images.map(({ fileName }) => fileName), ["case1_image.png", "case2_image.png"]);
  });
});

Deno.test("importDataset: several masks of one image are its objects, or classes by their names", async () => {
  const files = await pairs(4, { values: [255] });
  for (const n of [1, 2, 3, 4]) {
    files[`masks/s${n}_cup.png`] = png(squares(n + 5, [255]));
    files[`masks/s${n}_disc.png`] = files[`masks/s${n}.png`]!;
    delete files[`masks/s${n}.png`];
  }
  const classes = await report(files, { merge: ["nerve=cup+disc"], classes: ["cup", "nerve"] });
  assert.deepEqual(classes.classes, [{ name: "cup", annotations: 4 }, { name: "nerve", annotations: 8 }]);
});

Deno.test("importDataset: a source that is nothing it knows is refused with what it has", async () => {
  const text = { "a/notes.txt": "x", "a/b.csv": "1" };
  await assert.rejects(report(text), /it has 1 \.csv, 1 \.txt files, none of: .*\nhint: /s);
  await inTempFolder(async (folder) => {
    const output = join(folder, "output");
    await assert.rejects(importDataset(join(folder, "x"), output), /no such file or folder\nhint/);
    await writeFiles(folder, { "x.tar": "abc" });
    await assert.rejects(importDataset(join(folder, "x.tar"), output), /neither a folder nor a zip\nhint/);
  });
});

Deno.test("importDataset: keeps the licences that COCO files and nnU-Net name, each once", async () => {
  const licence = { id: 1, name: "CC BY 4.0", url: "https://creativecommons.org/licenses/by/4.0/" };
  const coco = (name: string, licenses: unknown) =>
    JSON.stringify({
      licenses,
      images: [{ id: 1, file_name: name, width: SIDE, height: SIDE }],
      categories: [{ id: 1, name: "polyp" }],
      annotations: [{ id: 1, image_id: 1, category_id: 1, segmentation: [[1, 1, 9, 1, 9, 9]] }],
    });
  const other = { id: 9, name: "CC0" };
  const files: Files = {
    "train/_annotations.coco.json": coco("a.png", [licence]),
    "train/a.png": await image(1),
    "valid/_annotations.coco.json": coco("b.png", [{ ...licence, id: 2 }, other]),
    "valid/b.png": await image(2),
  };
  const { id: _, ...first } = licence;
  for (const zip of [false, true]) {
    await withSource(files, async (source, output) => {
      await importDataset(source, output);
      for (const split of ["train", "valid"]) {
        const written = await dataLicences(join(output, split, "_annotations.coco.json"));
        assert.deepEqual(written, [first, { name: "CC0", url: "" }]);
      }
    }, zip);
  }
  const nnunet: Files = {
    "dataset.json": JSON.stringify({
      labels: { background: 0, spot: 1 },
      file_ending: ".png",
      licence: "CC-BY-SA",
    }),
    "imagesTr/s1_0000.png": await image(1),
    "labelsTr/s1.png": png(squares(1, [1])),
  };
  await withSource(nnunet, async (source, output) => {
    await importDataset(source, output, { valid: 0, test: 0 });
    const written = await dataLicences(join(output, "train", "_annotations.coco.json"));
    assert.deepEqual(written, [{ name: "CC-BY-SA", url: "" }]);
  });
});
