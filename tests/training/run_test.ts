/** Trainings of a tiny network on a tiny phantom, within this process. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { makePhantom } from "../../src/phantom/phantom.ts";
import { openGpu } from "../../src/host/open_gpu.ts";
import { planTraining, type TrainPlan } from "../../src/training/train_plan.ts";
import type { TrainConfig } from "../../src/training/train_config.ts";
import { loadData } from "../../src/training/train_data.ts";
import { completeTrainConfig } from "../../src/training/recipe.ts";
import { planRun } from "../../src/training/plan_run.ts";
import { trainRun, type TrainRunOptions } from "../../src/training/train_run.ts";
import type { RunProgress } from "../../src/training/checkpoint.ts";
import { describeGpu } from "../../src/gpu/adapter.ts";
import { reopenRunFolder, saveCheckpoint } from "../../src/training/run_folder.ts";
import { networkConfig, trainerOptions } from "../../src/training/train_config.ts";
import { Trainer } from "../../src/training/trainer.ts";
import { readRunLog } from "../../src/tracking/run_log.ts";
import { readModel } from "../../src/unet/model_format.ts";
import { UNet } from "../../src/unet/unet.ts";
import { inTempFolder } from "../support/temp_folder.ts";

const TINY: Partial<TrainConfig> = { filters: 2, size: 32, batchSize: 4, epochs: 3, learningRate: 1e-3 };

/** What a test does with a dataset of 10 images to train on and 5 to validate with. */
type Body = (
  run: (name: string, more?: Partial<TrainRunOptions>) => TrainRunOptions,
  folder: string,
) => Promise<void>;

function withPhantom(body: Body): Promise<void> {
  return inTempFolder(async (folder) => {
    const dataFolder = join(folder, "data");
    await makePhantom(dataFolder, { train: 10, valid: 5, test: 1, size: 32 });
    await body((name, more) => ({
      folder: join(folder, "runs", name),
      dataFolder,
      cacheFolder: join(folder, "cache"),
      config: TINY,
      tracking: { swanlab: "off", tensorboard: false },
      ...more,
    }), folder);
  });
}

/** The lines of a log without what differs from run to run. */
async function numbers(folder: string): Promise<unknown[]> {
  return (await readRunLog(folder)).map((
    { epoch, metrics: { seconds: _, samples_per_second: __, ...rest } },
  ) => ({
    epoch,
    ...rest,
  }));
}

async function sameOutcome(one: string, other: string): Promise<void> {
  assert.deepEqual(await numbers(one), await numbers(other));
  const best = (folder: string) => Deno.readFile(join(folder, "best.safetensors"));
  assert.ok(Buffer.from(await best(one)).equals(await best(other)), "the best weights differ");
  const last = async (folder: string) => (await reopenRunFolder(folder))!.trainer;
  assert.deepEqual(await last(one), await last(other));
}

Deno.test("trainRun: what it says of the best epoch is what its model file does", () =>
  withPhantom(async (run) => {
    const options = run("a");
    const result = await trainRun(options);
    assert.equal(result.outcome, "finished");
    assert.equal(result.epochs, 3);
    const { state, description } = await readModel(
      await Deno.readFile(join(options.folder, "best.safetensors")),
    );
    assert.equal(description.epoch, result.best!.epoch);
    const config = completeTrainConfig(options.config);
    const data = await loadData(options.dataFolder!, config, { cacheFolder: options.cacheFolder! });
    const gpu = await openGpu();
    try {
      const unet = await UNet.create(gpu, description.network);
      unet.loadStateDict(state);
      const sums = { loss: 0, batchLoss: 0, correct: 0, overlap: 0, predicted: 0, truth: 0 };
      for await (const { images, masks } of data.valid.read(null, 0)) {
        const { data: probabilities } = await unet.predict(images);
        const loss = lossOf(probabilities, masks.data);
        sums.loss += loss * images.shape[0]!;
        sums.batchLoss += loss;
        probabilities.forEach((p, index) => {
          const [rounded, mask] = [p > 0.5 ? 1 : 0, masks.data[index]!];
          sums.correct += rounded === mask ? 1 : 0;
          sums.overlap += rounded * mask;
          sums.predicted += rounded;
          sums.truth += mask;
        });
      }
      const { metrics } = result.best!;
      const close = (name: string, value: number) =>
        assert.ok(
          Math.abs(metrics[`valid/${name}`]! - value) < 1e-5,
          `${name}: ${metrics[`valid/${name}`]} and ${value}`,
        );
      close("loss", sums.loss / 5);
      close("loss_batch_mean", sums.batchLoss / 2);
      close("accuracy", sums.correct / (5 * 32 * 32));
      close("dice", 2 * sums.overlap / (sums.predicted + sums.truth));
      close("iou", sums.overlap / (sums.predicted + sums.truth - sums.overlap));
    } finally {
      gpu.close();
      await data.train.close();
      await data.valid.close();
    }
  }));

