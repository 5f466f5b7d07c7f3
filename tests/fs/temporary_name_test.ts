import assert from "node:assert/strict";
import { join } from "node:path";
import { isTemporaryName, TemporaryName, temporaryPath } from "../../src/fs/temporary_name.ts";
import { filesUnder, inTempFolder } from "../support/temp_folder.ts";

Deno.test("isTemporaryName: recognizes what a killed writer leaves, and nothing else", () => {
  assert.ok(isTemporaryName("best.safetensors.0123abcd.tmp"));
  assert.ok(isTemporaryName(temporaryPath("best.safetensors")));
  for (const name of ["best.safetensors", "notes.tmp", "a.0123abcd", "a.0123ABCD.tmp", ".tmp"]) {
    assert.ok(!isTemporaryName(name), name);
  }
});

Deno.test("TemporaryName: disposal removes content and lock, and may be repeated", () =>
  inTempFolder(async (folder) => {
    const name = await TemporaryName.claim(join(folder, "deep", "goal"));
    await Deno.mkdir(name.path);
    await Deno.writeTextFile(join(name.path, "file"), "half");
    assert.equal((await filesUnder(folder)).length, 2);
    for (let i = 0; i < 2; i++) await name[Symbol.asyncDispose]();
    assert.deepEqual(await filesUnder(folder), []);
  }));

Deno.test("TemporaryName.claim: removes what lies under a lock that nobody holds, and nothing else", () =>
  inTempFolder(async (folder) => {
    const write = (name: string) => Deno.writeTextFile(join(folder, name), "half");
    const dead = ["goal.0123abcd.lock", "goal.0123abcd.tmp", "goal.4567abcd.lock"];
    // Without a lock file, of other goals, and of no run.
    const kept = [
      "goal.89abcdef.tmp",
      "goal.x.0123abcd.lock",
      "goal.x.0123abcd.tmp",
      "goal.lock",
      "goal.x.lock",
    ];
    for (const name of [...dead, ...kept]) await write(name);
    const first = await TemporaryName.claim(join(folder, "goal"));
    const second = await TemporaryName.claim(join(folder, "goal"));
    for (const { path } of [first, second]) await Deno.writeTextFile(path, "alive");
    const third = await TemporaryName.claim(join(folder, "goal"));
    for (const { path } of [first, second]) assert.equal(await Deno.readTextFile(path), "alive");
    for (const name of [first, second, third]) await name[Symbol.asyncDispose]();
    assert.deepEqual(await filesUnder(folder), kept.sort());
  }));

Deno.test("TemporaryName: what cannot be removed is left to a later run", () =>
  inTempFolder(async (folder) => {
    const goal = join(folder, "goal");
    const name = await TemporaryName.claim(goal, () => Promise.reject(new Error("in use")));
    await Deno.writeTextFile(name.path, "half");
    await name[Symbol.asyncDispose]();
    assert.equal((await filesUnder(folder)).length, 2);
    await (await TemporaryName.claim(goal))[Symbol.asyncDispose]();
    assert.deepEqual(await filesUnder(folder), []);
  }));

Deno.test("TemporaryName: concurrent claims do not remove each other's files and leave nothing", () =>
  inTempFolder(async (folder) => {
    const goal = join(folder, "goal");
    await Promise.all(Array.from({ length: 40 }, async (_, i) => {
      await using name = await TemporaryName.claim(goal);
      await Deno.writeTextFile(name.path, `${i}`);
      await (await TemporaryName.claim(goal))[Symbol.asyncDispose]();
      assert.equal(await Deno.readTextFile(name.path), `${i}`);
    }));
    assert.deepEqual(await filesUnder(folder), []);
  }));
