/**
 * Datasets and runs for boards: made once, shared by all cases, and small. Cases that write get copies.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { FolderLock } from "../../src/fs/folder_lock.ts";
import { RUN_FILES, RUN_LOCK } from "../../src/fs/layout.ts";
import { makePhantom } from "../../src/phantom/phantom.ts";
import { command as evaluate } from "../../tasks/evaluate.ts";
import { uniformAt } from "../support/random.ts";
import { runInProcess } from "../support/run_task.ts";

/** Everything that these tests write lies below these folders. */
export const [DATA, RUNS] = ["dataset/.browser", "runs/.browser"];

/** A trained model for images of 64 px. */
export const MODEL = "tests/fixtures/phantom_model/model.safetensors";

/** Prepared images, kernel choices and thumbnails. */
export const CACHE = `${DATA}/cache`;

/** Numbers of images in the splits of the phantoms. */
export const COUNTS = { train: 6, valid: 4, test: 12 };

const made = new Map<string, Promise<string>>();

/** Makes something once per process. */
function once(name: string, make: () => Promise<string>): Promise<string> {
  let promise = made.get(name);
  if (promise === undefined) made.set(name, promise = make());
  return promise;
}

/** A dataset of phantoms of 128 px, which no case may change. */
export function phantoms(): Promise<string> {
  return once("phantoms", async () => {
    const folder = `${DATA}/phantoms`;
    await makePhantom(folder, { ...COUNTS, size: 128, seed: 3 });
    return folder;
  });
}

/** A folder with runs in all states, `seen` evaluated on the test split with an audit, which no case may change. */
export function shownRuns(): Promise<string> {
  return once("runs", async () => {
    const folder = `${RUNS}/shown`;
    await writeRun(`${folder}/seen`, { epochs: 12, seed: 1 });
    await Deno.copyFile(MODEL, `${folder}/seen/${RUN_FILES.best}`);
    const flags = ["--run", `${folder}/seen`, "--data", await phantoms(), "--cache", CACHE, "--audit"];
    const { code, stderr } = await runInProcess(evaluate(), flags);
    assert.equal(code, 0, stderr);
    await writeRun(`${folder}/slower`, {
      epochs: 20,
      planned: 20,
      seed: 2,
      settings: { learningRate: 3e-4 },
    });
    await writeRun(`${folder}/cut-off`, { epochs: 5, planned: 40, seed: 3, settings: { filters: 16 } });
    return folder;
  });
}

/** What a written run is like. */
export interface WrittenRun {
  /** Epochs in its log. */
  readonly epochs: number;
  /** Epochs in its settings; defaults to those in its log. */
  readonly planned?: number;
  /** Its curves follow from it. */
  readonly seed?: number;
  /** Settings that differ. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** When its first epoch ended; defaults to a day of 2026. */
  readonly start?: Date;
}

/** Writes settings and log of a run that nothing trained; its numbers look like training. */
export async function writeRun(folder: string, run: WrittenRun): Promise<void> {
  const { epochs, planned = epochs, seed = 0, settings = {}, start = new Date("2026-05-04T08:00:00Z") } = run;
  await Deno.mkdir(folder, { recursive: true });
  const config = { ...SETTINGS, epochs: planned, seed, ...settings };
  await Deno.writeTextFile(join(folder, RUN_FILES.config), `${JSON.stringify(config, null, 2)}\n`);
  const lines = Array.from({ length: epochs }, (_, index) => epochLine(index + 1, seed, start));
  await Deno.writeTextFile(join(folder, RUN_FILES.metrics), lines.join(""));
}

/** A line of `metrics.jsonl`. */
export function epochLine(epoch: number, seed: number, start: Date): string {
  const noise = (index: number) => uniformAt(seed, 16 * epoch + index) - 0.5;
  const left = Math.exp(-epoch / (6 + seed % 5));
  const part = (name: string, gap: number, index: number) => {
    const dice = (0.9 - gap) * (1 - left) + 0.03 * noise(index);
    return {
      [`${name}/loss`]: 0.1 + gap + 0.65 * left + 0.03 * noise(index + 1),
      [`${name}/accuracy`]: 0.95 + 0.04 * (1 - left),
      [`${name}/dice`]: Math.max(0, dice),
      [`${name}/iou`]: Math.max(0, dice / (2 - dice)),
      [`${name}/dice_loss`]: 0.1 + gap + 0.8 * left,
      [`${name}/bce`]: 0.05 + gap + 0.4 * left,
      [`${name}/loss_batch_mean`]: 0.1 + gap + 0.65 * left,
      [`${name}/accuracy_batch_mean`]: 0.95 + 0.04 * (1 - left),
    };
  };
  const seconds = 4 + noise(8);
  return `${
    JSON.stringify({
      epoch,
      time: new Date(start.getTime() + 4000 * epoch),
      ...part("train", 0, 0),
      ...part("valid", 0.06, 4),
      learning_rate: 1e-4 * (0.5 + 0.5 * Math.cos(epoch / 20)),
      seconds,
      samples_per_second: 96 / seconds,
    })
  }\n`;
}

/** Holds the lock of a run's folder, as a process that trains there does, until it is disposed of. */
export function holdRun(folder: string): Promise<FolderLock> {
  return FolderLock.take(join(folder, RUN_LOCK));
}

/** Copies a folder with everything in it. */
export async function copyFolder(from: string, to: string): Promise<string> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copyFolder(`${from}/${name}`, `${to}/${name}`);
    else await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
  return to;
}

const SETTINGS = {
  recipe: "strong",
  epochs: 12,
  batchSize: 8,
  learningRate: 1e-3,
  filters: 4,
  size: 64,
  patience: 8,
  seed: 0,
  dropout: 0.4,
  norm: "instance",
  normalize: "picture",
  loss: "combined",
  kernels: "fast",
  precision: "f32",
  unannotated: "empty",
  optimizer: "adamw",
  weightDecay: 0.01,
  schedule: "cosine",
  warmup: 1,
  clip: 1,
  accumulate: 1,
  augment: null,
  average: 0.9,
  memory: "normal",
  parameters: 485_000,
  data: {
    train: { samples: 96, sha256: "9bbfd99d5f8e5fd96f84063a23549cf39ac7cb1ad28165c0a4773d25e9fb065a" },
    valid: { samples: 16, sha256: "bdcb546cf5028128dc10154249661acafc81ee126a4a9b7729e48a7b1aa08a92" },
  },
  validation_background: 0.9629,
  versions: { unet: "0.2.0", deno: "2.9.6", v8: "15.0", adapter: "llvmpipe" },
  kernel_choices: {},
};
