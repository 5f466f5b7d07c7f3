/** Training runs that start from a model and learn from corrected masks. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { encodeRle } from "../../src/coco/rle.ts";
import { appendCorrection, type CorrectionRecord } from "../../src/dataset/corrections.ts";
import { hashBytes } from "../../src/fs/hash_bytes.ts";
import { createMask, type Mask } from "../../src/image/mask.ts";
import { makePhantom } from "../../src/phantom/phantom.ts";
import { planRun } from "../../src/training/plan_run.ts";
import { completeTrainConfig } from "../../src/training/recipe.ts";
import { reopenRunFolder } from "../../src/training/run_folder.ts";
import { drawsOf, loadData, type TrainData } from "../../src/training/train_data.ts";
import { trainRun, type TrainRunOptions } from "../../src/training/train_run.ts";
import { readModel } from "../../src/unet/model_format.ts";
import { squareMask } from "../support/corrections.ts";
import { inTempFolder } from "../support/temp_folder.ts";
import { openTestGpu } from "../support/test_gpu.ts";
import { assertSameOutcome, TINY } from "../support/tiny_run.ts";

await openTestGpu();

const SIDE = 32;
const CONFIG = completeTrainConfig({ ...TINY, epochs: 1, oversample: 3 });

interface Listed {
  id: number;
  file_name: string;
}

/** A dataset of phantoms with a folder of images that nobody annotated, and a way to correct its images. */
class Fixture {
  readonly data: string;
  readonly corrections: string;
  readonly notes: string[] = [];

  constructor(readonly folder: string) {
    this.data = join(folder, "data");
    this.corrections = join(folder, "mine.coco.json");
  }

  static async with(body: (fixture: Fixture) => Promise<void>): Promise<void> {
    await inTempFolder(async (folder) => {
      const fixture = new Fixture(folder);
      await makePhantom(fixture.data, { train: 10, valid: 4, test: 2, size: SIDE });
      await makePhantom(join(folder, "other"), { train: 2, valid: 0, test: 0, size: SIDE, seed: 5 });
      await Deno.mkdir(join(fixture.data, "raw"));
      for (const [i, { file_name }] of (await fixture.list("train", "other")).entries()) {
        await Deno.copyFile(join(folder, "other", "train", file_name), join(fixture.data, "raw", `${i}.png`));
      }
      await body(fixture);
    });
  }

  async list(split: string, data = "data"): Promise<Listed[]> {
    const text = await Deno.readTextFile(join(this.folder, data, split, "_annotations.coco.json"));
    return (JSON.parse(text) as { images: Listed[] }).images;
  }

  async correct(split: string, fileName: string, mask: Mask | null, more: Partial<CorrectionRecord> = {}) {
    const bytes = await Deno.readFile(join(this.data, split, fileName)).catch(() => new Uint8Array());
    await appendCorrection(this.corrections, {
      image: { split, fileName, width: SIDE, height: SIDE, sha256: hashBytes(bytes) },
      annotator: "A",
      source: "empty",
      model: null,
      base: null,
      before: { source: "empty", model: null, regions: [] },
      regions: mask === null ? [] : [{ category: "tumor", rle: encodeRle(mask) }],
      ...more,
    });
  }

  async load(config = CONFIG, files = [{ path: this.corrections }]): Promise<TrainData> {
    const { data } = await loadData(this.data, config, {
      cacheFolder: join(this.folder, "cache"),
      corrections: files,
      onNote: (note) => this.notes.push(note),
    });
    return data;
  }

