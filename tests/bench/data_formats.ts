/**
 * Prepares the train split of a dataset several times and prints the speed of the first time, which starts Workers, and
 * the best of the others: started by data_formats.py, which says what they are compared with.
 */
import { findSplits, prepareSplit, readSplit, splitOf } from "../../mod.ts";

const RUNS = 3;
const SIZE = 256;

const [folder = "dataset"] = Deno.args;
const { samples } = await readSplit(splitOf(await findSplits(folder), "train"));
const times: number[] = [];
for (let run = 0; run < RUNS; run++) {
  const start = performance.now();
  const split = await prepareSplit(samples, { size: SIZE, cacheFolder: null });
  times.push((performance.now() - start) / 1000);
  await split.close();
}
const [first, ...others] = times as [number, ...number[]];
const describe = (workers: string, seconds: number) =>
  `prepare ${samples.length} images in ${workers} Workers: ${seconds.toFixed(2)} s, ${
    (samples.length / seconds).toFixed(0)
  } images a second\n`;
const lines = describe("new", first) + describe("the same", Math.min(...others));
Deno.stdout.writeSync(new TextEncoder().encode(lines));
Deno.exit(0);
