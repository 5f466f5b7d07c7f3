/**
 * Proves the loop of docs/correcting.md on phantoms: a fifth of the outlines to train with are removed or shifted; a
 * model is trained on them and audits them; the first 20 images of the ranking are corrected, or 20 random ones, or
 * none; training continues from the model for as many steps; each is evaluated on images that nobody has damaged:
 *
 *     deno run --allow-run=deno --allow-read=dataset,runs --allow-write=dataset,runs tests/bench/corrections_loop.ts
 *
 * `--seeds 3 --first 0`, the sizes below and `--flags` change it. Every step is a product's command; the annotator is
 * the true mask, and saves through `appendCorrection`. Prints Markdown: docs/results/corrections_loop.md.
 *
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { writeStdout } from "../../src/cli/task.ts";
import { readCoco } from "../../src/coco/coco.ts";
import { ANNOTATION_FILE } from "../../src/coco/coco_file.ts";
import { encodeRle } from "../../src/coco/rle.ts";
import { appendCorrection } from "../../src/dataset/corrections.ts";
import { hashBytes } from "../../src/fs/hash_bytes.ts";
import { damageOutlines } from "../support/damaged_outlines.ts";
import { Random } from "../support/random.ts";
import { benchTask } from "../support/bench_task.ts";

/** The arguments and their defaults. */
const OPTIONS = [
  ...[["seeds", "3"], ["first", "0"], ["corrected", "20"]],
  ...[["images", "100"], ["test", "200"], ["filters", "4"], ["epochs", "30"], ["more", "12"]],
  ...[["name", "loop"], ["flags", "--augment none --average 0"]],
] as [string, string][];

const given = parseArgs({
  options: Object.fromEntries(
    OPTIONS.map(([name, text]) => [name, { type: "string", default: text } as const]),
  ),
}).values as Record<string, string>;

const [SEEDS, FIRST, IMAGES, TEST, EPOCHS, MORE, CORRECTED] = [
  "seeds",
  "first",
  "images",
  "test",
  "epochs",
  "more",
  "corrected",
].map((name) => Number(given[name])) as [
  ...[number, number, number, number, number, number, number],
];

/** Flags of every training run: without augmentation and EMA, a network learns wrong outlines by heart. */
const FLAGS = given.flags!.split(" ").filter((flag) => flag !== "");

/** Images per batch. */
const BATCH = 8;

/** How often a corrected image is drawn per epoch. */
const OVERSAMPLE = 3;

const DATA = `dataset/corrections_loop/${given.name}`;
const RUNS = `runs/corrections_loop/${given.name}`;

interface Evaluation {
  readonly summary: {
    readonly pooled: { readonly dice: number };
    readonly tumor: { readonly metrics: { readonly dice: { readonly mean: number } } };
  };
  readonly audit: readonly { readonly name: string }[] | null;
}

async function evaluate(run: string, data: string, ...args: string[]): Promise<Evaluation> {
  return JSON.parse(
    await benchTask("evaluate", "--run", run, "--data", data, "--json", ...args),
  ) as Evaluation;
}

interface Outcome {
  /** Damaged images among those that were corrected. */
  readonly hit: number;
  /** Mean Dice of the held-out images that have a tumor, and the Dice of all pixels. */
  readonly dice: number;
  readonly pooled: number;
}

