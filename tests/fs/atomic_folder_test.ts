import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { writeFolderAtomic } from "../../src/fs/atomic_folder.ts";
import { isTaken } from "../../src/fs/paths.ts";
import { filesUnder, inTempFolder } from "../support/temp_folder.ts";

Deno.test("writeFolderAtomic: the folder appears when it is complete and replaces the old one", () =>
  inTempFolder(async (parent) => {
    const path = join(parent, "deep", "folder");
    for (const name of ["first", "second"]) {
      await writeFolderAtomic(`${path}/`, async (folder) => {
        await Deno.writeTextFile(join(folder, name), name);
        assert.equal(await isTaken(join(path, name)), false);
      });
      assert.deepEqual(await filesUnder(parent), [`deep/folder/${name}`]);
    }
  }));

Deno.test("writeFolderAtomic: a failure leaves the old folder and nothing else", () =>
  inTempFolder(async (parent) => {
    const path = join(parent, "folder");
    const fail = (folder: string) => {
      Deno.writeTextFileSync(join(folder, "half"), "");
      return Promise.reject(new Error("stop"));
    };
    await assert.rejects(writeFolderAtomic(path, fail), /^Error: stop$/);
    assert.deepEqual([...Deno.readDirSync(parent)], []);
    await Deno.mkdir(path);
    await Deno.writeTextFile(join(path, "old"), "");
    await assert.rejects(writeFolderAtomic(path, fail), /^Error: stop$/);
    assert.deepEqual(await filesUnder(parent), ["folder/old"]);
  }));

Deno.test("writeFolderAtomic: a run killed between its two renames loses neither folder", () =>
  inTempFolder(async (parent) => {
    const path = join(parent, "folder");
    for (const name of [".folder.0123abcd.tmp.old/old", ".folder.0123abcd.tmp/new"]) {
      await Deno.mkdir(dirname(join(parent, name)));
      await Deno.writeTextFile(join(parent, name), "");
    }
    await Deno.writeTextFile(join(parent, ".folder.0123abcd.lock"), "");
    await assert.rejects(writeFolderAtomic(path, () => Promise.reject(new Error("stop"))), /^Error: stop$/);
    assert.deepEqual(await filesUnder(parent), ["folder/old"]);
    await writeFolderAtomic(path, (folder) => Deno.writeTextFile(join(folder, "new"), ""));
    assert.deepEqual(await filesUnder(parent), ["folder/new"]);
  }));
