import assert from "node:assert/strict";
import { join } from "node:path";
import {
  keptBytes,
  keptFolder,
  type KeptImage,
  keptName,
  parseKept,
  pruneKept,
  readKept,
  writeKept,
} from "../../../../src/page/server/dataset/kept_images.ts";
import { inTempFolder } from "../../../support/temp_folder.ts";

const IMAGE: KeptImage = {
  sha256: "ab".repeat(32),
  problem: null,
  grays: Float32Array.from({ length: 1024 }, (_, i) => Math.sin(i)),
  jpeg: Uint8Array.from({ length: 100 }, (_, i) => i),
};

Deno.test("readKept: gives what writeKept kept, and null for what is damaged or not there", () =>
  inTempFolder(async (cache) => {
    const name = keptName("folder", ["a.png", 5, 7]);
    assert.notEqual(keptName("folder", ["a.png", 5, 8]), name);
    assert.equal(await readKept(cache, name), null);
    await writeKept(cache, name, IMAGE);
    assert.deepEqual(await readKept(cache, name), IMAGE);
    const problem = { kind: "missing-image", message: "gone" };
    const unusable = { ...IMAGE, problem, grays: null, jpeg: new Uint8Array() };
    await writeKept(cache, name, unusable);
    assert.deepEqual(await readKept(cache, name), unusable);

    const bytes = keptBytes(IMAGE);
    for (let length = 0; length < bytes.length; length += 97) {
      assert.equal(parseKept(bytes.slice(0, length)), null, `${length} bytes`);
    }
    for (let at = 0; at < bytes.length; at += 41) {
      const damaged = bytes.slice();
      damaged[at]! ^= 0x10;
      const read = parseKept(damaged);
      // A digit of the hash may have become another one.
      assert.ok(read === null || contentOf(read) === contentOf(IMAGE), `byte ${at}`);
    }
  }));

/** What must be right if a damaged file is read at all. */
const contentOf = ({ grays, jpeg }: KeptImage) => `${grays}|${jpeg}`;

Deno.test("pruneKept: removes the oldest files when there are too many", () =>
  inTempFolder(async (cache) => {
    await pruneKept(cache);
    for (let i = 0; i < 6; i++) {
      await writeKept(cache, `${i}`, IMAGE);
      await Deno.utime(join(keptFolder(cache), `${i}`), 1000 + i, 1000 + i);
    }
    await pruneKept(cache, 6);
    assert.equal([...Deno.readDirSync(keptFolder(cache))].length, 6);
    await pruneKept(cache, 5);
    assert.deepEqual([...Deno.readDirSync(keptFolder(cache))].map(({ name }) => name).sort(), ["4", "5"]);
  }));
