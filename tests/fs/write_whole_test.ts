import assert from "node:assert/strict";
import { join } from "node:path";
import { appendWholeSync, writeWhole, writeWholeSync } from "../../src/fs/write_whole.ts";
import { inTempFolder } from "../support/temp_folder.ts";

/** An open file that takes at most three bytes per call, and fails after `room` bytes. */
async function reluctantFile(path: string, room = Infinity): Promise<Deno.FsFile> {
  const file = await Deno.open(path, { write: true, create: true });
  const write = file.writeSync.bind(file);
  let left = room;
  file.writeSync = (bytes) => {
    if (left <= 0) throw new Error("no room");
    const count = write(bytes.subarray(0, Math.min(3, left)));
    left -= count;
    return count;
  };
  file.write = (bytes) => Promise.resolve(file.writeSync(bytes));
  return file;
}

const BYTES = Uint8Array.from({ length: 10 }, (_, index) => index);

Deno.test("writeWhole, writeWholeSync: write all bytes over as many calls as it takes", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "file");
    using file = await reluctantFile(path);
    await writeWhole(file, BYTES);
    writeWholeSync(file, BYTES);
    assert.deepEqual(await Deno.readFile(path), Uint8Array.of(...BYTES, ...BYTES));
  }));

Deno.test("appendWholeSync: a failure leaves the file as it was, ready for the next append", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "file");
    using file = await reluctantFile(path, 15);
    appendWholeSync(file, 0, BYTES);
    assert.throws(() => appendWholeSync(file, 10, BYTES), /no room/);
    assert.deepEqual(await Deno.readFile(path), BYTES);
    assert.equal(await file.seek(0, Deno.SeekMode.Current), 10);
  }));
