import assert from "node:assert/strict";
import { join } from "node:path";
import { writeFileAtomic } from "../../src/fs/atomic_file.ts";
import { filesUnder, inTempFolder } from "../support/temp_folder.ts";

Deno.test("writeFileAtomic: replaces a file with text or bytes of any length, proven or not", () =>
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

Deno.test("writeFileAtomic: joins parts", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "file");
    const bytes = Uint8Array.from({ length: 3e6 }, (_, index) => index * 7);
    // Empty, shorter and longer than what is read back at a time.
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

Deno.test("writeFileAtomic: a file that reads back differently does not replace the old one", () =>
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
        await assert.rejects(writeFileAtomic(path, parts, { prove: true }), /reads back differently/);
      } finally {
        Deno.FsFile.prototype.write = write;
      }
      assert.equal(await Deno.readTextFile(path), "old");
      assert.deepEqual(await filesUnder(folder), ["file"]);
    }
  }));

Deno.test("writeFileAtomic: a failure leaves the old content and no temporary file", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "file");
    await Deno.mkdir(path);
    await Deno.writeTextFile(join(path, "inner"), "old");
    await assert.rejects(writeFileAtomic(path, "new", { prove: true }));
    assert.deepEqual(await filesUnder(folder), ["file/inner"]);
  }));
