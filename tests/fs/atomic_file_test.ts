import assert from "node:assert/strict";
import { join } from "node:path";
import { writeFailure, writeFileAtomic } from "../../src/fs/atomic_file.ts";
import { filesUnder, inTempFolder } from "../support/temp_folder.ts";

Deno.test("writeFileAtomic: writes texts and bytes of any length, proven or not, over what was there", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "deep", "file");
    for (const length of [0, 1, 2 ** 20, 2 ** 20 + 1, 3e6]) {
      const bytes = Uint8Array.from({ length }, (_, index) => index * 7);
      for (const prove of [false, true]) {
        await writeFileAtomic(path, bytes, { prove });
        assert.deepEqual(await Deno.readFile(path), bytes);
      }
    }
    await writeFileAtomic(path, "text");
    assert.equal(await Deno.readTextFile(path), "text");
    assert.deepEqual(await filesUnder(folder), ["deep/file"]);
  }));

Deno.test("writeFileAtomic: parts stand one after the other", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "file");
    const bytes = Uint8Array.from({ length: 3e6 }, (_, index) => index * 7);
    // Of no byte, of fewer and of more than are read back at a time.
    const parts = [
      bytes.subarray(0, 5),
      bytes.subarray(5, 5),
      bytes.subarray(5, 2 ** 21 + 6),
      bytes.subarray(2 ** 21 + 6),
    ];
    for (const prove of [false, true]) {
      await writeFileAtomic(path, parts, { prove });
      assert.deepEqual(await Deno.readFile(path), bytes);
    }
  }));

Deno.test("writeFileAtomic: what reads back as something else does not take the old file's place", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "file");
    await writeFileAtomic(path, "old");
    const write = Deno.FsFile.prototype.write;
    const parts = [new Uint8Array(2 ** 20).fill(1), new Uint8Array(100).fill(2)];
    // A disk that loses a byte, one that changes one, and one that adds one.
    for (
      const spoil of [
        (bytes: Uint8Array) => bytes.length === 100 ? bytes.subarray(1) : bytes,
        (bytes: Uint8Array) => bytes.with(bytes.length - 1, 3),
        (bytes: Uint8Array) => bytes.length === 100 ? Uint8Array.of(...bytes, 2) : bytes,
      ]
    ) {
      Deno.FsFile.prototype.write = async function (bytes) {
        await write.call(this, spoil(bytes));
        return bytes.length;
      };
      try {
        await assert.rejects(writeFileAtomic(path, parts, { prove: true }), /reads back as something else/);
      } finally {
        Deno.FsFile.prototype.write = write;
      }
      assert.equal(await Deno.readTextFile(path), "old");
      assert.deepEqual(await filesUnder(folder), ["file"]);
    }
  }));

Deno.test("writeFileAtomic: where it fails, what was there stays and nothing else is left", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "file");
    await Deno.mkdir(path);
    await Deno.writeTextFile(join(path, "inner"), "old");
    await assert.rejects(writeFileAtomic(path, "new", { prove: true }));
    assert.deepEqual(await filesUnder(folder), ["file/inner"]);
  }));

Deno.test("writeFailure: errors of the system get the path, others and refused permissions stay as they are", () => {
  const full = Object.assign(new Error("No space left on device (os error 28)"), { code: "ENOSPC" });
  const failure = writeFailure("runs/a/test.json", full) as Error & { code: string };
  assert.equal(failure.message, "Cannot write runs/a/test.json: No space left on device (os error 28)");
  assert.deepEqual([failure.cause, failure.code], [full, "ENOSPC"]);
  const mine = [new Error("mine"), Object.assign(new Error("exit 130"), { code: 130 })];
  for (const error of [...mine, new Deno.errors.NotCapable("Requires write access")]) {
    assert.equal(writeFailure("a", error), error);
  }
});
