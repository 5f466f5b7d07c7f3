/** Splits that several ranks prepare: each image once, and the same file as on one rank. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { batches } from "../../src/dataset/batches.ts";
import { prepareSplit } from "../../src/dataset/prepare.ts";
import type { PreparedSplit } from "../../src/dataset/prepared_split.ts";
import { readSplit, type Sample } from "../../src/dataset/samples.ts";
import { shareOf } from "../../src/ranks/share.ts";
import { findSplits } from "../../src/dataset/splits.ts";
import { allTexts } from "../../src/training/collective.ts";
import { cocoText, spots, writeFiles } from "../support/coco.ts";
import { memoryCollectives } from "../support/memory_collective.ts";
import { filesUnder, inTempFolder } from "../support/temp_folder.ts";

const SIZE = 32;
const OUTLINE = { segmentation: [[5, 5, 40, 5, 40, 40, 5, 40]] };

async function readSamples(folder: string): Promise<readonly Sample[]> {
  await writeFiles(folder, {
    "train/_annotations.coco.json": cocoText({ width: 64, height: 64, images: 5 }, [OUTLINE]),
    ...Object.fromEntries([1, 2, 3, 4, 5].map((seed) => [`train/${seed}.png`, spots(seed)])),
  });
  await Deno.writeFile(join(folder, "train/4.png"), new Uint8Array(100));
  return (await readSplit((await findSplits(folder))[0]!)).samples;
}

/** Prepares on `size` ranks at once. */
function onRanks(samples: readonly Sample[], cacheFolder: string, size: number): Promise<PreparedSplit[]> {
  return Promise.all(
    memoryCollectives(size).map((collective) =>
      prepareSplit(samples, {
        size: SIZE,
        cacheFolder,
        workers: 1,
        ranks: { rank: collective.rank, size, exchange: (text) => allTexts(collective, text) },
      })
    ),
  );
}

Deno.test("prepareSplit: ranks write the file that one rank writes, and all read it", () =>
  inTempFolder(async (folder) => {
    const samples = await readSamples(folder);
    const [one, many] = [join(folder, "one"), join(folder, "many")];
    for (const cache of [one, many]) await Deno.mkdir(cache);
    await using alone = await prepareSplit(samples, { size: SIZE, cacheFolder: one, workers: 1 });
    const shared = await onRanks(samples, many, 3);
    const [name] = await filesUnder(one);
    assert.deepEqual(await filesUnder(many), [name], "only the whole file stays");
    assert.deepEqual(await Deno.readFile(join(many, name!)), await Deno.readFile(join(one, name!)));
    for (const split of shared) {
      assert.equal(split.store.status, "written");
      assert.equal(split.fingerprint, alone.fingerprint);
      assert.deepEqual(split.problems, alone.problems);
      assert.deepEqual(split.image(3), alone.image(3));
      await split.close();
    }
    for (const split of await onRanks(samples, many, 2)) {
      assert.equal(split.store.status, "kept", "another number of ranks uses the file, too");
      assert.equal(split.count, alone.count);
      await split.close();
    }
  }));

Deno.test("prepareSplit: a record that is damaged in one rank's share is prepared again on all", () =>
  inTempFolder(async (folder) => {
    const samples = await readSamples(folder);
    for (const split of await onRanks(samples, folder, 2)) await split.close();
    const [path] = (await filesUnder(folder)).filter((name) => name.endsWith(".samples"));
    const file = join(folder, path!);
    const bytes = await Deno.readFile(file);
    const broken = bytes.slice();
    broken[100]! ^= 1;
    await Deno.writeFile(file, broken);
    for (const split of await onRanks(samples, folder, 2)) {
      assert.equal(split.store.status, "written");
      await split.close();
    }
    assert.deepEqual(await Deno.readFile(file), bytes);
  }));

Deno.test("batches: the shares of all ranks are the batch, in order; a share may be empty", () =>
  inTempFolder(async (folder) => {
    await using prepared = await prepareSplit(await readSamples(folder), {
      size: SIZE,
      cacheFolder: null,
      workers: 1,
    });
    const read = async (share?: { rank: number; size: number }) => {
      const served = [];
      for await (const batch of batches(prepared, { batchSize: 3, seed: 1, share })) served.push(batch);
      return served;
    };
    const whole = await read();
    assert.deepEqual(whole.map(({ whole }) => whole), [3, 1]);
    for (const size of [2, 5]) {
      const shares = await Promise.all(Array.from({ length: size }, (_, rank) => read({ rank, size })));
      whole.forEach(({ indices, images }, at) => {
        assert.deepEqual(shares.flatMap((share) => [...share[at]!.indices]), [...indices]);
        assert.deepEqual(shares.flatMap((share) => [...share[at]!.images.data]), [...images.data]);
        assert.ok(shares.every((share) => share[at]!.whole === indices.length));
      });
    }
    assert.deepEqual(shareOf(7, { rank: 1, size: 3 }), { first: 2, end: 4 });
  }));
