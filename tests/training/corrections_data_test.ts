/** What a training run reads of corrected masks, and what it leaves out. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { encodeRle } from "../../src/coco/rle.ts";
import { inspectDataset } from "../../src/dataset/inspect.ts";
import { createMask, type Mask } from "../../src/image/mask.ts";
import { drawsOf, type TrainData } from "../../src/training/train_data.ts";
import { command as inspect } from "../../tasks/inspect.ts";
import { CORRECTED, CorrectedDataset, type Listed, SIDE } from "../support/corrected_dataset.ts";
import { squareMask } from "../support/corrections.ts";
import { memoryCollectives } from "../support/memory_collective.ts";
import { runInProcess } from "../support/run_task.ts";

/** The masks of an epoch by the name of their image, once per draw. */
async function drawn(
  data: TrainData,
  names: readonly string[],
  epoch = 1,
): Promise<Map<string, Float32Array[]>> {
  const masks = new Map<string, Float32Array[]>();
  for await (const batch of data.train.read(epoch, 0)) {
    batch.indices.forEach((index, i) => {
      const pixels = SIDE * SIDE;
      const mask = batch.masks.data.slice(i * pixels, (i + 1) * pixels);
      masks.set(names[index]!, [...masks.get(names[index]!) ?? [], mask]);
    });
  }
  return masks;
}

Deno.test("loadData: the trainer sees the newest corrected masks, each three times, and new images among them", () =>
  CorrectedDataset.with(async (fixture) => {
    const images = (await fixture.list("train")).map(({ file_name }) => file_name);
    const square = squareMask(SIDE, 4, 6);
    const newest = squareMask(SIDE, 9, 5);
    await fixture.correct("train", images[1]!, square);
    await fixture.correct("train", images[1]!, newest, { base: 1 });
    await fixture.correct("train", images[2]!, null);
    await fixture.correct("raw", "0.png", square);
    const data = await fixture.load();
    try {
      const { corrections, samples, batches, fingerprint } = data.train;
      assert.deepEqual(corrections, { samples: 3, joined: 1, negatives: 1, oversample: 3 });
      assert.deepEqual([samples, drawsOf(data.train), batches], [11, 17, 5]);
      const masks = await drawn(data, [...images, "raw/0.png"]);
      assert.deepEqual(
        [...images, "raw/0.png"].map((name) => masks.get(name)!.length),
        [1, 3, 3, 1, 1, 1, 1, 1, 1, 1, 3],
      );
      const expected: [string, Mask][] = [
        [images[1]!, newest],
        [images[2]!, createMask({ width: SIDE, height: SIDE })],
        ["raw/0.png", square],
      ];
      for (const [name, mask] of expected) {
        for (const seen of masks.get(name)!) assert.deepEqual(seen, Float32Array.from(mask.data), name);
      }

      // Only the corrected images are prepared again when a mask is corrected, and the file tells them apart.
      await fixture.correct("train", images[2]!, square, { base: 1 });
      fixture.notes.length = 0;
      const again = await fixture.load({ ...CORRECTED, oversample: 1 });
      try {
        assert.notEqual(again.train.fingerprint.sha256, fingerprint.sha256);
        assert.deepEqual(fixture.notes.filter((note) => !note.includes("-corrected-")), []);
        const redrawn = await drawn(again, [...images, "raw/0.png"]);
        assert.deepEqual(redrawn.get(images[2]!), [Float32Array.from(square.data)]);
        // Without weights, the order is that of any split of so many images.
        const plain = await fixture.load({ ...CORRECTED, oversample: 1 });
        const order = async ({ train }: TrainData) => {
          const indices: number[] = [];
          for await (const batch of train.read(2, 0)) indices.push(...batch.indices);
          return indices;
        };
        assert.deepEqual(await order(again), await order(plain));
        for (const split of Object.values(plain)) await split.close();
      } finally {
        for (const split of Object.values(again)) await split.close();
      }
    } finally {
      for (const split of Object.values(data)) await split.close();
    }
  }));

Deno.test("loadData: the shares of ranks are the batches of corrected images, and the fingerprint is that of one rank", () =>
  CorrectedDataset.with(async (fixture) => {
    const [first] = await fixture.list("train");
    await fixture.correct("train", first!.file_name, squareMask(SIDE, 4, 6));
    await fixture.correct("raw", "0.png", squareMask(SIDE, 9, 5));
    const ranks = await Promise.all(
      memoryCollectives(2).map((collective) =>
        fixture.load(CORRECTED, { collective, cacheFolder: fixture.at("ranks") })
      ),
    );
    const one = await fixture.load();
    const all = [...ranks, one];
    try {
      assert.deepEqual(ranks.map(({ train }) => train.fingerprint), [
        one.train.fingerprint,
        one.train.fingerprint,
      ]);
      const served = await Promise.all(all.map(({ train }) => Array.fromAsync(train.read(3, 1))));
      const [left, right, whole] = served.map((batches) => batches.map(({ indices }) => [...indices]));
      assert.deepEqual(left!.map((indices, i) => [...indices, ...right![i]!]), whole);
    } finally {
      for (const data of all) for (const split of Object.values(data)) await split.close();
    }
  }));