/** The loss of a batch in float64: 0.6 (1 - soft Dice) + 0.4 mean binary cross-entropy. */
function lossOf(probabilities: Float32Array, masks: Float32Array): number {
  let [overlap, total, entropy] = [0, 0, 0];
  probabilities.forEach((p, index) => {
    const mask = masks[index]!;
    overlap += p * mask;
    total += p + mask;
    entropy -= Math.log(mask === 1 ? p : 1 - p);
  });
  return 0.6 * (1 - (2 * overlap + 1e-6) / (total + 1e-6)) + 0.4 * entropy / probabilities.length;
}

Deno.test("trainRun: stopped within an epoch and within a validation, it comes to the same bits", () =>
  withPhantom(async (run) => {
    const config = {
      ...TINY,
      recipe: "strong",
      batchSize: 1,
      accumulate: 4,
      epochs: 2,
      schedule: "plateau",
    } as const;
    await trainRun(run("whole", { config }));
    let options = run("stopped", { config });
    // Stops before the first batch of the run, then after the first read of every pass.
    for (const stopAt of [0, 1, 2, 3, 4]) {
      const controller = new AbortController();
      let calls = 0;
      const result = await trainRun({ ...options, signal: controller.signal }, {
        onProgress: ({ done, start }) => {
          if (stopAt === 0 || (done > start && ++calls === stopAt)) controller.abort();
        },
      });
      options = { ...options, config: {}, resume: true };
      if (result.outcome !== "interrupted") break;
    }
    const { progress } = (await reopenRunFolder(options.folder))!;
    assert.notEqual(progress.partial, null, "it was never stopped within an epoch");
    assert.equal((await trainRun(options)).outcome, "finished");
    await sameOutcome(run("whole").folder, options.folder);
    assert.equal(
      (await trainRun(options)).outcome,
      "finished",
      "a finished run can be resumed and does nothing",
    );
    await sameOutcome(run("whole").folder, options.folder);
  }));

Deno.test("trainRun: with memory low a run that was stopped comes to the same bits, and keeps its setting", () =>
  withPhantom(async (run) => {
    const config: Partial<TrainConfig> = { ...TINY, size: 128, batchSize: 8, epochs: 2, memory: "low" };
    const [whole, stopped] = [run("whole", { config }), run("stopped", { config })];
    await trainRun(whole);
    const controller = new AbortController();
    await trainRun({ ...stopped, signal: controller.signal, readEverySeconds: 0 }, {
      onEpoch: () => controller.abort(),
    });
    await assert.rejects(
      trainRun({ ...stopped, config: { memory: "normal" }, resume: true }),
      /^Error: Cannot resume .* with other settings: memory was low, is normal\nhint: /,
    );
    assert.equal((await trainRun({ ...stopped, config: {}, resume: true })).outcome, "finished");
    await sameOutcome(whole.folder, stopped.folder);
  }));

Deno.test("trainRun: a run keeps its kernels, whatever is timed or chosen while it is stopped", () =>
  withPhantom(async (run) => {
    const config = { ...TINY, epochs: 2 };
    const choices = { "conv3x3/thin": "winograd2", "conv3x3/deep": "winograd2" };
    await trainRun(run("default", { config }));
    await trainRun(run("whole", { config, choices }));
    const weights = async (name: string) => (await reopenRunFolder(run(name).folder))!.trainer.weights;
    assert.notDeepEqual(await weights("whole"), await weights("default"), "other kernels, other digits");

    const controller = new AbortController();
    const stopped = run("stopped", { config, choices, signal: controller.signal });
    const interrupted = await trainRun(stopped, { onEpoch: () => controller.abort() });
    assert.equal(interrupted.outcome, "interrupted");
    const { progress } = (await reopenRunFolder(stopped.folder))!;
    assert.deepEqual(progress.choices, { ...(await describeGpu())!.choices, ...choices });
    const written = JSON.parse(await Deno.readTextFile(join(stopped.folder, "config.json")));
    assert.deepEqual(written.kernel_choices, progress.choices);

    const plans: TrainPlan[] = [];
    const resumed = run("stopped", { config: {}, resume: true, choices: { "conv3x3/thin": "winograd4" } });
    await trainRun(resumed, { onStart: (plan) => plans.push(plan) });
    await sameOutcome(run("whole").folder, stopped.folder);
    assert.deepEqual((await reopenRunFolder(stopped.folder))!.progress.choices, progress.choices);
    assert.deepEqual([plans[0]!.choicesFrom, plans[0]!.nonDefaultChoices], ["run", choices]);
  }));

