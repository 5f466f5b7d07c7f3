/**
 * Where elastic displacement pays: each augmentation is trained with the strong recipe at equal epochs and several seeds,
 * and evaluated on the test split.
 *
 *     deno run --allow-run=deno --allow-read=dataset,runs --allow-write=dataset,runs tests/bench/elastic.ts \
 *       data=dataset/nuclei few=24 epochs=200 seeds=0,1,2 "augment=light;light,elastic=0.05"
 *
 * `few=N` trains on N images and validates with 16, evenly spread over their splits. Without `data` it makes 24 phantoms. What
 * was measured is kept in runs/elastic/results.jsonl and not measured again. Prints Markdown: Dice of all test pixels at
 * the network's input size, for several classes the mean over these.
 *
 * @module
 */
import { basename, join } from "node:path";
import { writeStdout } from "../../src/cli/task.ts";
import { isTaken } from "../../src/fs/paths.ts";
import { benchTask } from "../support/bench_task.ts";

const RUNS = "runs/elastic";
const RESULTS = join(RUNS, "results.jsonl");

/** Images to validate with next to few to train on: each epoch validates. */
const VALID = 16;

const given: Record<string, string> = {
  ...{ data: "", few: "0", epochs: "40", seeds: "0,1,2", size: "64", batch: "8" },
  augment: "light;light,elastic=0.05;light,elastic=0.1",
};
for (const argument of Deno.args) {
  const [name, value] = argument.split(/=(.*)/s);
  if (!Object.hasOwn(given, name!) || value === undefined) {
    throw new RangeError(`Cannot take ${argument}: expected ${Object.keys(given).join("=, ")}=`);
  }
  given[name!] = value;
}

interface Result {
  readonly data: string;
  readonly augment: string;
  readonly epochs: string;
  readonly seed: string;
  readonly dice: number;
}

/** The dataset to use: phantoms, the given one, or a copy of it with few training images. */
async function dataset(): Promise<string> {
  const { data, few } = given as { data: string; few: string };
  if (data === "") {
    const folder = "dataset/elastic/phantoms-24";
    const counts = ["--train", "24", "--valid", `${VALID}`, "--test", "60", "--size", "96", "--seed", "5"];
    if (!await isTaken(folder)) await benchTask("phantom", "--output", folder, ...counts);
    return folder;
  }
  if (few === "0") return data;
  const folder = `dataset/elastic/${basename(data)}-${few}`;
  if (await isTaken(folder)) return folder;
  for (const split of ["train", "valid", "test"]) {
    const [from, to] = [join(data, split), join(folder, split)];
    await Deno.mkdir(to, { recursive: true });
    const coco = JSON.parse(await Deno.readTextFile(join(from, "_annotations.coco.json")));
    const count = split === "train" ? Number(few) : split === "valid" ? VALID : coco.images.length;
    if (count < coco.images.length) {
      const step = coco.images.length / count;
      coco.images = Array.from({ length: count }, (_, index) => coco.images[Math.floor(index * step)]);
      const kept = new Set(coco.images.map(({ id }: { id: number }) => id));
      coco.annotations = coco.annotations.filter((one: { image_id: number }) => kept.has(one.image_id));
    }
    await Deno.writeTextFile(join(to, "_annotations.coco.json"), JSON.stringify(coco));
    for (const { file_name } of coco.images) await Deno.copyFile(join(from, file_name), join(to, file_name));
  }
  return folder;
}

async function measure(data: string, augment: string, seed: string): Promise<Result> {
  const { epochs, size, batch } = given as Record<"epochs" | "size" | "batch", string>;
  const run = join(RUNS, `${basename(data)}-${augment.replaceAll(/[^\w.]+/g, "-")}-${epochs}-${seed}`);
  const sizes = ["--filters", "8", "--size", size, "--batch-size", batch, "--epochs", epochs];
  const quiet = ["--swanlab", "off", "--no-tensorboard", "--samples", "0", "--force"];
  const recipe = ["--recipe", "strong", "--patience", "1000", "--seed", seed, "--augment", augment];
  await benchTask("train", "--data", data, "--run", run, ...recipe, ...sizes, ...quiet);
  const { summary } = JSON.parse(
    await benchTask("evaluate", "--run", run, "--data", data, "--no-maps", "--json"),
  );
  return { data, augment, epochs, seed, dice: (summary.classMeans ?? summary).pooled.dice };
}

await Deno.mkdir(RUNS, { recursive: true });
const known: Result[] = await isTaken(RESULTS)
  ? (await Deno.readTextFile(RESULTS)).trim().split("\n").filter(Boolean).map((line) => JSON.parse(line))
  : [];
const data = await dataset();
const augments = given["augment"]!.split(";");
const seeds = given["seeds"]!.split(",");
const results: Result[] = [];
for (const seed of seeds) {
  for (const augment of augments) {
    const wanted = { data, augment, epochs: given["epochs"]!, seed };
    let result = known.find((one) =>
      Object.entries(wanted).every(([name, value]) => one[name as keyof typeof wanted] === value)
    );
    if (result === undefined) {
      result = await measure(data, augment, seed);
      await Deno.writeTextFile(RESULTS, JSON.stringify(result) + "\n", { append: true });
    }
    results.push(result);
  }
}

const diceOf = (augment: string) => results.filter((one) => one.augment === augment).map(({ dice }) => dice);
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const base = mean(diceOf(augments[0]!));
const lines = [["augmentation", `${data}, ${given["epochs"]} epochs`, "mean", "change"], [
  "---",
  "---",
  "---",
  "---",
]];
for (const augment of augments) {
  const own = diceOf(augment);
  const change = mean(own) - base;
  lines.push([
    `\`${augment}\``,
    own.map((value) => value.toFixed(3)).join(", "),
    mean(own).toFixed(3),
    augment === augments[0] ? "" : (change >= 0 ? "+" : "") + change.toFixed(3),
  ]);
}
writeStdout(lines.map((cells) => `| ${cells.join(" | ")} |\n`).join(""));
