/**
 * What helps on images of another appearance, at equal numbers of steps: each candidate is trained on phantoms of one
 * look and evaluated on the test images of that look and of all others, whose anatomy and outlines are the same.
 *
 *     deno run --allow-run=deno --allow-read=dataset,runs --allow-write=dataset,runs tests/bench/domain_shift.ts
 *
 * `--seeds 3`, the sizes below, `--trained t1` and `--only NAME,...` change it. `--data FOLDER --others FOLDER,...` takes
 * datasets in place of phantoms: the first to train on, the others to be evaluated on. Prints Markdown with the change
 * of the mean Dice against `base`: kept is what adds 0.05 on unseen looks and costs at most 0.005 on the trained one.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { writeStdout } from "../../src/cli/task.ts";
import { LOOK_NAMES } from "../../src/phantom/looks.ts";
import { benchTask } from "../support/bench_task.ts";

/** The arguments and their defaults. */
const OPTIONS = {
  ...{ seeds: "3", filters: "8", size: "64", images: "200", test: "100", epochs: "20", batch: "8" },
  ...{ trained: "t1", only: "", data: "", others: "", root: "domain_shift" },
};

const given = parseArgs({
  options: Object.fromEntries(
    Object.entries(OPTIONS).map(([name, text]) => [name, { type: "string", default: text } as const]),
  ),
}).values as typeof OPTIONS;

/** Flags of a training run by the name of the candidate; `pretrain` is a share of the epochs on phantoms of all looks. */
const CANDIDATES: Readonly<Record<string, { flags: string; pretrain?: number; evaluate?: string }>> = {
  "base": { flags: "" },
  "noise": { flags: "--augment light,noise=0.2" },
  "contrast": { flags: "--augment light,contrast=0.3,brightness=0.3" },
  "contrast strong": { flags: "--augment light,contrast=0.6,brightness=0.6" },
  "invert": { flags: "--augment light,invert=0.5,share=0.3" },
  "tone rare": { flags: "--augment light,gamma=0.7,tone=0.7,bias=0.3,share=0.3" },
  "tone and invert rare": { flags: "--augment light,gamma=0.7,tone=0.7,bias=0.3,invert=0.5,share=0.3" },
  "tone and invert half": { flags: "--augment light,gamma=0.7,tone=0.7,bias=0.3,invert=0.5,share=0.5" },
  "tone and invert always": { flags: "--augment light,gamma=1.5,tone=0.95,bias=0.5,invert=0.5,noise=0.2" },
  "contrast and noise": { flags: "--augment light,contrast=0.3,brightness=0.3,noise=0.2" },
  "instance norm own moments": { flags: "--norm instance --normalize picture" },
  "no norm imagenet": { flags: "--norm none --normalize imagenet" },
  "flips at test time": { flags: "", evaluate: "--flips" },
  "adapted at test time": { flags: "", evaluate: "--adapt" },
  "adapted and flips at test time": { flags: "", evaluate: "--adapt --flips" },
  "pretrained on all looks": { flags: "", pretrain: 0.5 },
  "twice as long": { flags: `--epochs ${2 * Number(given.epochs)}` },
  "tone rare and flips at test time": {
    flags: "--augment light,gamma=0.7,tone=0.7,bias=0.3,share=0.3",
    evaluate: "--flips",
  },
};

const DATA = `dataset/${given.root}`;
const RUNS = `runs/${given.root}`;

async function phantom(folder: string, looks: string): Promise<string> {
  const counts = [
    "--train",
    given.images,
    "--valid",
    "32",
    "--test",
    given.test,
    "--size",
    "96",
    "--seed",
    "5",
  ];
  await benchTask("phantom", "--output", folder, "--look", looks, ...counts);
  return folder;
}

