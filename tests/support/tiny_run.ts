/**
 * Training runs of a tiny network on tiny phantoms, for tests of what surrounds the steps, on the device of all tests.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { readRunLog } from "../../src/tracking/run_log.ts";
import { reopenRunFolder } from "../../src/training/run_folder.ts";
import type { TrainRunOptions } from "../../src/training/run_job.ts";
import { inTempFolder } from "./temp_folder.ts";
import { openTestGpu } from "./test_gpu.ts";
import { TINY, tinyData } from "./tiny_data.ts";

/** Options of a run of this name, below a folder that is gone after the test. */
export type MakeRun = (name: string, more?: Partial<TrainRunOptions>) => TrainRunOptions;

/** Calls `body` with a way to make runs, and with their folder. */
export function withRuns(body: (run: MakeRun, folder: string) => Promise<void>): Promise<void> {
  return inTempFolder(async (folder) => {
    const data = await tinyData();
    const gpu = await openTestGpu();
    await body((name, more) => ({
      folder: join(folder, name),
      ...data,
      gpu,
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