Deno.test("trainRun: a run that was begun before there were choices keeps the defaults; on another adapter it takes what is given", () =>
  withPhantom(async (run) => {
    const given = { "conv3x3/thin": "winograd2" };
    const { folder } = run("a");
    /** One epoch. */
    const train = async (more: Partial<TrainRunOptions>): Promise<TrainPlan> => {
      const plans: TrainPlan[] = [];
      const controller = new AbortController();
      await trainRun(run("a", { ...more, signal: controller.signal }), {
        onStart: (plan) => plans.push(plan),
        onEpoch: () => controller.abort(),
      });
      return plans[0]!;
    };
    const goOn = async (change: Partial<RunProgress>): Promise<TrainPlan> => {
      const { progress, trainer } = (await reopenRunFolder(folder))!;
      await saveCheckpoint(folder, { progress: { ...progress, ...change }, trainer });
      return await train({ config: {}, resume: true, choices: given });
    };
    assert.equal((await train({})).choicesFrom, "defaults");
    const old = await goOn({ choices: undefined });
    assert.deepEqual([old.choicesFrom, old.nonDefaultChoices], ["run", {}]);
    const { versions, choices } = (await reopenRunFolder(folder))!.progress;
    assert.deepEqual(choices, (await describeGpu())!.choices);
    const moved = await goOn({ versions: { ...versions, adapter: "another" } });
    assert.deepEqual([moved.choicesFrom, moved.nonDefaultChoices], ["given", given]);
    assert.equal((await reopenRunFolder(folder))!.progress.choices!["conv3x3/thin"], "winograd2");
  }));

