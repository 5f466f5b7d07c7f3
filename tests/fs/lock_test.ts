import assert from "node:assert/strict";
import { join } from "node:path";
import { takeLock } from "../../src/fs/lock.ts";
import { inTempFolder } from "../support/temp_folder.ts";

Deno.test("takeLock: one holder at a time, released when the file is closed", () =>
  inTempFolder(async (folder) => {
    const open = () => Deno.open(join(folder, "lock"), { write: true, create: true });
    const first = await open();
    using second = await open();
    assert.deepEqual([await takeLock(first), await takeLock(second)], [true, false]);
    first.close();
    assert.ok(await takeLock(second));
  }));

Deno.test("takeLock: a file system without locks does not stop anybody", () =>
  inTempFolder(async (folder) => {
    using file = await Deno.open(join(folder, "lock"), { write: true, create: true });
    file.tryLock = () => Promise.reject(new Error("No locks available (os error 37)"));
    assert.ok(await takeLock(file));
  }));
