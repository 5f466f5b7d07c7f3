/** Training runs of a tiny network on tiny phantoms, within this process. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describeGpu } from "../../src/gpu/adapter.ts";
import { CapacityError } from "../../src/gpu/capacity_error.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { readRunLog } from "../../src/tracking/run_log.ts";
import type { RunProgress } from "../../src/training/checkpoint.ts";
import { planRun } from "../../src/training/plan_run.ts";
import { completeTrainConfig } from "../../src/training/recipe.ts";
import { reopenRunFolder, saveCheckpoint } from "../../src/training/run_folder.ts";
import { loadData } from "../../src/training/train_data.ts";
import type { TrainPlan } from "../../src/training/train_plan.ts";
import type { TrainRunOptions } from "../../src/training/run_job.ts";
import { trainRun } from "../../src/training/train_run.ts";
import { readModel } from "../../src/unet/model_format.ts";
import { UNet } from "../../src/unet/unet.ts";
import { LOSSES } from "../reference/loss.ts";
import { openTestGpu } from "../support/test_gpu.ts";
import { TINY, tinyData } from "../support/tiny_data.ts";
import { assertSameOutcome, withRuns } from "../support/tiny_run.ts";

const gpu = await openTestGpu();

Deno.test("trainRun: loss and metrics of the best epoch are those of its model file", () =>
  withRuns(async (run) => {
    const loss = "tversky";
    const options = run("a", { config: { ...TINY, filters: 2, loss } });
    const result = await trainRun(options);
    assert.deepEqual([result.outcome, result.epochs], ["finished", 3]);
    const { state, description } = await readModel(
      await Deno.readFile(join(options.folder, "best.safetensors")),
    );
    assert.equal(description.epoch, result.best!.epoch);
    assert.equal(description.training!.loss, loss);
    const written = JSON.parse(await Deno.readTextFile(join(options.folder, "config.json")));
    assert.equal(written.loss, loss);
    const { dataFolder, cacheFolder } = await tinyData();
    const { data } = await loadData(dataFolder, completeTrainConfig(options.config), { cacheFolder });
    const unet = await UNet.create(gpu, description.network, { state });
    try {
      const sums = { loss: 0, batchLoss: 0, correct: 0, overlap: 0, predicted: 0, truth: 0 };
      for await (const { images, masks } of data.valid.read(null, 0)) {
        const logits = await unet.logits(images);
        const value = LOSSES[loss].value(logits.data, masks.data);
        sums.loss += value * images.shape[0]!;
        sums.batchLoss += value;
        logits.data.forEach((logit, index) => {
          const [rounded, mask] = [logit > 0 ? 1 : 0, masks.data[index]!];
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
      close("loss", sums.loss / 9);
      close("loss_batch_mean", sums.batchLoss / 3);
      close("accuracy", sums.correct / (9 * 32 * 32));
      close("dice", 2 * sums.overlap / (sums.predicted + sums.truth));
      close("iou", sums.overlap / (sums.predicted + sums.truth - sums.overlap));
    } finally {
      unet.close();
      await data.train.close();
      await data.valid.close();
    }
  }));

Deno.test("trainRun: stopped within an epoch and within a validation, it resumes to the same bits, in micro-batches", () =>
  withRuns(async (run) => {
    const config = {
      ...TINY,
      recipe: "strong",
      size: 128,
      batchSize: 8,
      epochs: 1,
      schedule: "plateau",
      memory: "low",
    } as const;
    const whole = run("whole", { config });
    await trainRun(whole);
    let options = run("stopped", { config });
    // After the first batch of an epoch, then after the first batch of a validation.
    for (const part of ["train", "valid"] as const) {
      const controller = new AbortController();
      const result = await trainRun({ ...options, signal: controller.signal }, {
        onProgress: (progress) => {
          if (progress.part === part && progress.done > progress.start) controller.abort();
        },
      });
      assert.equal(result.outcome, "interrupted", part);
      options = { ...options, config: {}, resume: true };
      const { progress, trainer } = (await reopenRunFolder(options.folder))!;
      assert.equal(progress.partial?.batches, part === "train" ? 1 : 2);
      assert.deepEqual(trainer.microBatch, { train: 4, evaluate: 4 });
    }
    await assert.rejects(
      trainRun({ ...options, config: { memory: "normal" } }),
      /^Error: Cannot resume .* with other settings: memory was low, is normal\nhint: /,
    );
    for (const what of ["resumed", "finished, so that nothing is left to do"]) {
      assert.equal((await trainRun(options)).outcome, "finished", what);
      await assertSameOutcome(whole.folder, options.folder);
    }
  }));

Deno.test("trainRun: a run keeps its kernels when it is resumed, even if others were timed in the meantime", () =>
  withRuns(async (run) => {
    const config = { ...TINY, epochs: 2 };
    const given = { "conv3x3/thin": "winograd2", "conv3x3/deep": "winograd2" };
    const whole = run("whole", { config, choices: given });
    await trainRun(whole);

    const { folder } = run("stopped");
    const controller = new AbortController();
    await trainRun(run("stopped", { config, choices: given, signal: controller.signal }), {
      onEpoch: () => controller.abort(),
    });
    const { progress } = (await reopenRunFolder(folder))!;
    assert.equal(progress.epoch, 1);
    assert.deepEqual(progress.choices, { ...(await describeGpu())!.choices, ...given });
    const written = JSON.parse(await Deno.readTextFile(join(folder, "config.json")));
    assert.deepEqual(written.kernel_choices, progress.choices);

    /** Resumes the run with other choices, and after a change of its checkpoint. */
    const resume = async (
      change: Partial<RunProgress> = {},
    ): Promise<{ plan: TrainPlan; notes: string[] }> => {
      const { progress, trainer } = (await reopenRunFolder(folder))!;
      await saveCheckpoint(folder, { progress: { ...progress, ...change }, trainer });
      const plans: TrainPlan[] = [];
      const notes: string[] = [];
      const other = { "conv3x3/thin": "winograd4" };
      await trainRun(run("stopped", { config: {}, resume: true, choices: other }), {
        onStart: (plan) => plans.push(plan),
        onNote: (note) => notes.push(note),
      });
      return { plan: plans[0]!, notes };
    };
    const { plan } = await resume();
    await assertSameOutcome(whole.folder, folder);
    assert.deepEqual((await reopenRunFolder(folder))!.progress.choices, progress.choices);
    assert.deepEqual([plan.choicesFrom, plan.nonDefaultChoices], ["run", given]);

    // Nothing is left to train from here on.
    const failed = await resume({ choices: { ...progress.choices, "conv3x3/thin": "fft" } });
    assert.ok(
      failed.notes.some((note) => /^the run's kernels fft no longer pass their self-tests here/.test(note)),
      failed.notes.join(),
    );
    const old = await resume({ choices: undefined });
    assert.deepEqual([old.plan.choicesFrom, old.plan.nonDefaultChoices], ["run", {}]);
    const { versions } = (await reopenRunFolder(folder))!.progress;
    const moved = await resume({ versions: { ...versions, adapter: "another" } });
    assert.deepEqual([moved.plan.choicesFrom, moved.plan.nonDefaultChoices], ["given", {
      "conv3x3/thin": "winograd4",
    }]);
    assert.ok(moved.notes.some((note) => /^the run was started on another: /.test(note)), moved.notes.join());
  }));

