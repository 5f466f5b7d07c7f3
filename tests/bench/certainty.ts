/**
 * Measures what docs/certainty.md promises, on phantoms of which a tenth of the outlines is removed, shifted or dilated: a
 * cross-validation finds them by images that each model has not seen; its probabilities are calibrated; thresholds keep
 * their promise when images are reshuffled:
 *
 *     deno run --allow-run=deno --allow-read --allow-write=dataset,runs tests/bench/certainty.ts
 *
 * Every step is a product's command; `--resume yes` goes on after it was stopped. Prints Markdown: docs/results/certainty.md. `--shares FILE` also writes the shares of
 * missed foreground, which tests/fixtures/certainty keeps.
 *
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ANNOTATION_FILE } from "../../src/coco/coco_file.ts";
import {
  MISSED_THRESHOLDS,
  missedCurve,
  missedShares,
  thresholdForMissRate,
} from "../../src/evaluation/calibration/missed_foreground.ts";
import { MAP_INDEX_FILE, readMapIndex } from "../../src/evaluation/map_index.ts";
import { readSheet } from "../../src/evaluation/map_sheet.ts";
import { codedThresholds, decodeProbabilities } from "../../src/evaluation/probability_codes.ts";
import { shuffled } from "../../src/random.ts";
import { writeStdout } from "../../src/cli/task.ts";
import { damageOutlines } from "../support/damaged_outlines.ts";
import { benchTask } from "../support/bench_task.ts";

const OPTIONS = {
  train: "130",
  valid: "20",
  test: "60",
  size: "64",
  filters: "8",
  epochs: "25",
  folds: "5",
  seed: "0",
  flags: "",
  shares: "",
  resume: "no",
};

const given = parseArgs({
  options: Object.fromEntries(
    Object.entries(OPTIONS).map(([name, text]) => [name, { type: "string", default: text } as const]),
  ),
}).values as typeof OPTIONS;

const DATA = "dataset/certainty";
const RUN = "runs/certainty";
const SPLITS = ["train", "valid"] as const;

interface Finding {
  readonly name: string;
  readonly score: number;
}

/** The share of pairs of a damaged and an intact image in which the damaged one has the higher score. */
function auroc(
  scores: ReadonlyMap<string, number>,
  names: readonly string[],
  damaged: ReadonlySet<string>,
): number {
  const of = (isDamaged: boolean) =>
    names.filter((name) => damaged.has(name) === isDamaged).map((name) => scores.get(name) ?? 0);
  const [bad, good] = [of(true), of(false)];
  let sum = 0;
  for (const a of bad) for (const b of good) sum += a > b ? 1 : a === b ? 0.5 : 0;
  return sum / (bad.length * good.length);
}

async function audit(...args: string[]): Promise<Map<string, number>> {
  const { audit } = JSON.parse(
    await benchTask("evaluate", ...args, "--data", DATA, "--audit", "--json"),
  ) as {
    audit: Finding[];
  };
  return new Map(audit.map(({ name, score }) => [name, score]).reverse() as [string, number][]);
}

/** What each image of a split misses by threshold, by its stored maps. */
async function sharesOf(split: string): Promise<Float64Array[]> {
  const folder = join(RUN, `${split}-probabilities`);
  const index = readMapIndex(JSON.parse(await Deno.readTextFile(join(folder, MAP_INDEX_FILE))))!;
  const thresholds = codedThresholds(index.threshold);
  const form = { size: index.size, head: index.head, classCount: index.classes.length };
  const shares: (Float64Array | null)[] = [];
  for (const { file } of index.images) {
    const sheet = readSheet(await Deno.readFile(join(folder, file!)), form, thresholds);
    const map = {
      width: index.size,
      height: index.size,
      data: decodeProbabilities(sheet.codes(0), thresholds),
    };
    shares.push(missedShares([map], [sheet.truth(0)], index.head));
  }
  return shares.filter((each) => each !== null);
}

/** The mean share that is missed in images that did not choose the threshold, over reshuffles. */
function reshuffle(shares: readonly Float64Array[], count: number, rate: number, rounds = 200): number {
  let sum = 0;
  for (let round = 0; round < rounds; round++) {
    const order = [...shuffled(shares.length, 1, round)].map((at) => shares[at]!);
    const threshold = thresholdForMissRate(missedCurve(order.slice(0, count))!, rate);
    const rest = order.slice(count);
    const at = MISSED_THRESHOLDS.indexOf(threshold);
    sum += rest.reduce((total, each) => total + each[at]!, 0) / rest.length / rounds;
  }
  return sum;
}

