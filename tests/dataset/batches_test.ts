/** Batches of a prepared split: every sample once, in an order that seed and epoch determine, assembled ahead. */
import assert from "node:assert/strict";
import {
  type Batch,
  batches,
  type BatchOptions,
  encodeJpeg,
  findSplits,
  type PreparedSplit,
  prepareSplit,
  readSplit,
} from "../../mod.ts";
import { shuffled } from "../../src/random.ts";
import { cocoText, spots, writeFiles } from "../support/coco.ts";
import { inTempFolder } from "../support/temp_folder.ts";

const SIZE = 16;
const COUNT = 11;

/** Runs `body` with a prepared split of eleven images, on disk or in memory. */
function inPrepared(
  where: "disk" | "memory",
  body: (prepared: PreparedSplit) => Promise<void>,
): Promise<void> {
  return inTempFolder(async (folder) => {
    const images: [string, Uint8Array][] = [];
    for (let i = 0; i < COUNT; i++) images.push([`train/${i + 1}.png`, await encodeJpeg(spots(i), 90)]);
    await writeFiles(folder, {
      "train/_annotations.coco.json": cocoText(
        { width: 64, height: 64, images: COUNT },
        images.map((_, i) => ({
          image_id: i + 1,
          segmentation: [[0, 0, 5 * i + 3, 0, 5 * i + 3, 50, 0, 50]],
        })),
      ),
      ...Object.fromEntries(images),
    });
    const { samples } = await readSplit((await findSplits(folder))[0]!);
    const cacheFolder = where === "disk" ? `${folder}/.cache` : null;
    await using prepared = await prepareSplit(samples, { size: SIZE, cacheFolder, workers: 1 });
    await body(prepared);
  });
}

async function collect(prepared: PreparedSplit, options: BatchOptions): Promise<Batch[]> {
  return await Array.fromAsync(batches(prepared, options));
}

function orderOf(all: readonly Batch[]): number[] {
  return all.flatMap(({ indices }) => [...indices]);
}

for (const where of ["disk", "memory"] as const) {
  Deno.test(`batches: from ${where}, yields every sample once, the last batch short, equal to image() and labelMap()`, () =>
    inPrepared(where, async (prepared) => {
      const all = await collect(prepared, { batchSize: 4, seed: 5, epoch: 2 });
      assert.deepEqual(orderOf(all), [...shuffled(COUNT, 5, 2)]);
      assert.deepEqual(all.map(({ images }) => images.shape), [
        [4, 3, SIZE, SIZE],
        [4, 3, SIZE, SIZE],
        [3, 3, SIZE, SIZE],
      ]);
      for (const { images, masks, indices } of all) {
        assert.deepEqual(masks.shape, [indices.length, 1, SIZE, SIZE]);
        assert.equal(images.data.length, indices.length * 3 * SIZE ** 2);
        indices.forEach((index, i) => {
          const part = (data: Float32Array, length: number) => data.subarray(i * length, (i + 1) * length);
          assert.deepEqual(part(images.data, 3 * SIZE ** 2), prepared.image(index).data);
          assert.deepEqual(part(masks.data, SIZE ** 2), Float32Array.from(prepared.labelMap(index).data));
        });
      }
    }));
}

Deno.test("batches: only seed and epoch determine the order, and a run can resume within an epoch", () =>
  inPrepared("memory", async (prepared) => {
    const options = { batchSize: 3, seed: 1, epoch: 4 };
    const whole = await collect(prepared, options);
    assert.deepEqual(await collect(prepared, options), whole);
    const rest = await collect(prepared, { ...options, firstBatch: 2, prefetch: 0 });
    assert.deepEqual(rest, whole.slice(2));
    assert.deepEqual(await collect(prepared, { ...options, firstBatch: 4 }), []);
    assert.notDeepEqual(orderOf(await collect(prepared, { ...options, epoch: 5 })), orderOf(whole));
    assert.notDeepEqual(orderOf(await collect(prepared, { ...options, seed: 2 })), orderOf(whole));
    const plain = await collect(prepared, { batchSize: 100, shuffle: false });
    assert.deepEqual(orderOf(plain), Array.from({ length: COUNT }, (_, i) => i));
  }));

Deno.test("batches: assembles the requested number ahead, and no more", async () => {
  let asked = 0;
  const batch = (indices: ArrayLike<number>) => {
    asked++;
    return Promise.resolve({ indices: Uint32Array.from(indices) } as Batch);
  };
  const prepared = { count: 40, batch } as unknown as PreparedSplit;
  const iterator = batches(prepared, { batchSize: 4, prefetch: 3 });
  assert.equal(asked, 0);
  await iterator.next();
  assert.equal(asked, 5, "one in use, three ahead, and the replacement of the first");
  await iterator.next();
  assert.equal(asked, 6);
  await iterator.return();
  assert.equal(asked, 6);
});

Deno.test("batches: a batch that fails throws its error when it is due, not before", async () => {
  const batch = (indices: ArrayLike<number>) =>
    indices[0] === 2
      ? Promise.reject(new Error("the disk failed"))
      : Promise.resolve({ indices: Uint32Array.from(indices) } as Batch);
  const prepared = { count: 6, batch } as unknown as PreparedSplit;
  const iterator = batches(prepared, { batchSize: 2, shuffle: false });
  assert.deepEqual([...(await iterator.next()).value!.indices], [0, 1]);
  await assert.rejects(iterator.next(), /the disk failed/);
});

Deno.test("batches: rejects invalid options", () => {
  const prepared = { count: 4 } as PreparedSplit;
  const wrong: Partial<BatchOptions>[] = [
    { batchSize: 0 },
    { batchSize: 2.5 },
    { seed: -1 },
    { epoch: NaN },
    { firstBatch: -1 },
    { prefetch: Infinity },
  ];
  for (const options of wrong) {
    assert.throws(() => batches(prepared, { batchSize: 2, ...options }), RangeError);
  }
});