Deno.test("loadData: corrections of held-out images, changed files and other datasets are left out, with a line", () =>
  CorrectedDataset.with(async (fixture) => {
    const square = squareMask(SIDE, 4, 6);
    const [train, valid, test] = await Promise.all(
      ["train", "valid", "test"].map((split) => fixture.list(split)),
    );
    await fixture.correct("valid", valid![0]!.file_name, square);
    await fixture.correct("test", test![0]!.file_name, square);
    await fixture.correct("test", test![1]!.file_name, square);
    await fixture.correct("elsewhere", "a.png", square);
    await fixture.correct("train", "lost.png", square);
    await fixture.correct("train", train![0]!.file_name, square);
    // A copy of a test image among the images that nobody annotated.
    await Deno.copyFile(
      join(fixture.data, "test", test![0]!.file_name),
      join(fixture.data, "raw", "copy.png"),
    );
    await fixture.correct("raw", "copy.png", square);
    await fixture.correct("raw", "1.png", square);
    await Deno.copyFile(join(fixture.data, "raw", "0.png"), join(fixture.data, "raw", "1.png"));
    const data = await fixture.load();
    for (const split of Object.values(data)) await split.close();
    assert.deepEqual(data.train.corrections, { samples: 1, joined: 0, negatives: 0, oversample: 3 });
    const { corrections } = await inspectDataset(fixture.data, {
      corrections: [fixture.corrections],
      pixels: false,
    });
    const { leftOut, ...used } = corrections!;
    assert.deepEqual([used, leftOut.length], [{ corrected: 1, joined: 0, negatives: 0 }, 6]);
    const said = await runInProcess(inspect(), [
      fixture.data,
      "--no-pixels",
      "--corrections",
      fixture.corrections,
    ]);
    assert.match(
      said.stdout,
      /^Corrections: 1 image of the train split\.\n {2}1 corrected image is left out, of the valid/m,
    );
    assert.deepEqual(fixture.notes, [
      `1 corrected image is left out, of the valid split, which training must not see: valid/${
        valid![0]!.file_name
      }`,
      `2 corrected images are left out, of the test split, which training must not see: test/${
        test![0]!.file_name
      }, ...`,
      "1 corrected image is left out, of no folder of this dataset: elsewhere/a.png",
      "1 corrected image is left out, whose file is missing: train/lost.png",
      "1 corrected image is left out, whose file is also in the test split, which training must not see: raw/copy.png",
      "1 corrected image is left out, whose file changed since it was corrected: raw/1.png",
    ]);
  }));

Deno.test("loadData: a correction's category must be the dataset's or a class of the run", () =>
  CorrectedDataset.with(async (fixture) => {
    const [{ file_name }] = await fixture.list("train") as [Listed];
    const rle = encodeRle(squareMask(SIDE, 4, 6));
    await fixture.correct("train", file_name, null, { regions: [{ category: "liver", rle }] });
    await assert.rejects(
      fixture.load(),
      /its category "liver" is none of the dataset's "Tumor"\nhint: .*liver=Tumor/,
    );
    // As the hint says.
    const data = await fixture.load({ ...CORRECTED, merge: ["liver=Tumor"] });
    for (const split of Object.values(data)) await split.close();
    assert.equal(data.train.corrections!.samples, 1);
    // As a prediction of a model that names no class.
    await fixture.correct("train", file_name, null, { base: 1, regions: [{ category: "foreground", rle }] });
    const named = await fixture.load();
    for (const split of Object.values(named)) await split.close();
    assert.ok(named.train.annotated > 0);
    // What nobody knows counts in nothing, whatever the dataset lists.
    await fixture.correct("train", file_name, null, { base: 2, regions: [{ category: "ignore", rle }] });
    const ignoring = await fixture.load();
    const masks = await drawn(ignoring, [file_name]);
    for (const split of Object.values(ignoring)) await split.close();
    const ignored = squareMask(SIDE, 4, 6).data.reduce((sum, value) => sum + value, 0);
    assert.equal(masks.get(file_name)![0]!.filter((value) => value === -1).length, ignored);
  }));
