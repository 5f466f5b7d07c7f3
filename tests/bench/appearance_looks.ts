/**
 * How well a model tells images of other looks from those it was trained on: the AUROC of the distance that `predict`
 * and `evaluate` report, and the shares that are called unusual.
 *
 * deno run --allow-read tests/bench/appearance_looks.ts MODEL TRAINED OTHER...
 *
 * TRAINED is the dataset that the model was trained on; its test split is what is usual. OTHER are phantoms with looks.
 * A model whose file has no appearance yet gets it from TRAINED.
 */
import { AppearanceJudge } from "../../src/appearance/appearance.ts";
import { appearanceOf } from "../../src/appearance/measure_images.ts";
import { prepareSplit } from "../../src/dataset/prepare.ts";
import type { PreparedSplit } from "../../src/dataset/prepared_split.ts";
import { readSplit } from "../../src/dataset/samples.ts";
import { findSplits, splitOf } from "../../src/dataset/splits.ts";
import { loadModel } from "../../src/prediction/load_model.ts";

/** The share of pairs of a usual and an unusual value in which the unusual one is larger; half of those that are equal. */
export function areaUnderCurve(usual: readonly number[], unusual: readonly number[]): number {
  let wins = 0;
  for (const high of unusual) {
    for (const low of usual) wins += high > low ? 1 : high === low ? 0.5 : 0;
  }
  return wins / (usual.length * unusual.length);
}

async function prepared(folder: string, role: "train" | "valid" | "test"): Promise<PreparedSplit> {
  const { samples } = await readSplit(splitOf(await findSplits(folder), role));
  const { size, normalize } = loaded.description;
  return await prepareSplit(samples, { size, normalize, cacheFolder: null });
}

function* inputs(split: PreparedSplit) {
  for (let index = 0; index < split.count; index++) yield split.image(index);
}

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

const [file, trained, ...others] = Deno.args as [string, string, ...string[]];
const loaded = await loadModel(file);
const model = loaded.description.appearance ? loaded : {
  ...loaded,
  description: {
    ...loaded.description,
    appearance: appearanceOf(
      loaded,
      inputs(await prepared(trained, "train")),
      inputs(await prepared(trained, "valid")),
    )!,
  },
};
const judge = AppearanceJudge.of(model)!;

async function judged(folder: string) {
  const split = await prepared(folder, "test");
  return split.samples.map((_, index) => judge.judge(split.image(index)));
}

const usual = await judged(trained);
const share = (list: typeof usual) => list.filter(({ unusual }) => unusual).length / list.length;
say(`${trained}: ${(100 * share(usual)).toFixed(1)} % unusual`);
for (const folder of others) {
  const list = await judged(folder);
  const area = (of: "distance" | "intensities" | "encoder") =>
    areaUnderCurve(usual.map((each) => each[of]), list.map((each) => each[of])).toFixed(3);
  say(
    `${folder}: AUROC ${area("distance")} (intensities ${area("intensities")}, encoder ${
      area("encoder")
    }), ` +
      `${(100 * share(list)).toFixed(1)} % unusual`,
  );
}
