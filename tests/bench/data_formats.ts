/**
 * Prepares the train split of a dataset several times and prints the best speed: started by data_formats.py, which says
 * what it is compared with.
 */
import { findSplits, prepareSplit, readSplit, splitOf } from "../../mod.ts";

const RUNS = 3;
const SIZE = 256;

const [folder = "dataset"] = Deno.args;
const { samples } = await readSplit(splitOf(await findSplits(folder), "train"));
let best = Infinity;
for (let run = 0; run < RUNS; run++) {
  const start = performance.now();
  const split = await prepareSplit(samples, { size: SIZE, cacheFolder: null });
  best = Math.min(best, (performance.now() - start) / 1000);
  await split.close();
}
const line = `prepare ${samples.length} images: ${best.toFixed(2)} s, ${
  (samples.length / best).toFixed(0)
} images a second\n`;
Deno.stdout.writeSync(new TextEncoder().encode(line));
Deno.exit(0);
