import assert from "node:assert/strict";
import { join } from "node:path";
import { decodeImage, readCoco, writeMasks } from "../../mod.ts";
import { decodeLabelImage } from "../../src/image/decode.ts";
import { writeClassDataset } from "../support/class_dataset.ts";
import { cocoText, spots, writeFiles } from "../support/coco.ts";
import { filesUnder, inTempFolder } from "../support/temp_folder.ts";

const FILE = "_annotations.coco.json";
const SIZE = { width: 64, height: 64 };
const SQUARE = [[8, 8, 40, 8, 40, 30, 8, 30]];

function dataset(annotations: readonly Record<string, unknown>[], images = 3): string {
  return cocoText({ ...SIZE, images }, annotations);
}

Deno.test("writeMasks: draws one PNG per image, and later only outdated ones", () =>
  inTempFolder(async (folder) => {
    const output = join(folder, "masks");
    const first = dataset([{ segmentation: SQUARE }, { image_id: 3, segmentation: [] }]);
    await writeFiles(folder, {
      [`train/${FILE}`]: first,
      "train/1.png": spots(1),
      "train/2.png": spots(2),
      "train/3.png": spots(3),
    });
    const run = async (options = {}) => {
      const { written, kept, removed, problems } = await writeMasks(folder, output, options);
      return [written, kept, removed, problems.length];
    };
    assert.deepEqual(await run(), [2, 0, 0, 1]);
    assert.deepEqual(await filesUnder(output), ["manifest.json", "train/1.png", "train/2.png"]);
    const mask = readCoco(first).mask(1).data;
    const { data } = await decodeImage(await Deno.readFile(join(output, "train/1.png")));
    assert.deepEqual(
      data,
      Uint8Array.from({ length: 3 * mask.length }, (_, i) => 255 * mask[Math.floor(i / 3)]!),
    );
    const manifest = JSON.parse(await Deno.readTextFile(join(output, "manifest.json")));
    assert.deepEqual(Object.keys(manifest.masks), ["train/1.png", "train/2.png"]);
    assert.equal(manifest.masks["train/1.png"].foregroundPixels, mask.reduce((sum, value) => sum + value, 0));

    assert.deepEqual(await run(), [0, 2, 0, 1]);
    // Changed annotations, a damaged file, and a damaged manifest.
    await writeFiles(folder, {
      [`train/${FILE}`]: dataset([{ segmentation: [SQUARE[0]!.map((at) => at / 2)] }]),
    });
    assert.deepEqual(await run(), [2, 1, 0, 0]);
    await writeFiles(output, { "train/2.png": "half" });
    assert.deepEqual(await run(), [1, 2, 0, 0]);
    await writeFiles(output, { "manifest.json": "{" });
    assert.deepEqual(await run(), [3, 0, 0, 0]);
    // Images that were removed, or are now skipped.
    await writeFiles(folder, { [`train/${FILE}`]: dataset([{ segmentation: SQUARE }], 2) });
    assert.deepEqual(await run(), [1, 1, 1, 0]);
    assert.deepEqual(await run({ unannotated: "skip" }), [0, 1, 1, 0]);
    assert.deepEqual(await filesUnder(output), ["manifest.json", "train/1.png"]);
  }));

Deno.test("writeMasks: separates images that differ only in their extension", () =>
  inTempFolder(async (folder) => {
    const json = dataset([{ segmentation: SQUARE }], 2);
    await writeFiles(folder, {
      [`val/${FILE}`]: json.replace("1.png", "1.bmp").replace("2.png", "1.tiff"),
      "val/1.bmp": spots(1),
      "val/1.tiff": spots(2),
    });
    const { written, output } = await writeMasks(folder, join(folder, "masks"));
    assert.equal(written, 2);
    assert.deepEqual(await filesUnder(output), ["manifest.json", "val/1.bmp.png", "val/1.tiff.png"]);
  }));

Deno.test("writeMasks: writes nothing among the images, outside its folder, or with strict and a problem", () =>
  inTempFolder(async (folder) => {
    await writeFiles(folder, {
      [`train/${FILE}`]: dataset([{ segmentation: [] }], 1),
      "train/1.png": spots(1),
      "keep.png": "mine",
      "masks/manifest.json": JSON.stringify({ version: 2, masks: { "../keep.png": {}, "train/x.txt": {} } }),
      "masks/train/x.txt": "mine",
    });
    const before = await filesUnder(folder);
    await assert.rejects(writeMasks(folder, folder), /the images are in that folder\nhint: /);
    await assert.rejects(writeMasks(folder, join(folder, "masks"), { strict: true }), /1 problem \(strict\)/);
    assert.deepEqual(await filesUnder(folder), before);
    const { removed } = await writeMasks(folder, join(folder, "masks"));
    assert.equal(removed, 0);
    assert.deepEqual(await filesUnder(folder), before);
  }));

Deno.test("writeMasks: several classes are indices of a palette, and a gray mask each where they overlap", () =>
  inTempFolder(async (folder) => {
    const truth = await writeClassDataset(folder, { ignored: true, splits: { train: 3 } });
    const output = join(folder, "masks");
    const { written, classes } = await writeMasks(folder, output);
    assert.deepEqual([written, classes], [3, ["disc", "cup", "vessel"]]);
    const png = await decodeLabelImage(await Deno.readFile(join(output, "train/1.png")));
    assert.deepEqual([png.kind, png.data], ["index", truth.get("train/1.png")!.data]);
    const colors = [0, 0, 0, 230, 159, 0, 86, 180, 233, 0, 158, 115];
    assert.deepEqual([...png.palette!.subarray(0, 12)], colors);
    assert.equal((await writeMasks(folder, output)).kept, 3);
    const swapped = await writeMasks(folder, output, { classes: { classes: ["cup", "disc", "vessel"] } });
    assert.equal(swapped.written, 3);
    const one = await writeMasks(folder, output, { classes: { binary: true } });
    const gray = await decodeLabelImage(await Deno.readFile(join(output, "train/1.png")));
    assert.deepEqual([one.classes.length, gray.kind, [...new Set(gray.data)].sort()], [1, "grey", [
      0,
      128,
      255,
    ]]);

    await writeClassDataset(folder, { overlap: true, splits: { train: 1 } });
    const apart = await writeMasks(folder, output);
    assert.deepEqual([apart.written, apart.removed], [3, 3]);
    assert.deepEqual(
      (await filesUnder(output)).slice(1),
      ["cup", "disc", "vessel"].map((name) => `train/${name}/1.png`),
    );
    const disc = await decodeLabelImage(await Deno.readFile(join(output, "train/disc/1.png")));
    assert.equal(disc.data.filter((value) => value === 255).length, 24 * 24);
  }));
