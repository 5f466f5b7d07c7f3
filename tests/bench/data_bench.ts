/**
 * Speed of preparing a split and of serving its batches: `deno bench -P=test-bench tests/bench/data_bench.ts`, with a
 * dataset in `dataset` (`deno task download` and `deno task unzip`, or `deno task phantom`). Each bench also prints its
 * best run in images per second. `tests/bench/data_pipeline.py` does the same with the original's data loader.
 */
import { join } from "node:path";
import { batches, findSplits, type PreparedSplit, prepareSplit, readSplit, splitOf } from "../../mod.ts";
import { ROOT } from "../project/files.ts";

const SIZE = 256;
const BATCH = 32;
const RUNS = 5;
const CORES = navigator.hardwareConcurrency;

/** The training split; null without a dataset. */
async function readTrain() {
  try {
    return (await readSplit(splitOf(await findSplits(join(ROOT, "dataset")), "train"))).samples;
  } catch {
    return null;
  }
}

const samples = await readTrain();
const ignore = samples === null;
const best = new Map<string, number>();

/** Times `work` and prints the best run so far in images per second. */
async function timed(name: string, work: () => Promise<unknown>): Promise<void> {
  const start = performance.now();
  await work();
  const seconds = (performance.now() - start) / 1000;
  const least = Math.min(best.get(name) ?? Infinity, seconds);
  best.set(name, least);
  const rate = (samples?.length ?? 0) / least;
  const line = `${name}: ${least.toFixed(2)} s, ${rate.toFixed(0)} images a second\n`;
  Deno.stderr.writeSync(new TextEncoder().encode(line));
}

const preparing = `prepare ${samples?.length ?? "no"} images, ${CORES} Workers`;
// Declared async: Deno does not wait for a plain function that returns a promise.
Deno.bench({ name: preparing, n: RUNS, warmup: 0, ignore }, async () => {
  await timed(preparing, async () => {
    // In memory: benches have no permission to write.
    await prepareSplit(samples!, { size: SIZE, cacheFolder: null });
  });
});

for (const normalize of ["imagenet", "picture"] as const) {
  const name = `serve them in batches of ${BATCH}, ${normalize}`;
  let split: PreparedSplit | undefined;
  let epoch = 0;
  Deno.bench({ name, n: RUNS, warmup: 1, ignore }, async () => {
    split ??= await prepareSplit(samples!, { size: SIZE, normalize, cacheFolder: null });
    await timed(name, async () => {
      for await (const { images } of batches(split!, { batchSize: BATCH, epoch: epoch++ })) {
        if (images.shape[2] !== SIZE) throw new Error(`a batch of ${images.shape}`);
      }
    });
    if (epoch > RUNS) await split.close();
  });
}