const isResumed = given.resume === "yes";
if (!isResumed) {
  await benchTask(
    "phantom",
    ...["--output", DATA, "--train", given.train, "--valid", given.valid, "--test", given.test],
    ...["--size", given.size, "--seed", given.seed],
  );
}
const damaged = new Map<string, Set<string>>();
for (const [index, split] of SPLITS.entries()) {
  const path = join(DATA, split, ANNOTATION_FILE);
  const intact = `${path}.intact`;
  if (!isResumed) await Deno.copyFile(path, intact);
  const { text, names } = damageOutlines(await Deno.readTextFile(intact), {
    share: 0.1,
    seed: 10 + index,
    kinds: ["removed", "shifted", "dilated"],
  });
  await Deno.writeTextFile(path, text);
  damaged.set(split, names);
}
const started = performance.now();
const settings = [
  ...["--folds", given.folds, "--data", DATA, "--run", RUN, "--seed", given.seed],
  ...["--recipe", "strong", "--filters", given.filters, "--size", given.size, "--batch-size", "8"],
  ...["--epochs", given.epochs, "--patience", "0"],
  ...given.flags.split(" ").filter((flag) => flag !== ""),
];
const records = ["--swanlab", "off", "--no-tensorboard", "--samples", "0"];
await benchTask("train", ...isResumed ? ["--resume", "--run", RUN] : [...settings, "--force"], ...records);
const minutes = (performance.now() - started) / 60_000;
const { images } = JSON.parse(await Deno.readTextFile(join(RUN, "ensemble.json"))) as {
  images: { split: string; name: string; fold: number }[];
};
const summary = JSON.parse(await Deno.readTextFile(join(RUN, "ensemble-summary.json")));
const lines = [
  `# Certainty on phantoms`,
  "",
  `${given.train} + ${given.valid} phantoms of ${given.size} px, a tenth of the outlines removed, shifted or dilated in ` +
  `turns; ${given.folds} folds, ${given.filters} filters, ${given.epochs} epochs, the strong recipe, seed ${given.seed}; ` +
  `${
    isResumed ? "" : `trained in ${minutes.toFixed(1)} minutes on one core. `
  }Printed by \`tests/bench/certainty.ts\`.`,
  "",
  "## Damaged outlines",
  "",
  "AUROC of the audit's score, by image: the model that has not seen it, or one that was trained on it.",
  "",
  "| split | images | damaged | out of fold | in fold |",
  "| ----- | ------ | ------- | ----------- | ------- |",
];
for (const split of SPLITS) {
  const own = images.filter((image) => image.split === split);
  const names = own.map(({ name }) => name);
  const outOfFold = auroc(await audit("--run", RUN, "--split", split), names, damaged.get(split)!);
  const member = join(RUN, "folds/0");
  const seen = own.filter(({ fold }) => fold !== 0).map(({ name }) => name);
  const inFold = auroc(await audit("--run", member, "--split", split), seen, damaged.get(split)!);
  lines.push(
    `| ${split} | ${names.length} | ${damaged.get(split)!.size} | ${outOfFold.toFixed(3)} | ${
      inFold.toFixed(3)
    } |`,
  );
}
const { temperature, error } = summary.outOfFold.calibration;
const test = JSON.parse(await benchTask("evaluate", "--run", RUN, "--data", DATA, "--json"));
lines.push(
  "",
  "## Calibration",
  "",
  `Temperature ${
    temperature.map((value: number) => value.toFixed(2)).join(", ")
  }; expected calibration error ` +
    `${error.before[0].toFixed(4)} before, ${
      error.after[0].toFixed(4)
    } after. Dice of the ensemble on the ${given.test} ` +
    `test phantoms, whose outlines are intact: ${test.summary.pooled.dice.toFixed(3)}.`,
  "",
  "## Promised miss rates",
  "",
  "Mean share of missed foreground over 200 reshuffles of the out-of-fold images.",
  "",
  "| promised | calibrated on | missed |",
  "| -------- | ------------- | ------ |",
);
const shares = [...await sharesOf("train"), ...await sharesOf("valid")];
for (const [rate, count] of [[0.2, 20], [0.15, 60], [0.2, 60], [0.3, 60]] as const) {
  try {
    lines.push(`| ${rate} | ${count} images | ${reshuffle(shares, count, rate).toFixed(3)} |`);
  } catch (error) {
    lines.push(`| ${rate} | ${count} images | refused: ${(error as Error).message.split("\n")[0]} |`);
  }
}
if (given.shares !== "") {
  // Every fourth threshold, as counts of thousandths: enough for a test.
  const kept = shares.map((each) =>
    Array.from(each).filter((_, at) => at % 4 === 0).map((x) => Math.round(x * 1000))
  );
  await Deno.writeTextFile(given.shares, `${JSON.stringify(kept)}\n`);
}
writeStdout(`${lines.join("\n")}\n`);
