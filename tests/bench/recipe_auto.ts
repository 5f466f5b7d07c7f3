/**
 * The recipe `auto` next to settings chosen by hand, at equal computing time: each configuration gets as many epochs as
 * its measured step time allows. All are screened with one seed; the best two and `auto` are trained longer, with several.
 *
 *     deno run --allow-run=deno --allow-read --allow-write=dataset,runs tests/bench/recipe_auto.ts
 *
 * Judged at the images' own pixels: `evaluate` counts those of the input for whole images, and others for patches.
 *
 * Without `data=dataset/a,dataset/b` it makes phantoms of which a fifth of the outlines is wrong. `screen=300` and
 * `final=600` are seconds of training, `seeds=3`, `only=NAME;NAME`, `rounds=clock|screen|final|both` change it. What was
 * measured is kept in runs/recipe_auto and not measured again: step times are better measured first, by `rounds=clock` on
 * a quiet machine, which includes those of what `auto` chooses. Prints Markdown.
 *
 * @module
 */
import { join } from "node:path";
import { writeStderr, writeStdout } from "../../src/cli/task.ts";
import { mean } from "../../src/evaluation/statistics.ts";
import { ANNOTATION_FILE } from "../../src/coco/coco_file.ts";
import { RUN_FILES } from "../../src/fs/layout.ts";
import { isTaken } from "../../src/fs/paths.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { openGpu } from "../../src/host/open_gpu.ts";
import { AUTO_RULES, autoRules, type AutoStart, settleAuto } from "../../src/training/auto/choose_auto.ts";
import { patchesPerEpoch } from "../../src/training/auto/choose_input.ts";
import { readProfile } from "../../src/training/auto/read_profile.ts";
import { chooseForBudget, reviseEpochs, saveSeconds, VALIDATION_SHARE } from "../../src/training/budget.ts";
import { budgetTask } from "../../src/training/budget_run.ts";
import { stepSeconds } from "../../src/training/measure_epoch.ts";
import { measureSpeed } from "../../src/training/measure_speed.ts";
import { completeTrainConfig } from "../../src/training/recipe.ts";
import type { Speed } from "../../src/training/step_speed.ts";
import { trainCommandOf } from "../../src/training/train_command.ts";
import { networkConfig, type TrainConfig, trainerOptions } from "../../src/training/train_config.ts";
import { Trainer } from "../../src/training/trainer.ts";
import { parameterTable } from "../../src/unet/parameters.ts";
import { UNet } from "../../src/unet/unet.ts";
import { benchTask } from "../support/bench_task.ts";
import { damageOutlines } from "../support/damaged_outlines.ts";
import { diceAtOwnPixels, type OwnPixels } from "../support/own_pixels.ts";

const OPTIONS = { data: "", screen: "300", final: "600", seeds: "3", only: "", rounds: "both", kept: "2" };

const given: typeof OPTIONS = { ...OPTIONS };
for (const argument of Deno.args) {
  const [name, value] = argument.split(/=(.*)/s);
  if (!Object.hasOwn(OPTIONS, name!) || value === undefined) {
    throw new RangeError(`Cannot take ${argument}: expected ${Object.keys(OPTIONS).join("=, ")}=`);
  }
  given[name as keyof typeof OPTIONS] = value;
}

const RUNS = "runs/recipe_auto";
const RESULTS = join(RUNS, "results.jsonl");
const STEPS = join(RUNS, "steps.json");

const PATCHES = "strong, patches of 128 px";

/** Settings that somebody would choose by hand, from the pages of results. */
const BY_HAND: Readonly<Record<string, Partial<TrainConfig>>> = {
  "original, 128 px": { recipe: "original", filters: 8, size: 128, batchSize: 16, learningRate: 1e-3 },
  "strong, 64 px": { recipe: "strong", filters: 8, size: 64, batchSize: 4 },
  "strong, 64 px, depth 4": { recipe: "strong", filters: 8, size: 64, batchSize: 4, depth: 4 },
  "strong, 96 px": { recipe: "strong", filters: 8, size: 96, batchSize: 8 },
  "strong, 128 px": { recipe: "strong", filters: 8, size: 128, batchSize: 8 },
  "strong, 128 px, batch 4": { recipe: "strong", filters: 8, size: 128, batchSize: 4 },
  "strong, 192 px": { recipe: "strong", filters: 8, size: 192, batchSize: 4 },
  "strong, 16 filters, 96 px": { recipe: "strong", filters: 16, size: 96, batchSize: 8 },
  [PATCHES]: { recipe: "strong", filters: 8, size: 128, patch: 128, batchSize: 4 },
};

