import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { makePhantom } from "../../src/phantom/phantom.ts";
import { completeTrainConfig } from "../../src/training/recipe.ts";
import { resumeConfig, resumeProgress } from "../../src/training/resume.ts";
import { reopenRunFolder, saveCheckpoint } from "../../src/training/run_folder.ts";
import type { TrainConfig } from "../../src/training/train_config.ts";
import { trainRun } from "../../src/training/train_run.ts";
import { readSafetensors } from "../../src/weights/safetensors.ts";
import { assertClose } from "../support/compare.ts";
import { checkpointOf } from "../support/checkpoints.ts";
import { inTempFolder } from "../support/temp_folder.ts";
import { openTestGpu } from "../support/test_gpu.ts";
import { metricsOf } from "../support/tiny_run.ts";

const gpu = await openTestGpu();

/** A run of version 0.1.0; its README says how it was made. */
const BITS = new URL("../fixtures/bits/", import.meta.url);

const { progress } = checkpointOf(2, 1);

Deno.test("resumeConfig: takes the run's settings, refuses others by name, and lets them be forced", () => {
  const resume = (config: Partial<TrainConfig>, force = false) =>
    resumeConfig(progress, { folder: "runs/a", config, force });
  assert.deepEqual(resume({}), progress.config);
  assert.deepEqual(resume({ filters: 1, seed: 0 }), progress.config);
  assert.throws(
    () => resume({ epochs: 2, seed: 0, norm: "instance", loss: "focal" }),
    /^Error: Cannot resume runs\/a with other settings: epochs was 40, is 2; norm was none, is instance; loss was combined, is focal\nhint: .*--force/,
  );
  assert.deepEqual(resume({ epochs: 2, loss: "focal" }, true), {
    ...progress.config,
    epochs: 2,
    loss: "focal",
  });
  // The way out of a full device needs no force.
  assert.equal(resume({ memory: "low" }).memory, "low");
  const low = { ...progress, config: { ...progress.config, memory: "low" as const } };
  assert.throws(
    () => resumeConfig(low, { folder: "runs/a", config: { memory: "normal" } }),
    /memory was low/,
  );
  // Another recipe brings all of its settings.
  assert.deepEqual(resume({ recipe: "strong" }, true), completeTrainConfig({ recipe: "strong" }));
});

Deno.test("resumeConfig: a run of a version without a setting was trained with its default", () => {
  const { loss: _, memory: __, ...old } = progress.config;
  const config = resumeConfig({ ...progress, config: old as TrainConfig }, { folder: "runs/a" });
  assert.deepEqual(config, progress.config);
});

Deno.test("resumeProgress: refuses other data by the split, and forced, starts the epoch again", () =>
  inTempFolder(async (folder) => {
    const sums = {} as never;
    const checkpoint = { ...checkpointOf(2, null), progress: { ...progress, best: null } };
    const partial = { batches: 1, sums, seconds: 1 };
    const half = { ...checkpoint, progress: { ...checkpoint.progress, partial } };
    const { config, data } = progress;
    const notes: string[] = [];
    const callbacks = { onNote: (note: string) => notes.push(note) };
    assert.deepEqual(await resumeProgress(half, { folder, config, data }, callbacks), half.progress);
    const other = { ...data, valid: { samples: 4, sha256: "cc" } };
    await assert.rejects(
      resumeProgress(half, { folder, config, data: other }, callbacks),
      /^Error: Cannot resume .* with other data: the valid split had 1 samples, has 4\nhint: .*--force/,
    );
    assert.deepEqual(notes, []);
    const forced = await resumeProgress(half, { folder, config, data: other, force: true }, callbacks);
    assert.deepEqual(forced, { ...half.progress, data: other, partial: null });
    assert.match(notes.join(), /^forced: /);
  }));

Deno.test("resumeProgress: a lost best model is refused, and forced, the best epoch is chosen again", () =>
  inTempFolder(async (folder) => {
    const checkpoint = checkpointOf(2, 1);
    const { config, data } = checkpoint.progress;
    const notes: string[] = [];
    const resume = (force: boolean) =>
      resumeProgress(checkpoint, { folder, config, data, force }, { onNote: (note) => notes.push(note) });
    await assert.rejects(resume(false), /best\.safetensors is missing\nhint: /);
    const { best, stopping } = await resume(true);
    assert.deepEqual([best, stopping.bestEpoch], [null, 0]);
    assert.match(notes.join(), /the best epoch is chosen again from here on$/);
  }));

Deno.test("trainRun: resumes a checkpoint of version 0.1.0, to the metrics that it gave then", () =>
  inTempFolder(async (folder) => {
    const run = join(folder, "run");
    const dataFolder = join(folder, "data");
    await makePhantom(dataFolder, { train: 8, valid: 4, test: 2, size: 64, seed: 3 });
    await Deno.mkdir(run);
    const files = {
      "checkpoint.safetensors": "checkpoint.safetensors",
      "model.safetensors": "best.safetensors",
      "metrics.jsonl": "metrics.jsonl",
    };
    for (const [from, to] of Object.entries(files)) await Deno.copyFile(new URL(from, BITS), join(run, to));
    const options = {
      folder: run,
      resume: true,
      dataFolder,
      cacheFolder: join(folder, "cache"),
      tracking: { swanlab: "off", tensorboard: false },
    } as const;
    // Its checkpoint names no loss, which is that of the original: nothing differs, and nothing is left to do.
    assert.equal((await trainRun(options)).outcome, "finished");
    await assert.rejects(
      trainRun({ ...options, config: { loss: "tversky" } }),
      /with other settings: loss was combined, is tversky\nhint: /,
    );
    assert.equal((await trainRun({ ...options, config: { epochs: 4 }, force: true })).epochs, 4);
    const text = await Deno.readTextFile(new URL("resumed_metrics.jsonl", BITS));
    const expected = text.trim().split("\n").map((line) => JSON.parse(line) as Record<string, number>);
    const actual = await metricsOf(run);
    assert.deepEqual(actual.map(({ epoch }) => epoch), [1, 2, 3, 4]);
    for (const [index, metrics] of actual.entries()) {
      for (const [name, value] of Object.entries(metrics)) {
        assertClose([value], [expected[index]![name]!], { absolute: 1e-5, label: `${name} of ${index + 1}` });
      }
    }
    const { adapter } = JSON.parse(await Deno.readTextFile(new URL("bits.json", BITS)));
    if (gpu.adapter.description !== adapter) return;
    const { tensors } = readSafetensors(await Deno.readFile(join(run, "checkpoint.safetensors")));
    const hash = createHash("sha256");
    for (const [name, { data }] of [...tensors].sort(([a], [b]) => a < b ? -1 : 1)) {
      hash.update(name).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
    assert.equal(hash.digest("hex").slice(0, 32), "01a7052b5c24fe0b83d203c58d84c7fa");
  }));

Deno.test("saveCheckpoint: keeps the key of version 0.1.0 for the trainer's micro-batch", () =>
  inTempFolder(async (folder) => {
    const checkpoint = checkpointOf(1, null);
    const microBatch = { train: 4, evaluate: null };
    await saveCheckpoint(folder, { ...checkpoint, trainer: { ...checkpoint.trainer, microBatch } });
    const { metadata } = readSafetensors(await Deno.readFile(join(folder, "checkpoint.safetensors")));
    assert.deepEqual(JSON.parse(metadata.state!).atOnce, microBatch);
    assert.deepEqual((await reopenRunFolder(folder))!.trainer.microBatch, microBatch);
  }));