async function train(
  run: string,
  data: string,
  seed: number,
  epochs: number,
  flags: string,
): Promise<string> {
  const sizes = ["--filters", given.filters, "--size", given.size, "--batch-size", given.batch];
  const fixed = [
    "--recipe",
    "strong",
    "--patience",
    "1000",
    "--swanlab",
    "off",
    "--no-tensorboard",
    "--samples",
    "0",
  ];
  const more = flags.split(" ").filter((flag) => flag !== "");
  const own = more.includes("--epochs") ? [] : ["--epochs", `${epochs}`];
  await benchTask(
    "train",
    "--data",
    data,
    "--run",
    run,
    "--force",
    "--seed",
    `${seed}`,
    ...fixed,
    ...sizes,
    ...own,
    ...more,
  );
  return run;
}

async function dice(run: string, data: string, flags = ""): Promise<number> {
  const more = flags.split(" ").filter((flag) => flag !== "");
  // Datasets are evaluated at the same time: each into a folder of its own.
  const output = `${run}/${data.replaceAll(/[^\w]+/g, "-")}`;
  const fixed = ["--no-maps", "--json", "--output", output];
  const text = await benchTask("evaluate", "--run", run, "--data", data, ...fixed, ...more);
  return JSON.parse(text).summary.pooled.dice;
}

const others = given.others === "" ? [] : given.others.split(",");
const datasets: [name: string, folder: string][] = given.data === ""
  ? await Promise.all(LOOK_NAMES.map(async (look): Promise<[string, string]> => [
    look,
    await phantom(`${DATA}/${look}`, look),
  ]))
  : [given.data, ...others].map((folder): [string, string] => [folder, folder]);
const trained = given.data === "" ? given.trained : given.data;
const trainedFolder = datasets.find(([name]) => name === trained)![1];
const unseen = datasets.filter(([name]) => name !== trained);

const chosen = Object.entries(CANDIDATES).filter(([name]) =>
  given.only === "" || name === "base" || given.only.split(",").includes(name)
);
const mixed = chosen.some(([, { pretrain }]) => pretrain !== undefined)
  ? await phantom(`${DATA}/mixed`, LOOK_NAMES.filter((look) => look !== trained).join(","))
  : "";

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const epochs = Number(given.epochs);
/** Runs by what trained them: candidates that differ in prediction only share one. */
const trainedRuns = new Map<string, string>();
const table: { name: string; own: number; seen: number[] }[] = [];
for (const [name, { flags, pretrain = 0, evaluate }] of chosen) {
  const rows: number[][] = [];
  for (let seed = 0; seed < Number(given.seeds); seed++) {
    const key = JSON.stringify([flags, pretrain, seed]);
    let run = trainedRuns.get(key);
    if (run === undefined) {
      run = `${RUNS}/${name.replaceAll(/[ ,]+/g, "-")}-${seed}`;
      const before = Math.round(pretrain * epochs);
      const init = before === 0
        ? ""
        : ` --init ${await train(`${run}-before`, mixed, seed, before, "")} --learning-rate 3e-3`;
      await train(run, trainedFolder, seed, epochs - before, flags + init);
      trainedRuns.set(key, run);
    }
    rows.push([
      await dice(run, trainedFolder, evaluate),
      ...await Promise.all(unseen.map(([, folder]) => dice(run, folder, evaluate))),
    ]);
  }
  table.push({
    name,
    own: mean(rows.map(([own]) => own!)),
    seen: unseen.map((_, place) => mean(rows.map((row) => row[place + 1]!))),
  });
}

const base = table[0]!;
const signed = (value: number) => (value >= 0 ? "+" : "") + value.toFixed(3);
const header = [
  "candidate",
  trained,
  ...unseen.map(([name]) => name),
  "unseen, mean",
  "change",
  "change, trained",
];
const lines = [header, header.map(() => "---")];
for (const { name, own, seen } of table) {
  lines.push([
    name,
    own.toFixed(3),
    ...seen.map((value) => value.toFixed(3)),
    mean(seen).toFixed(3),
    signed(mean(seen) - mean(base.seen)),
    signed(own - base.own),
  ]);
}
writeStdout(lines.map((cells) => `| ${cells.join(" | ")} |\n`).join(""));