Deno.test("trainRun: an existing run is resumed or replaced only if asked for, and early stopping ends one", () =>
  withRuns(async (run) => {
    await assert.rejects(trainRun(run("a", { resume: true })), /there is no such run/);
    // Steps of nearly 0 change nothing: the first epoch stays the best.
    const config = { ...TINY, learningRate: 1e-12, dropout: 0, patience: 1, epochs: 9 };
    const stopped = await trainRun(run("a", { config }));
    assert.equal(stopped.outcome, "stopped");
    assert.equal(stopped.best!.epoch, stopped.epochs - 1);
    const second = await trainRun(run("a", { config: { ...TINY, epochs: 1 } }));
    assert.equal(second.folder, `${run("a").folder}-2`);
    const { folder, dataFolder: data, cacheFolder } = run("a");
    const planned = await planRun({ folder, dataFolder: data, cacheFolder, resume: true });
    assert.deepEqual(planned.resumes, { epochs: stopped.epochs, batches: 0 });
    assert.deepEqual([planned.config.patience, planned.choicesFrom], [1, "run"]);
    await assert.rejects(
      planRun({ folder, resume: true, config: { seed: 9 } }),
      /other settings: seed was 0/,
    );
    // The dataset lies in a temporary folder, which no file of the run names.
    const { dataFolder } = run("a");
    for (const name of ["checkpoint.safetensors", "best.safetensors", "config.json"]) {
      const text = new TextDecoder().decode(await Deno.readFile(join(run("a").folder, name)));
      assert.ok(!text.includes(dataFolder!), name);
    }
    await assert.rejects(
      trainRun(run("a", { resume: true, config: {}, dataFolder: undefined })),
      /^Error: Cannot resume .*: its dataset lies outside the project.*\nhint: name it with --data FOLDER/,
    );
    const notes: string[] = [];
    const more = run("a", { resume: true, force: true, config: { patience: 2, epochs: stopped.epochs + 1 } });
    const forced = await trainRun(more, { onNote: (note) => notes.push(note) });
    assert.deepEqual(
      [forced.outcome, forced.epochs],
      ["stopped", stopped.epochs + 1].with(0, forced.outcome),
    );
    assert.ok(notes.some((note) => /^forced: /.test(note)), notes.join());
    const replaced = await trainRun(run("a", { force: true, config: { ...TINY, epochs: 1 } }));
    assert.deepEqual([replaced.outcome, replaced.epochs], ["finished", 1]);
    assert.equal((await readRunLog(run("a").folder)).length, 1);
  }));

Deno.test("trainRun: a loss that is not finite ends it, names the step, and leaves the last good checkpoint", () =>
  withRuns(async (run) => {
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
  withRuns(async (run, folder) => {
    const gone = async (name: string, options: Partial<TrainRunOptions>, error: RegExp) => {
      await assert.rejects(trainRun(run(name, options)), error);
      await assert.rejects(Deno.stat(run(name).folder), Deno.errors.NotFound);
    };
    await gone("a", { dataFolder: join(folder, "nothing") }, /is no folder|nothing/);
    await gone("b", { tracking: { swanlab: "online" } }, /there is no API key/);
    await gone("c", { config: { size: 33 } }, /^RangeError: /);
    const { createBuffer } = Gpu.prototype;
    Gpu.prototype.createBuffer = () => Promise.reject(new CapacityError("the device is out of memory"));
    try {
      await gone(
        "e",
        {},
        /^Error: Cannot prepare training: the device is out of memory .*\nhint: nothing was trained/,
      );
    } finally {
      Gpu.prototype.createBuffer = createBuffer;
    }
    const signal = AbortSignal.abort();
    const { outcome, resumable } = await trainRun(run("d", { signal, cacheFolder: join(folder, "fresh") }));
    assert.deepEqual([outcome, resumable], ["interrupted", false]);
    await assert.rejects(Deno.stat(run("d").folder), Deno.errors.NotFound);
  }));
