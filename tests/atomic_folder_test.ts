import assert from "node:assert/strict";
import { join } from "node:path";
import { isTaken, writeFolderAtomic } from "../src/atomic_folder.ts";
import { filesUnder, inTempFolder } from "./support/temp_folder.ts";

Deno.test("writeFolderAtomic: the folder appears when it is filled, in the place of what was there", () =>
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

Deno.test("writeFolderAtomic: where it fails, what was there stays and nothing else is left", () =>
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

Deno.test("isTaken: also by a link that leads nowhere", () =>
  inTempFolder(async (folder) => {
    await Deno.symlink(join(folder, "none"), join(folder, "link"));
    assert.deepEqual([await isTaken(join(folder, "link")), await isTaken(join(folder, "none"))], [
      true,
      false,
    ]);
  }));