  run(name: string, more: Partial<TrainRunOptions> = {}): TrainRunOptions {
    return {
      folder: join(this.folder, name),
      dataFolder: this.data,
      cacheFolder: join(this.folder, "cache"),
      config: { ...TINY, epochs: 2 },
      tracking: { swanlab: "off", tensorboard: false },
      samples: 0,
      ...more,
    };
  }
}

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
  Fixture.with(async (fixture) => {
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
      const again = await fixture.load({ ...CONFIG, oversample: 1 });
      try {
        assert.notEqual(again.train.fingerprint.sha256, fingerprint.sha256);
        assert.deepEqual(fixture.notes.filter((note) => !note.includes("-corrected-")), []);
        const redrawn = await drawn(again, [...images, "raw/0.png"]);
        assert.deepEqual(redrawn.get(images[2]!), [Float32Array.from(square.data)]);
        // Without weights, the order is that of any split of so many images.
        const plain = await fixture.load({ ...CONFIG, oversample: 1 }, [{ path: fixture.corrections }]);
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

Deno.test("loadData: corrections of held-out images, changed files and other datasets are left out, with a line", () =>
  Fixture.with(async (fixture) => {
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
  Fixture.with(async (fixture) => {
    const [{ file_name }] = await fixture.list("train") as [Listed];
    const rle = encodeRle(squareMask(SIDE, 4, 6));
    await fixture.correct("train", file_name, null, { regions: [{ category: "liver", rle }] });
    await assert.rejects(
      fixture.load(),
      /its category "liver" is none of the dataset's "Tumor"\nhint: .*liver=Tumor/,
    );
    // As the hint says.
    const data = await fixture.load({ ...CONFIG, merge: ["liver=Tumor"] });
    for (const split of Object.values(data)) await split.close();
    assert.equal(data.train.corrections!.samples, 1);
    // As a prediction of a model that names no class.
    await fixture.correct("train", file_name, null, { base: 1, regions: [{ category: "foreground", rle }] });
    const named = await fixture.load();
    for (const split of Object.values(named)) await split.close();
    assert.ok(named.train.annotated > 0);
  }));

Deno.test("trainRun: starts from a model with corrections, and resumes to the same bits although these grew", () =>
  Fixture.with(async (fixture) => {
    const images = (await fixture.list("train")).map(({ file_name }) => file_name);
    const base = fixture.run("base", {
      config: { ...TINY, epochs: 1, norm: "instance", normalize: "picture" },
    });
    await trainRun(base);
    const { state, description } = await readModel(
      await Deno.readFile(join(base.folder, "best.safetensors")),
    );
    await fixture.correct("train", images[1]!, squareMask(SIDE, 4, 6));
    await fixture.correct("raw", "0.png", squareMask(SIDE, 9, 6));
    const init = base.folder;
    const corrections = [fixture.corrections];
    // The settings that are the model's are neither given nor the recipe's.
    const config = { epochs: 2, batchSize: 4, learningRate: 1e-3 };
    const whole = fixture.run("whole", { config, init, corrections });
    await trainRun(whole);

    const stopped = fixture.run("stopped", { config, init, corrections });
    const controller = new AbortController();
    await trainRun({ ...stopped, signal: controller.signal }, {
      onProgress: ({ part, done, start }) => {
        if (part === "train" && done > start) controller.abort();
      },
    });
    const { progress } = (await reopenRunFolder(stopped.folder))!;
    assert.deepEqual(progress.corrections, [{ path: null, records: 4 }]);
    assert.deepEqual(progress.config.init, {
      model: "best.safetensors",
      sha256: hashBytes(await Deno.readFile(join(init, "best.safetensors"))),
    });
    assert.deepEqual(
      [progress.config.norm, progress.config.normalize, progress.config.filters, progress.config.size],
      ["instance", "picture", 1, SIDE],
    );
    await fixture.correct("train", images[1]!, null, { base: 1 });
    await fixture.correct("train", images[3]!, null);
    const resumed = fixture.run("stopped", { config: {}, resume: true, corrections });
    await assert.rejects(
      trainRun({ ...resumed, init }),
      /with --init: the run has weights of its own\nhint: /,
    );
    await assert.rejects(
      trainRun({ ...resumed, corrections: undefined }),
      /its corrections lie outside the project.*\nhint: /,
    );
    await assert.rejects(
      trainRun({ ...resumed, corrections: [...corrections, ...corrections] }),
      /with other corrections: there were 1 corrections files, are 2/,
    );
    assert.equal((await trainRun(resumed)).outcome, "finished");
    await assertSameOutcome(whole.folder, stopped.folder);
    const written = JSON.parse(await Deno.readTextFile(join(stopped.folder, "config.json")));
    assert.deepEqual([written.init.sha256, written.oversample], [progress.config.init!.sha256, 3]);

    // A step too small to be seen: the weights are the model's.
    const still = fixture.run("still", { config: { epochs: 1, batchSize: 16, learningRate: 1e-12 }, init });
    await trainRun(still);
    const after = await readModel(await Deno.readFile(join(still.folder, "best.safetensors")));
    for (const [name, { data }] of state) {
      const other = after.state.get(name)!.data;
      assert.ok(data.every((value, i) => Math.abs(value - other[i]!) < 1e-9), name);
    }
    assert.equal(description.training!.init, undefined);
    assert.deepEqual(after.description.training!.init, progress.config.init);

    const plan = await planRun({ ...whole, folder: "", config });
    assert.deepEqual(plan.data.train.corrections, { samples: 3, joined: 1, negatives: 2, oversample: 3 });
    const contradict = (given: TrainRunOptions["config"], more: Partial<TrainRunOptions> = {}) =>
      planRun({ ...whole, folder: "", config: given, ...more });
    await assert.rejects(
      contradict({ filters: 2 }),
      /with filters 2: the model has 1\nhint: leave --filters out/,
    );
    await assert.rejects(contradict({ norm: "none" }), /with norm none: the model has instance\n/);
    await assert.rejects(contradict({ normalize: "imagenet" }), /with normalize imagenet: .* picture\n/);
    await assert.rejects(contradict({ head: "softmax" }), /with head softmax: the model has sigmoid\n/);
    await assert.rejects(
      contradict({}, { classes: { classes: ["a", "b"] } }),
      /with 2 classes: the model has 1\n/,
    );
    await assert.rejects(contradict({ oversample: 2 }, { corrections: [] }), /no corrections\nhint: /);
    await assert.rejects(contradict({}, { corrections: ["none.json"] }), /no such file\nhint: /);
  }));