Deno.test("trainRun: kernels that are not right here any more are named", () =>
  withPhantom(async (run) => {
    await trainRun(run("a", { config: { ...TINY, epochs: 1 } }));
    const { folder } = run("a");
    const { progress, trainer } = (await reopenRunFolder(folder))!;
    const choices = { ...progress.choices, "conv3x3/thin": "fft" };
    await saveCheckpoint(folder, { progress: { ...progress, choices }, trainer });
    const notes: string[] = [];
    await trainRun(run("a", { config: {}, resume: true }), { onNote: (note) => notes.push(note) });
    assert.ok(
      notes.some((note) => /^the run's kernels fft no longer pass their self-tests here/.test(note)),
      notes.join(),
    );
  }));

Deno.test("trainRun: early stopping ends it, and keeps the best epoch", () =>
  withPhantom(async (run) => {
    const config = { ...TINY, learningRate: 1e-12, patience: 2, epochs: 9, dropout: 0 };
    const told: string[] = [];
    const result = await trainRun(run("a", { config }), {
      onEpoch: ({ epoch, best, stale }) => told.push(`${epoch} ${best} ${stale}`),
    });
    // Steps of nearly nothing change nothing: the first epoch stays the best.
    assert.equal(result.outcome, "stopped");
    assert.equal(result.best!.epoch, result.epochs - 2);
    assert.deepEqual(told.slice(-2), [`${result.epochs - 1} false 1`, `${result.epochs} false 2`]);
  }));

Deno.test("trainRun: refuses what is there, what is not, and what changed, by name, unless forced", () =>
  withPhantom(async (run) => {
    await assert.rejects(trainRun(run("a", { resume: true })), /there is no such run/);
    const config = { ...TINY, epochs: 1 };
    await trainRun(run("a", { config }));
    await assert.rejects(
      trainRun(run("a", { config })),
      /holds one already\nhint: resume it with --resume/,
    );
    await assert.rejects(
      trainRun(run("a", { resume: true, config: { epochs: 2, seed: 0, norm: "instance" } })),
      /with other settings: epochs was 1, is 2; norm was none, is instance\nhint: .*--force/,
    );
    const forced = await trainRun(run("a", { resume: true, force: true, config: { epochs: 2 } }));
    assert.deepEqual([forced.outcome, forced.epochs], ["finished", 2]);

    const data = run("a").dataFolder!;
    await Deno.remove(join(data, "valid"), { recursive: true });
    await makePhantom(join(data, "../other"), { train: 1, valid: 4, test: 1, size: 32, seed: 1 });
    await Deno.rename(join(data, "../other/valid"), join(data, "valid"));
    await assert.rejects(
      trainRun(run("a", { resume: true, config: {} })),
      /with other data: the valid split had 5 samples, has 4\nhint: .*--force/,
    );
    const notes: string[] = [];
    const more = run("a", { resume: true, force: true, config: { epochs: 3 } });
    assert.equal((await trainRun(more, { onNote: (note) => notes.push(note) })).epochs, 3);
    assert.ok(notes.some((note) => /^forced: /.test(note)), notes.join());
    const anew = await trainRun(run("a", { force: true, config }));
    assert.deepEqual([anew.outcome, anew.epochs], ["finished", 1]);
    assert.equal((await readRunLog(run("a").folder)).length, 1);
  }));

Deno.test("trainRun: a loss that is no number stops it, names the step, and leaves the last good checkpoint", () =>
  withPhantom(async (run) => {
    const options = run("a", { config: { ...TINY, filters: 8, epochs: 20, learningRate: 10 } });
    await assert.rejects(
      trainRun(options),
      /^Error: Training diverged: the loss of (step \d+|an evaluation after step \d+) is (NaN|Infinity)\nhint: lower/,
    );
    const { trainer, progress } = (await reopenRunFolder(options.folder))!;
    assert.ok(trainer.weights.every(Number.isFinite));
    assert.equal(progress.epoch, (await readRunLog(options.folder)).length);
  }));

Deno.test("trainRun: what fails before the first step leaves no run behind", () =>
  withPhantom(async (run, folder) => {
    const gone = (name: string) => assert.rejects(Deno.stat(run(name).folder), Deno.errors.NotFound);
    await assert.rejects(trainRun(run("a", { dataFolder: join(folder, "nothing") })), /is no folder/);
    await gone("a");
    await assert.rejects(trainRun(run("b", { tracking: { swanlab: "online" } })), /there is no API key/);
    await gone("b");
    await assert.rejects(trainRun(run("c", { config: { size: 33 } })), RangeError);
    await gone("c");
    const signal = AbortSignal.abort();
    assert.equal(
      (await trainRun(run("d", { signal, cacheFolder: join(folder, "fresh") }))).outcome,
      "interrupted",
    );
    await gone("d");
  }));

Deno.test("planRun: plans what the trainer then allocates", () =>
  withPhantom(async (run) => {
    const low = { size: 128, batchSize: 10, memory: "low" } as const;
    for (const more of [{}, { recipe: "strong", accumulate: 2 }, low]) {
      const { dataFolder, cacheFolder } = run("a");
      const config = completeTrainConfig({ ...TINY, ...more });
      const { secondsPerEpoch, ...plan } = await planRun({ dataFolder, cacheFolder, config });
      assert.ok(secondsPerEpoch! > 0);
      const { train, valid } = plan.data;
      const batches = more === low ? [1, 1] : [3, 2];
      assert.deepEqual([train.samples, valid.samples, train.batches, valid.batches], [10, 5, ...batches]);
      const { memory } = plan;
      assert.equal(plan.memoryBytes, memory[config.memory].bytes);
      assert.equal(memory.normal.microBatches, 1);
      assert.deepEqual(
        [memory.low.microBatches > 1, memory.low.bytes < 0.7 * memory.normal.bytes],
        more === low ? [true, true] : [false, false],
      );
      assert.ok(valid.background > 0.8 && valid.background < 1);
      const data = await loadData(dataFolder!, config, { cacheFolder: cacheFolder! });
      const gpu = await openGpu();
      try {
        assert.deepEqual(planTraining(config, data, gpu), plan);
        const unet = await UNet.create(gpu, networkConfig(config));
        const { microBatch } = memory[config.memory];
        const trainer = await Trainer.create(unet, { ...trainerOptions(config), microBatch });
        for await (const { images, masks } of data.train.read(1, 0)) await trainer.enqueue(images, masks);
        for await (const { images, masks } of data.valid.read(null, 0)) {
          await trainer.enqueueEvaluation(images, masks);
        }
        // Buffers are rounded up to 256 bytes, and the augmenter's are not counted by the trainer.
        const share = plan.memoryBytes / trainer.byteLength;
        assert.ok(
          share > 0.95 && share < 1.1,
          `planned ${plan.memoryBytes}, allocated ${trainer.byteLength}`,
        );
      } finally {
        gpu.close();
        await data.train.close();
        await data.valid.close();
      }
    }
  }));
