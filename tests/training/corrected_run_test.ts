/** Training runs that start from a model and learn from corrected masks. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describePlan } from "../../src/cli/train_view.ts";
import { hashBytes } from "../../src/fs/hash_bytes.ts";
import { planRun } from "../../src/training/plan_run.ts";
import { reopenRunFolder } from "../../src/training/run_folder.ts";
import type { TrainRunOptions } from "../../src/training/run_job.ts";
import { trainRun } from "../../src/training/train_run.ts";
import { readModel } from "../../src/unet/model_format.ts";
import { CorrectedDataset, SIDE } from "../support/corrected_dataset.ts";
import { squareMask } from "../support/corrections.ts";
import { openTestGpu } from "../support/test_gpu.ts";
import { TINY } from "../support/tiny_data.ts";
import { assertSameOutcome } from "../support/tiny_run.ts";

await openTestGpu();

Deno.test("trainRun: starts from a model with corrections, and resumes to the same bits although these grew", () =>
  CorrectedDataset.with(async (fixture) => {
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
    const lines = describePlan(plan);
    assert.match(
      lines,
      /^corrections {3}3 images, 1 of them new, 2 corrected to nothing, drawn 3 times per epoch$/m,
    );
    assert.match(lines, /^weights {7}of best\.safetensors \(SHA-256 [0-9a-f]{12}\), with its network/m);
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
