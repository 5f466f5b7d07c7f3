import assert from "node:assert/strict";
import { join } from "node:path";
import { imageFacts, readProfile } from "../../../src/training/auto/read_profile.ts";
import { cocoText, paint, spots, writeFiles } from "../../support/coco.ts";
import { deepPng } from "../../support/deep_images.ts";
import { inTempFolder } from "../../support/temp_folder.ts";
import { tinyData } from "../../support/tiny_data.ts";

const square = (image: number, x: number, y: number, side: number) => ({
  image_id: image,
  segmentation: [[x, y, x + side, y, x + side, y + side, x, y + side]],
});

Deno.test("readProfile: counts, sizes, depth, objects and shared images, the same each time", () =>
  inTempFolder(async (folder) => {
    await writeFiles(folder, {
      "train/_annotations.coco.json": cocoText({ width: 64, height: 48, images: 4 }, [
        square(1, 8, 8, 16),
        square(1, 40, 8, 16),
        square(2, 20, 20, 16),
        // Its file is damaged.
        square(4, 20, 20, 16),
      ]),
      "train/1.png": deepPng(64, 48, (x, y) => 100 * x + y),
      "train/2.png": deepPng(64, 48, (x, y) => 9 * ((x - 40) ** 2 + (y - 20) ** 2)),
      "train/3.png": deepPng(64, 48, (x, y) => 90 * y + x * x),
      "train/4.png": "damaged",
      "valid/_annotations.coco.json": cocoText({ width: 64, height: 48 }, [square(1, 0, 0, 8)]),
      "valid/1.png": deepPng(64, 48, (x, y) => 100 * x + y),
    });
    const profile = await readProfile(folder, { seconds: 60 });
    assert.deepEqual(await readProfile(folder, { seconds: 60 }), profile);
    assert.deepEqual(profile.images, { train: 4, valid: 1, annotated: 3, looked: 3 });
    assert.deepEqual([profile.channels, profile.bits, profile.classes], [1, 16, 1]);
    assert.deepEqual([profile.sizes.different, profile.sizes.pixels], [1, 64 * 48]);
    assert.deepEqual(profile.objects!.count, { low: 1, median: 1.5, high: 2 });
    assert.ok(Math.abs(profile.objects!.diameter.median - 16) < 5, `${profile.objects!.diameter.median}`);
    assert.deepEqual(profile.foreground!.high, Number((512 / 3072).toPrecision(4)));
    assert.deepEqual(profile.duplicates, { train: 0, shared: 1 });
    assert.equal(profile.mirrored, null);
  }));

Deno.test("readProfile: takes what has no foreground, colors, and phantoms, and stops when told to", () =>
  inTempFolder(async (folder) => {
    const text = cocoText({ width: 64, height: 64, images: 2 }, []);
    const colored = paint(64, 64, (x) => x);
    for (let at = 0; at < colored.data.length; at += 3) colored.data[at] = 200;
    await writeFiles(folder, {
      "train/_annotations.coco.json": text,
      "train/1.png": colored,
      "train/2.png": spots(2),
      "valid/_annotations.coco.json": text,
      "valid/1.png": spots(3),
      "valid/2.png": spots(4),
    });
    const empty = await readProfile(folder, { seconds: 60 });
    assert.deepEqual([empty.foreground, empty.objects, empty.images.annotated], [null, null, 0]);
    assert.deepEqual([empty.channels, empty.bits, empty.images.looked], [3, 8, 2]);
    await assert.rejects(readProfile(join(folder, "train"), { seconds: 60 }), /Cannot find a dataset/);

    const { dataFolder } = await tinyData();
    const phantoms = await readProfile(dataFolder, { seconds: 60 });
    assert.ok(phantoms.objects!.smallestClass > 0.1 && phantoms.objects!.smallestClass < 0.3);
    assert.equal(phantoms.channels, 1);
    const signal = AbortSignal.abort(new Error("enough"));
    await assert.rejects(readProfile(dataFolder, { seconds: 60, signal }), /^Error: enough$/);
  }));

Deno.test("imageFacts: moments of all columns, whatever divides the width", () => {
  // Of 2^18 pixels a fourth is looked at, and every fourth column is bright.
  const image = { width: 512, height: 512, channels: 1, bits: 8, range: null } as const;
  const data = Uint8Array.from({ length: 512 * 512 }, (_, pixel) => pixel % 4 === 0 ? 200 : 0);
  const { mean, deviation, colored } = imageFacts({ ...image, data });
  assert.ok(Math.abs(mean - 50) < 1 && Math.abs(deviation - Math.sqrt(7500)) < 1, `${mean} ${deviation}`);
  assert.equal(colored, false);
});