/** All arms of one seed. */
async function runSeed(seed: number): Promise<Map<string, Outcome>> {
  const data = join(DATA, `seed-${seed}`);
  const runs = join(RUNS, `seed-${seed}`);
  const counts = ["--train", `${IMAGES}`, "--valid", "40", "--test", `${TEST}`, "--size", "64"];
  await benchTask("phantom", "--output", data, ...counts, "--seed", `${seed}`);
  const path = join(data, "train", ANNOTATION_FILE);
  const truth = await Deno.readTextFile(path);
  const damaged = damageOutlines(truth, { share: 0.2, seed });
  await Deno.writeTextFile(path, damaged.text);

  const settings = ["--data", data, "--swanlab", "off", "--no-tensorboard", "--samples", "0", "--force"];
  const network = ["--recipe", "strong", "--filters", given.filters!, "--size", "64"];
  const base = join(runs, "base");
  const own = ["--epochs", `${EPOCHS}`, "--batch-size", `${BATCH}`, "--seed", `${seed}`, ...FLAGS];
  await benchTask("train", ...settings, ...network, "--run", base, ...own);
  const { audit } = await evaluate(base, data, "--split", "train", "--audit");
  const before = await evaluate(base, data);
  const ranked = audit!.map(({ name }) => name);

  const coco = readCoco(truth);
  const random = new Random(seed);
  const shuffled = coco.images.map(({ fileName }) => ({ fileName, key: random.next() }))
    .sort((a, b) => a.key - b.key).map(({ fileName }) => fileName);
  const arms = { audit: ranked.slice(0, CORRECTED), random: shuffled.slice(0, CORRECTED), none: [] };
  const outcomes = new Map<string, Outcome>();
  const keep = (arm: string, hit: number, { summary: { pooled, tumor } }: Evaluation) =>
    outcomes.set(arm, { hit, dice: tumor.metrics.dice.mean, pooled: pooled.dice });
  keep("before", 0, before);
  for (const [arm, names] of Object.entries(arms)) {
    const file = join(data, `${arm}.coco.json`);
    await Deno.remove(file).catch(() => {});
    for (const name of names) await correct(file, coco, join(data, "train"), name);
    // As many batches in each arm.
    const draws = IMAGES + names.length * (OVERSAMPLE - 1);
    const most = IMAGES + CORRECTED * (OVERSAMPLE - 1);
    const epochs = Math.round(MORE * Math.ceil(most / BATCH) / Math.ceil(draws / BATCH));
    await benchTask(
      "train",
      ...[...settings, "--init", base, "--run", join(runs, arm), "--epochs", `${epochs}`],
      ...["--batch-size", `${BATCH}`, "--seed", `${seed + 100}`],
      ...names.length > 0 ? ["--corrections", file, "--oversample", `${OVERSAMPLE}`] : [],
      ...FLAGS,
    );
    const hit = names.filter((name) => damaged.names.has(name)).length;
    keep(arm, hit, await evaluate(join(runs, arm), data));
  }
  return outcomes;
}

/** The annotator: sees the true mask. */
async function correct(
  file: string,
  coco: ReturnType<typeof readCoco>,
  folder: string,
  fileName: string,
): Promise<void> {
  const { id, width, height } = coco.images.find((image) => image.fileName === fileName)!;
  await appendCorrection(file, {
    image: {
      ...{ split: "train", fileName, width, height },
      sha256: hashBytes(await Deno.readFile(join(folder, fileName))),
    },
    annotator: "truth",
    source: "annotation",
    model: null,
    base: null,
    before: { source: "annotation", model: null, regions: [] },
    regions: [{ category: "Tumor", rle: encodeRle(coco.mask(id)) }],
  });
}

/** Mean and standard deviation of values, with signs. */
function spread(values: readonly number[]): string {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const deviation = Math.sqrt(squares / Math.max(1, values.length - 1));
  return `${mean < 0 ? "" : "+"}${mean.toFixed(4)} +- ${deviation.toFixed(4)}`;
}

const seeds: Map<string, Outcome>[] = [];
writeStdout(
  "| seed | arm | damaged among corrected | Dice per image | Dice of all pixels |\n|---|---|---|---|---|\n",
);
for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
  const outcomes = await runSeed(seed);
  seeds.push(outcomes);
  for (const [arm, { hit, dice, pooled }] of outcomes) {
    writeStdout(`| ${seed} | ${arm} | ${hit} | ${dice.toFixed(4)} | ${pooled.toFixed(4)} |\n`);
  }
}
const risesOf = (arm: string, value: "dice" | "pooled") =>
  seeds.map((outcomes) => outcomes.get(arm)![value] - outcomes.get("before")![value]);
writeStdout("\n| arm | rise per image | rise of all pixels |\n|---|---|---|\n");
for (const arm of ["audit", "random", "none"]) {
  writeStdout(`| ${arm} | ${spread(risesOf(arm, "dice"))} | ${spread(risesOf(arm, "pooled"))} |\n`);
}
const [audit, random] = [risesOf("audit", "dice"), risesOf("random", "dice")];
const won = audit.filter((rise, i) => rise > random[i]!).length;
writeStdout(`\nDice rises more by the audit than by chance in ${won} of ${SEEDS} seeds.\n`);
const sum = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
if (sum(audit) <= sum(random)) Deno.exitCode = 1;
