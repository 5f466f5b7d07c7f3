/**
 * What tiny training runs are made of: a dataset and settings.
 *
 * @module
 */
import { join } from "node:path";
import { makePhantom } from "../../src/phantom/phantom.ts";
import type { TrainConfig } from "../../src/training/train_config.ts";

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
