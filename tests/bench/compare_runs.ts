/**
 * Compares training runs of this project with PyTorch's, several seeds each: docs/results/real_dataset.md.
 *
 *     deno run --allow-read tests/bench/compare_runs.ts runs/a runs/b ... -- a.jsonl b.jsonl ...
 *
 * Arguments before the dashes are run folders with metrics.jsonl, and valid.json and test.json of `evaluate`; after them,
 * outputs of torch_train.py. Prints Markdown: losses and Dice per epoch as median, minimum and maximum over the seeds.
 *
 * @module
 */
import { writeStdout } from "../../src/cli/task.ts";
import { summarize } from "../../src/tuning/timing.ts";

interface Epoch {
  readonly train: number;
  readonly valid: number;
  readonly dice: number;
}

interface TrainingRun {
  readonly epochs: readonly Epoch[];
  readonly dice: { readonly valid: number; readonly test: number };
  readonly accuracy: { readonly valid: number; readonly test: number };
}

/** Epochs that are shown: each of the first four, where curves are steep, then every fourth. */
const shown = (epoch: number, last: number) => epoch <= 4 || epoch % 4 === 0 || epoch === last;

const print = (line: string) => writeStdout(`${line}\n`);

const lines = (path: string) =>
  Deno.readTextFileSync(path).trim().split("\n").map((line) => JSON.parse(line));

function readOurs(folder: string): TrainingRun {
  const epochs = lines(`${folder}/metrics.jsonl`).map((row) => ({
    train: row["train/loss"],
    valid: row["valid/loss"],
    dice: row["valid/dice"],
  }));
  const pooled = (split: string) =>
    JSON.parse(Deno.readTextFileSync(`${folder}/${split}.json`)).summary.pooled;
  const [valid, test] = [pooled("valid"), pooled("test")];
  return {
    epochs,
    dice: { valid: valid.dice, test: test.dice },
    accuracy: { valid: valid.accuracy, test: test.accuracy },
  };
}

function readTheirs(path: string): TrainingRun {
  const rows = lines(path);
  const { valid, test } = rows.pop();
  return {
    epochs: rows.map((row) => ({
      train: row.train.loss,
      valid: row.valid.loss,
      dice: row.valid.dice,
    })),
    dice: { valid: valid.dice, test: test.dice },
    accuracy: { valid: valid.accuracy, test: test.accuracy },
  };
}

/** `median (minimum to maximum)` of some numbers. */
function spread(values: readonly number[]): string {
  const text = (value: number) => value.toFixed(3);
  return `${text(summarize(values).median)} (${text(Math.min(...values))} to ${text(Math.max(...values))})`;
}

/** Whether the ranges of two sets of numbers overlap. */
function overlap(a: readonly number[], b: readonly number[]): boolean {
  return Math.min(...a) <= Math.max(...b) && Math.min(...b) <= Math.max(...a);
}

const dashes = Deno.args.indexOf("--");
if (dashes < 1 || dashes === Deno.args.length - 1) {
  throw new Error("Cannot compare: expected run folders, then --, then files by torch_train.py");
}
const ours = Deno.args.slice(0, dashes).map(readOurs);
const theirs = Deno.args.slice(dashes + 1).map(readTheirs);

const FIELDS = [["train", "train loss"], ["valid", "valid loss"], ["dice", "valid Dice"]] as const;
const last = Math.max(...[...ours, ...theirs].map(({ epochs }) => epochs.length));
const at = (trainings: readonly TrainingRun[], epoch: number, field: keyof Epoch) =>
  trainings.flatMap(({ epochs }) => epochs[epoch - 1]?.[field] ?? []);

print(`| epoch | ${FIELDS.map(([, title]) => `${title}, ours | ${title}, PyTorch`).join(" | ")} |`);
print(`| --- |${" --- |".repeat(2 * FIELDS.length)}`);
const together = { train: 0, valid: 0, dice: 0 };
let compared = 0;
for (let epoch = 1; epoch <= last; epoch++) {
  const cells = FIELDS.map(([field]) => {
    const [a, b] = [at(ours, epoch, field), at(theirs, epoch, field)];
    if (a.length > 0 && b.length > 0 && overlap(a, b)) together[field]++;
    return [a, b].map((values) => values.length > 0 ? spread(values) : "").join(" | ");
  });
  if (at(ours, epoch, "train").length > 0 && at(theirs, epoch, "train").length > 0) compared++;
  if (shown(epoch, last)) print(`| ${epoch} | ${cells.join(" | ")} |`);
}
print("");
for (const [field, title] of FIELDS) {
  print(`${title}: the ranges of the seeds overlap in ${together[field]} of ${compared} epochs`);
}
print("");
print("| of the best epoch | ours | PyTorch |\n| --- | --- | --- |");
for (const measure of ["dice", "accuracy"] as const) {
  for (const split of ["valid", "test"] as const) {
    const all = [ours, theirs].map((trainings) =>
      trainings.map((training) => training[measure][split].toFixed(3)).join(", ")
    );
    print(`| ${measure}, ${split} | ${all.join(" | ")} |`);
  }
}