/** The name of what the recipe chooses. */
const AUTO = "auto";

interface Result {
  readonly data: string;
  readonly name: string;
  readonly seconds: number;
  readonly seed: number;
  readonly epochs: number;
  /** The mean over classes of the Dice of all pixels, as `evaluate` counts them. */
  readonly dice: number;
  readonly own: OwnPixels;
  readonly command: string;
}

/** Phantoms of which a fifth of the outlines to train on is removed or shifted. */
async function wrongPhantoms(): Promise<string> {
  const folder = "dataset/wrong_outlines";
  if (await isTaken(folder)) return folder;
  const counts = ["--train", "200", "--valid", "40", "--test", "60"];
  await benchTask("phantom", "--output", folder, ...counts);
  const path = join(folder, "train", ANNOTATION_FILE);
  const { text } = damageOutlines(await Deno.readTextFile(path), { share: 0.2, seed: 1 });
  await Deno.writeTextFile(path, text);
  return folder;
}

/** The least of some measurements: other load only adds. */
async function least(times: number, measure: () => Promise<number>): Promise<number> {
  let best = Infinity;
  for (let time = 0; time < times; time++) best = Math.min(best, await measure());
  return best;
}

/** Step times and the speed that `--budget` measures, kept so that all rounds are judged alike. */
class Clock {
  readonly #gpu: Gpu;
  readonly #steps: Record<string, number>;
  #speed: Speed | undefined;

  private constructor(gpu: Gpu, { steps, speed }: { steps: Record<string, number>; speed?: Speed }) {
    this.#gpu = gpu;
    this.#steps = steps;
    this.#speed = speed;
  }

  static async open(): Promise<Clock> {
    const kept = await isTaken(STEPS) ? JSON.parse(await Deno.readTextFile(STEPS)) : { steps: {} };
    return new Clock(await openGpu(), kept);
  }

  get gpu(): Gpu {
    return this.#gpu;
  }

