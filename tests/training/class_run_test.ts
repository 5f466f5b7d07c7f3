/** Training runs on a tiny dataset of three classes, from the images to the model file. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { batchLoss } from "../../src/evaluation/split_loss.ts";
import { measureEpoch } from "../../src/training/measure_epoch.ts";
import { completeTrainConfig } from "../../src/training/recipe.ts";
import { reopenRunFolder } from "../../src/training/run_folder.ts";
import { loadData } from "../../src/training/train_data.ts";
import type { TrainRunOptions } from "../../src/training/run_job.ts";
import { trainRun } from "../../src/training/train_run.ts";
import { readModel } from "../../src/unet/model_format.ts";
import { UNet } from "../../src/unet/unet.ts";
import { CLASS_NAMES, writeClassDataset } from "../support/class_dataset.ts";
import { inTempFolder } from "../support/temp_folder.ts";
import { openTestGpu } from "../support/test_gpu.ts";
import { tinyData } from "../support/tiny_data.ts";
import { assertSameOutcome, metricsOf } from "../support/tiny_run.ts";

const gpu = await openTestGpu();

const CONFIG = {
  filters: 4,
  size: 32,
  batchSize: 2,
  epochs: 5,
  learningRate: 2e-2,
  dropout: 0,
  norm: "instance",
} as const;

type MakeRun = (name: string, more?: Partial<TrainRunOptions>) => TrainRunOptions;

/** Calls `body` with a way to make runs on six images to train on and four to validate with. */
const withClassRuns = (overlap: boolean, body: (run: MakeRun) => Promise<void>) =>
  inTempFolder(async (folder) => {
    const dataFolder = join(folder, "data");
    await writeClassDataset(dataFolder, { ignored: true, overlap, side: 32, splits: { train: 6, valid: 4 } });
    // Shared, so that the kernels' verdicts are known.
    const { cacheFolder } = await tinyData();
    await body((name, more) => ({
      folder: join(folder, name),
      dataFolder,
      cacheFolder,
      config: CONFIG,
      tracking: { swanlab: "off", tensorboard: false },
      samples: 0,
      ...more,
    }));
  });

for (const [head, more] of [["softmax", "; resuming keeps the bits"], ["sigmoid", ""]] as const) {
  Deno.test(`trainRun: three classes by ${head}: the loss falls, and each class's Dice is the model's${more}`, () =>
    withClassRuns(head === "sigmoid", async (run) => {
      const options = run("a");
      const { outcome, best, marksNothing } = await trainRun(options);
      assert.deepEqual([outcome, marksNothing], ["finished", false]);
      const epochs = await metricsOf(options.folder);
      const [first, last] = [epochs[0]!, epochs.at(-1)!];
      assert.ok(
        last["train/loss"]! < 0.8 * first["train/loss"]!,
        `${first["train/loss"]}, ${last["train/loss"]}`,
      );

      const { state, description } = await readModel(
        await Deno.readFile(join(options.folder, "best.safetensors")),
      );
      assert.equal(description.network.head, head === "softmax" ? "softmax" : undefined);
      assert.deepEqual(description.classes!.map(({ name }) => name), CLASS_NAMES);
      const { data } = await loadData(
        options.dataFolder!,
        (await reopenRunFolder(options.folder))!.progress.config,
        {
          cacheFolder: options.cacheFolder!,
        },
      );
      const unet = await UNet.create(gpu, description.network, { state });
      const counts = CLASS_NAMES.map(() => ({ overlap: 0, predicted: 0, truth: 0 }));
      let loss = 0;
      for await (const { images, masks } of data.valid.read(null, 0)) {
        loss += batchLoss(await unet.logits(images), masks, { head }).loss * images.shape[0]! / 4;
        const { data: p } = await unet.predict(images);
        const plane = 32 * 32;
        for (let index = 0; index < p.length; index++) {
          const [image, row, pixel] = [
            Math.floor(index / plane / 3),
            Math.floor(index / plane) % 3,
            index % plane,
          ];
          const all = [0, 1, 2].map((other) => p[(image * 3 + other) * plane + pixel]!);
          const target = masks.data[head === "softmax" ? image * plane + pixel : index]!;
          if (target < 0) continue;
          const background = 1 - all.reduce((sum, value) => sum + value, 0);
          const marked = head === "softmax"
            ? all[row]! > background && all[row] === Math.max(...all)
            : p[index]! > 0.5;
          const truth = head === "softmax" ? target === row + 1 : target === 1;
          counts[row]!.overlap += marked && truth ? 1 : 0;
          counts[row]!.predicted += marked ? 1 : 0;
          counts[row]!.truth += truth ? 1 : 0;
        }
      }
      unet.close();
      await data.train.close();
      await data.valid.close();
      const { metrics } = best!;
      const close = (name: string, value: number) =>
        assert.ok(Math.abs(metrics[name]! - value) < 1e-5, `${name}: ${metrics[name]}, ${value}`);
      close("valid/loss", loss);
      const dice = counts.map(({ overlap, predicted, truth }) => 2 * overlap / (predicted + truth));
      CLASS_NAMES.forEach((name, row) => close(`valid/dice/${name}`, dice[row]!));
      close("valid/dice", (dice[0]! + dice[1]! + dice[2]!) / 3);
      assert.ok(Math.max(...dice) > 0.5, `Dice ${dice}`);
      if (head === "softmax") await assertResumes(run, options.folder);
    }));
}

/** Stops a run within an epoch, and resumes it to the bits of `whole`. */
async function assertResumes(run: MakeRun, whole: string): Promise<void> {
  const controller = new AbortController();
  const stopped = run("stopped", { signal: controller.signal });
  await trainRun(stopped, {
    onProgress: ({ part, done, start }) => part === "train" && done > start && controller.abort(),
  });
  const { progress } = (await reopenRunFolder(stopped.folder))!;
  assert.equal(progress.partial?.batches, 1);
  assert.equal(progress.partial.sums.classes?.length, 3);
  assert.deepEqual([progress.config.classes, progress.config.head], [[...CLASS_NAMES], "softmax"]);
  const resumed = run("stopped", { config: {}, resume: true });
  assert.equal((await trainRun(resumed)).outcome, "finished");
  await assertSameOutcome(whole, resumed.folder);
  await assert.rejects(
    trainRun({ ...resumed, config: { head: "sigmoid" } }),
    /^Error: Cannot resume .* with other settings: head was softmax, is sigmoid\nhint: /,
  );
}

Deno.test("measureEpoch: takes steps of a network with classes", async () => {
  for (const head of ["softmax", "sigmoid"] as const) {
    const config = completeTrainConfig({ filters: 1, size: 32, batchSize: 1, classes: CLASS_NAMES, head });
    const split = {
      samples: 1,
      batches: 1,
      annotated: 1,
      background: 0,
      fingerprint: { samples: 1, sha256: "" },
    };
    assert.ok(await measureEpoch(gpu, config, { train: split, valid: split }) > 0);
  }
});
