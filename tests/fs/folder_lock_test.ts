/** Locks of folders: between processes of this machine, and between machines whose file system grants both. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { FolderLock, HeldError } from "../../src/fs/folder_lock.ts";
import { formatBeat } from "../../src/fs/heartbeat.ts";
import { filesUnder, inTempFolder } from "../support/temp_folder.ts";

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

Deno.test("FolderLock: one holder at a time; it counts while it lives, and leaves nothing", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "lock");
    const first = await FolderLock.take(path);
    await first.confirmed;
    first.beat();
    await assert.rejects(FolderLock.take(path), HeldError);
    const before = await Deno.readTextFile(path);
    const until = Date.now() + 5000;
    while (await Deno.readTextFile(path) === before && Date.now() < until) await pause(20);
    assert.notEqual(await Deno.readTextFile(path), before);
    await first.check();
    await first[Symbol.asyncDispose]();
    assert.deepEqual(await filesUnder(folder), []);
    await using again = await FolderLock.take(path);
    await again.confirmed;
  }));

Deno.test("FolderLock: a token of another machine that still counts is respected, one that stands still is not", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "lock");
    // No process of this machine has the lock: the file is what another machine writes.
    const write = (count: number) => Deno.writeFileSync(path, formatBeat("other", count));
    write(1);
    const lock = await FolderLock.take(path);
    await pause(200);
    write(2);
    await assert.rejects(lock.confirmed, HeldError);
    await lock[Symbol.asyncDispose]();
    assert.match(await Deno.readTextFile(path), /^other .*2$/m);

    const old = new Date(Date.now() - 60_000);
    await Deno.utime(path, old, old);
    const since = performance.now();
    const heir = await FolderLock.take(path);
    await heir.confirmed;
    assert.ok(performance.now() - since < 1500, "an old file needs no wait");
    await heir.check();

    // Taken over while it stood still.
    write(3);
    await assert.rejects(heir.check(), HeldError);
    await heir[Symbol.asyncDispose]();
    assert.match(await Deno.readTextFile(path), /^other .*3$/m);
  }));