  async #keep(): Promise<void> {
    await Deno.writeTextFile(STEPS, JSON.stringify({ steps: this.#steps, speed: this.#speed }, null, 2));
  }

  async speed(): Promise<Speed> {
    if (this.#speed !== undefined) return this.#speed;
    const config = completeTrainConfig({ recipe: "strong" });
    const speeds: Speed[] = [];
    for (let time = 0; time < 3; time++) speeds.push(await measureSpeed(this.#gpu, config));
    const [first] = speeds as [Speed];
    const points = first.points.map(({ filters, pixels }) => ({
      filters,
      pixels,
      seconds: Math.min(
        ...speeds.flatMap(({ points }) =>
          points.filter((point) => point.filters === filters && point.pixels === pixels)
            .map(({ seconds }) => seconds)
        ),
      ),
    }));
    this.#speed = { ...first, points };
    await this.#keep();
    return this.#speed;
  }

  async step(config: TrainConfig): Promise<number> {
    const { filters, size, height = size, batchSize, depth = 5, norm } = config;
    const key = `${filters} ${size} ${height} ${batchSize} ${depth} ${norm} ${config.augment !== null}`;
    if (this.#steps[key] !== undefined) return this.#steps[key];
    const unet = await UNet.create(this.#gpu, networkConfig(config), { seed: 0 });
    const { augmentation: _, ...options } = trainerOptions(config);
    const trainer = await Trainer.create(unet, options);
    try {
      const extents = { width: size, height };
      this.#steps[key] = await least(4, () => stepSeconds(trainer, batchSize, extents, 2));
    } finally {
      trainer.close();
      unet.close();
    }
    await this.#keep();
    return this.#steps[key];
  }
}

interface Dataset {
  readonly folder: string;
  readonly name: string;
  /** Named by hand, as a person who looked at the images would: flips only where sides make no difference. */
  readonly flips: boolean;
  readonly images: { readonly train: number; readonly valid: number };
  readonly pixels: number;
  readonly profile: AutoStart["fingerprint"];
}

async function readDataset(folder: string): Promise<Dataset> {
  const name = folder.split("/").at(-1)!;
  const kept = join(RUNS, `${name}.json`);
  const profile: AutoStart["fingerprint"] = await isTaken(kept)
    ? JSON.parse(await Deno.readTextFile(kept))
    : await readProfile(folder, { seconds: 600 });
  await Deno.writeTextFile(kept, JSON.stringify(profile));
  return {
    folder,
    name,
    flips: (profile.mirrored?.horizontal ?? 1) > 0.5,
    images: profile.images,
    pixels: profile.sizes.pixels,
    profile,
  };
}

const NO_FLIPS = { flipHorizontal: false, flipVertical: false };

/** Seconds of an epoch: training steps, a third as much for each batch of validation, and a checkpoint. */
async function epochSeconds(clock: Clock, config: TrainConfig, data: Dataset): Promise<number> {
  const { train, valid } = config.patch === undefined ? data.images : patchesPerEpoch(data.profile, config);
  const batches = Math.ceil(train / config.batchSize) +
    VALIDATION_SHARE * Math.ceil(valid / config.batchSize);
  const { count } = parameterTable(networkConfig(config));
  return batches * await clock.step(config) + saveSeconds(count);
}

/** Patches of 1.5 times as wide images: a smaller part would show too little, more patches would take too long. */
function patchScale({ pixels }: Dataset): number {
  return Math.min(1, Number((1.5 * BY_HAND[PATCHES]!.patch! / Math.sqrt(pixels)).toPrecision(2)));
}

/** A configuration with as many epochs as fit. */
async function timed(
  clock: Clock,
  name: string,
  data: Dataset,
  seconds: number,
): Promise<TrainConfig | null> {
  if (name === AUTO) return await chosen(clock, data, seconds);
  const config = completeTrainConfig({ patience: 1000, ...BY_HAND[name] });
  if (config.patch !== undefined) config.scale = patchScale(data);
  if (!data.flips && config.augment !== null) config.augment = { ...config.augment, ...NO_FLIPS };
  const epochs = Math.floor(seconds / await epochSeconds(clock, config, data));
  return epochs < 1 ? null : { ...config, epochs };
}

/** What `auto` chooses if so many seconds are left for training. */
async function chosen(clock: Clock, data: Dataset, seconds: number): Promise<TrainConfig> {
  const start: AutoStart = { fingerprint: data.profile, given: {}, typed: [] };
  const all = completeTrainConfig({ recipe: "auto" });
  // What the budget keeps for other things than training is added.
  const { train, valid } = data.images;
  const budget = (seconds + 8 + 0.008 * (train + valid)) / 0.85;
  const choice = chooseForBudget(budgetTask(all, await clock.speed(), {
    seconds: budget,
    images: data.images,
    given: {},
    devices: [clock.gpu],
    rules: autoRules(start),
    patches: (network) => patchesPerEpoch(data.profile, network),
  }));
  const config = completeTrainConfig({ recipe: "auto", ...settleAuto(start, choice).config });
  const { count } = parameterTable(networkConfig(config));
  const secondsPerEpoch = await epochSeconds(clock, config, data) - saveSeconds(count);
  const revised = reviseEpochs(choice, {
    elapsed: 0.85 * budget - 4 - seconds,
    secondsPerEpoch,
    parameters: count,
    most: all.epochs,
    rules: AUTO_RULES,
  });
  const settled = completeTrainConfig({ recipe: "auto", ...settleAuto(start, revised).config });
  writeStderr(`${data.name} ${seconds} s: ${commandOf(settled, "runs/auto", data.folder)}\n`);
  return settled;
}

function commandOf(config: TrainConfig, run: string, data: string): string {
  return trainCommandOf(run, data, config as unknown as Record<string, unknown>)!;
}

async function train(
  gpu: Gpu,
  name: string,
  data: Dataset,
  config: TrainConfig,
  seconds: number,
): Promise<Result> {
  const { seed } = config;
  const run = `${RUNS}/${data.name}-${name.replaceAll(/[^\w]+/g, "-")}-${seconds}-${seed}`;
  const command = commandOf(config, run, data.folder);
  const args = [...command.split(" ").slice(3), "--data", data.folder, "--force"];
  await benchTask("train", ...args, "--swanlab", "off", "--no-tensorboard", "--samples", "0", "--json");
  const { summary } = JSON.parse(await benchTask("evaluate", "--run", run, "--data", data.folder, "--json"));
  const own = await diceAtOwnPixels(gpu, join(run, RUN_FILES.best), data.folder);
  await Deno.remove(run, { recursive: true });
  return { data: data.name, name, seconds, seed, epochs: config.epochs, dice: diceOf(summary), own, command };
}

/** The mean over classes of the Dice of all pixels. */
function diceOf(summary: { pooled: { dice: number }; classMeans?: { pooled: { dice: number } } }): number {
  return (summary.classMeans ?? summary).pooled.dice;
}

async function measured(): Promise<Result[]> {
  const text = await isTaken(RESULTS) ? await Deno.readTextFile(RESULTS) : "";
  return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
}

/** Trains what is not measured yet. */
async function round(clock: Clock, data: Dataset, names: readonly string[], seconds: number, seeds: number) {
  for (let seed = 0; seed < seeds; seed++) {
    for (const name of names) {
      const known = await measured();
      const isKnown = (each: Result) =>
        each.data === data.name && each.name === name && each.seconds === seconds && each.seed === seed;
      if (known.some(isKnown)) continue;
      const config = await timed(clock, name, data, seconds);
      if (config === null) continue;
      const result = await train(clock.gpu, name, data, { ...config, seed }, seconds);
      await Deno.writeTextFile(RESULTS, `${JSON.stringify(result)}\n`, { append: true });
      const dice = [result.own.mean, result.own.pooled, result.dice].map((value) => value.toFixed(4)).join(
        ", ",
      );
      const line = `${result.data}, ${seconds} s, ${name}, seed ${seed}: ${dice}`;
      writeStderr(`${line} in ${result.epochs} epochs\n`);
    }
  }
}

function table(title: string, results: readonly Result[]): string {
  const names = [...new Set(results.map(({ name }) => name))];
  const datasets = [...new Set(results.map(({ data }) => data))];
  const cell = (name: string, data: string) => {
    const own = results.filter((each) => each.name === name && each.data === data);
    if (own.length === 0) return "";
    return [({ own }: Result) => own.mean, ({ own }: Result) => own.pooled, ({ dice }: Result) => dice]
      .map((of) => mean(own.map(of)).toFixed(3)).join(" / ");
  };
  const rows = [
    [title, ...datasets],
    ["---", ...datasets.map(() => "---")],
    ...names.map((name) => [name, ...datasets.map((data) => cell(name, data))]),
  ];
  return `\n${rows.map((row) => `| ${row.join(" | ")} |\n`).join("")}`;
}

if (import.meta.main) {
  await Deno.mkdir(RUNS, { recursive: true });
  const folders = given.data === "" ? [await wrongPhantoms()] : given.data.split(",");
  const clock = await Clock.open();
  const [screen, final, seeds] = [given.screen, given.final, given.seeds].map(Number) as [
    number,
    number,
    number,
  ];
  const names = given.only === ""
    ? [...Object.keys(BY_HAND), AUTO]
    : given.only.split(";").map((n) => n.trim());
  await clock.speed();
  for (const own of Object.values(BY_HAND)) await clock.step(completeTrainConfig(own));
  for (const folder of folders) {
    const data = await readDataset(folder);
    for (const seconds of [screen, final]) await chosen(clock, data, seconds);
    if (given.rounds === "clock") continue;
    if (given.rounds !== "final") await round(clock, data, names, screen, 1);
    if (given.rounds === "screen") continue;
    const best = (await measured())
      .filter((each) => each.data === data.name && each.seconds === screen && each.name !== AUTO)
      .sort((a, b) => b.own.mean - a.own.mean).slice(0, Number(given.kept)).map(({ name }) => name);
    await round(clock, data, [...best, AUTO], final, seeds);
  }
  const all = (await measured()).filter(({ data }) => folders.some((folder) => folder.endsWith(data)));
  writeStdout(
    "\nDice at the images' own pixels, mean of images / of all pixels / of all pixels by `evaluate`\n",
  );
  writeStdout(table(`${screen} s, seed 0`, all.filter(({ seconds }) => seconds === screen)));
  writeStdout(table(`${final} s, mean of seeds`, all.filter(({ seconds }) => seconds === final)));
  for (const { data, seconds, command } of all.filter(({ name, seed }) => name === AUTO && seed === 0)) {
    writeStdout(`\n${data}, ${seconds} s: \`${command}\`\n`);
  }
  clock.gpu.close();
}
