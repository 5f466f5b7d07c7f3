import assert from "node:assert/strict";
import { join } from "node:path";
import { ifFound, isTaken, listFolder, readJson, removeFile, removeTree } from "../../src/fs/paths.ts";
import { filesUnder, inTempFolder } from "../support/temp_folder.ts";

Deno.test("ifFound: null for a missing path, also below a file; other errors pass", () =>
  inTempFolder(async (folder) => {
    const file = join(folder, "file");
    await Deno.writeTextFile(file, "text");
    assert.equal(await ifFound(Deno.readTextFile(file)), "text");
    for (const path of [join(folder, "none"), join(file, "below")]) {
      assert.equal(await ifFound(Deno.stat(path)), null);
    }
    await assert.rejects(ifFound(Promise.reject(new RangeError("other"))), RangeError);
  }));

Deno.test("isTaken: a broken link takes its name", () =>
  inTempFolder(async (folder) => {
    await Deno.symlink(join(folder, "none"), join(folder, "link"));
    assert.ok(await isTaken(join(folder, "link")));
    assert.ok(!await isTaken(join(folder, "none")));
  }));

Deno.test("removeTree: removes files, full folders and links but not their targets; ignores missing paths", () =>
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

Deno.test("removeFile: ignores a missing file and refuses a full folder", () =>
  inTempFolder(async (folder) => {
    await Deno.mkdir(join(folder, "full"));
    for (const name of ["file", "full/file"]) await Deno.writeTextFile(join(folder, name), "");
    for (const name of ["file", "none"]) await removeFile(join(folder, name));
    await assert.rejects(removeFile(join(folder, "full")));
    assert.deepEqual(await filesUnder(folder), ["full/file"]);
  }));

Deno.test("listFolder: the entries, none for a missing folder", () =>
  inTempFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "file"), "");
    assert.deepEqual((await listFolder(folder)).map(({ name }) => name), ["file"]);
    assert.deepEqual(await listFolder(join(folder, "none")), []);
  }));

Deno.test("readJson: the value, null for a missing or unreadable file", () =>
  inTempFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "good.json"), '{"a": [1]}');
    await Deno.writeTextFile(join(folder, "torn.json"), '{"a": [1');
    assert.deepEqual(await readJson(join(folder, "good.json")), { a: [1] });
    for (const name of ["torn.json", "none.json"]) assert.equal(await readJson(join(folder, name)), null);
  }));
