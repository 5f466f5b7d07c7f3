import assert from "node:assert/strict";
import { join } from "node:path";
import { isTaken, removeTree } from "../../src/fs/paths.ts";
import { filesUnder, inTempFolder } from "../support/temp_folder.ts";

Deno.test("isTaken: also by a link that leads nowhere", () =>
  inTempFolder(async (folder) => {
    await Deno.symlink(join(folder, "none"), join(folder, "link"));
    assert.deepEqual([await isTaken(join(folder, "link")), await isTaken(join(folder, "none"))], [
      true,
      false,
    ]);
  }));

Deno.test("removeTree: files, full folders, links without what they lead to, and nothing at all", () =>
  inTempFolder(async (folder) => {
    await Deno.mkdir(join(folder, "kept"));
    await Deno.mkdir(join(folder, "full", "inner"), { recursive: true });
    for (const name of ["kept/file", "full/inner/file", "file"]) {
      await Deno.writeTextFile(join(folder, name), "");
    }
    await Deno.symlink(join(folder, "kept"), join(folder, "link"));
    for (const name of ["file", "full", "link", "none"]) await removeTree(join(folder, name));
    assert.deepEqual(await filesUnder(folder), ["kept/file"]);
  }));
