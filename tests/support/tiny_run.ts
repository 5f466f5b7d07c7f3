/**
 * Training runs of a tiny network on tiny phantoms, for tests of what surrounds the steps.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { makePhantom } from "../../src/phantom/phantom.ts";
import { readRunLog } from "../../src/tracking/run_log.ts";
import { reopenRunFolder } from "../../src/training/run_folder.ts";
import type { TrainConfig } from "../../src/training/train_config.ts";
import type { TrainRunOptions } from "../../src/training/run_job.ts";
import { inTempFolder } from "./temp_folder.ts";

/** Settings of a run of seconds. */
export const TINY: Partial<TrainConfig> = {
  filters: 1,
  size: 32,
  batchSize: 4,
  epochs: 3,
  learningRate: 1e-3,
};

/** The folder of a process's dataset and cache, which no test changes. */
let shared: Promise<string> | undefined;

/** Folders of a dataset of 10 images to train on and 9 to validate with, and of its prepared images. */
export async function tinyData(): Promise<{ dataFolder: string; cacheFolder: string }> {
  shared ??= (async () => {
    const folder = await Deno.makeTempDir();
    addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
    await makePhantom(join(folder, "data"), { train: 10, valid: 9, test: 1, size: 32 });
    return folder;
  })();
  const folder = await shared;
  return { dataFolder: join(folder, "data"), cacheFolder: join(folder, "cache") };
}

/** Options of a run of this name, below a folder that is gone after the test. */
export type MakeRun = (name: string, more?: Partial<TrainRunOptions>) => TrainRunOptions;

/** Calls `body` with a way to make runs, and with their folder. */
export function withRuns(body: (run: MakeRun, folder: string) => Promise<void>): Promise<void> {
  return inTempFolder(async (folder) => {
    const data = await tinyData();
    await body((name, more) => ({
      folder: join(folder, name),
      ...data,
      config: TINY,
      tracking: { swanlab: "off", tensorboard: false },
      samples: 0,
      ...more,
    }), folder);
  });
}

/** The epochs of a run's log, without times. */
export async function metricsOf(folder: string): Promise<Record<string, number>[]> {
  return (await readRunLog(folder)).map(({ epoch, metrics }) => {
    const { seconds: _, samples_per_second: __, ...rest } = metrics as Record<string, number>;
    return { epoch, ...rest };
  });
}

/** Compares logs, best models and last states of two runs, bit for bit. */
export async function assertSameOutcome(one: string, other: string): Promise<void> {
  assert.deepEqual(await metricsOf(one), await metricsOf(other));
  const best = (folder: string) => Deno.readFile(join(folder, "best.safetensors"));
  assert.ok(Buffer.from(await best(one)).equals(await best(other)), "the best weights differ");
  const last = async (folder: string) => (await reopenRunFolder(folder))!.trainer;
  assert.deepEqual(await last(one), await last(other));
}
