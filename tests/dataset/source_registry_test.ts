/** The registry of dataset sources, and the contract that every source keeps. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { findSplits } from "../../mod.ts";
import { Folder } from "../../src/dataset/folder.ts";
import { roleOf } from "../../src/dataset/roles.ts";
import { openSplit, SOURCES } from "../../src/dataset/source_registry.ts";
import { cocoText, writeFiles } from "../support/coco.ts";
import { inTempFolder } from "../support/temp_folder.ts";

/** A small dataset of each source: files, and what its training split lists. */
const DATASETS: { [source: string]: { files: Record<string, string>; names: string[] } } = {
  coco: {
    files: {
      "train/_annotations.coco.json": cocoText({ width: 8, height: 6, images: 2 }, [
        { segmentation: [[0, 0, 4, 0, 4, 3, 0, 3]] },
      ]),
      "test/_annotations.coco.json": cocoText({ width: 8, height: 6 }, []),
    },
    names: ["1.png", "2.png"],
  },
};

for (const source of SOURCES) {
  Deno.test(`SOURCES: ${source.name} detects its own datasets, and its listing draws label maps`, () =>
    inTempFolder(async (folder) => {
      const { files, names } = DATASETS[source.name]!;
      await writeFiles(folder, files);
      const splits = await source.detect(await Folder.read(folder));
      assert.deepEqual(splits.map(({ role, source }) => [role, source]).sort(), [
        ["test", source.name],
        ["train", source.name],
      ]);
      const root = await Deno.realPath(folder);
      assert.deepEqual(
        new Set(await findSplits(folder)),
        new Set(splits.map((split) => ({ ...split, root }))),
      );
      const listing = await openSplit(splits.find(({ role }) => role === "train")!);
      assert.deepEqual(listing.images.map(({ fileName }) => fileName), names);
      assert.deepEqual([...listing.fileNames], names);
      const keys = await Promise.all(listing.images.map(async (image) => {
        const { width, height, data } = await image.labelMap();
        assert.deepEqual([width, height, data.length], [image.width, image.height, width * height]);
        assert.equal(data.some((label) => label > 0), image.state === "annotated");
        assert.match(await image.labelKey(), /^[0-9a-f]{64}$/);
        assert.equal(image.categoryIds.length > 0, image.state === "annotated");
        return image.labelKey();
      }));
      assert.equal(new Set(keys).size, keys.length, "other annotations, another key");
      await writeFiles(folder, { "plain/a.txt": "" });
      assert.deepEqual(await source.detect(await Folder.read(join(folder, "plain"))), []);
    }));
}

Deno.test("SOURCES: names are unique, and each has a dataset in this test", () => {
  assert.deepEqual(SOURCES.map(({ name }) => name).sort(), Object.keys(DATASETS).sort());
  assert.equal(new Set(SOURCES.map(({ name }) => name)).size, SOURCES.length);
});

Deno.test("openSplit: rejects a split without annotations and one of an unknown source", () => {
  for (const source of [null, "unknown"]) {
    const split = { name: "raw", role: "other", folder: "raw", annotationFile: null, source } as const;
    assert.throws(
      () => openSplit(split),
      /^Error: Cannot read split "raw": its folder has no annotation file$/,
    );
  }
});

Deno.test("roleOf: recognizes the usual folder names in any case", () => {
  for (const name of ["train", "Training", "TRAIN"]) assert.equal(roleOf(name), "train");
  for (const name of ["valid", "val", "Validation"]) assert.equal(roleOf(name), "valid");
  for (const name of ["test", "testing"]) assert.equal(roleOf(name), "test");
  for (const name of ["", "trained", "images", "other"]) assert.equal(roleOf(name), "other");
});

Deno.test("Folder: lists files and folders sorted, follows links, hides hidden and broken entries", () =>
  inTempFolder(async (folder) => {
    await writeFiles(folder, { "b.txt": "", "a.txt": "", "sub/c.txt": "", ".hidden/d.txt": "", ".e": "" });
    await Deno.symlink(join(folder, "sub"), join(folder, "link"));
    await Deno.symlink(join(folder, "gone"), join(folder, "broken"));
    const listed = await Folder.read(folder);
    assert.deepEqual([listed.files, listed.folders], [["a.txt", "b.txt"], ["link", "sub"]]);
    assert.deepEqual((await listed.child("link")).files, ["c.txt"]);
    await assert.rejects(Folder.read(join(folder, "a.txt")), /is not a folder\nhint: /);
  }));
