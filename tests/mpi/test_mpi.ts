/**
 * `deno task test:mpi`: data-parallel training under a real `mpirun`. Every check fails if MPI is missing.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Command } from "commander";
import { join } from "node:path";
import { createCommand, EXIT, ExitError, integer, main, writeStdout } from "../../src/cli/task.ts";
import { makePhantom } from "../../src/phantom/phantom.ts";
import { readRunLog } from "../../src/tracking/run_log.ts";
import { readCheckpoint } from "../../src/training/checkpoint.ts";
import { ROOT } from "../project/files.ts";
import { Random } from "../support/random.ts";
import { type RunningWorld, runWorld, startWorld, succeeded, type WorldOutcome } from "./mpirun.ts";
import { checkSharedWork } from "./shared_work.ts";

/** Where everything lies, below folders that `train` may write. */
const [DATA, CACHE, RUNS] = ["dataset/.mpi", "dataset/.cache/mpi", "runs/.mpi"];

const BASE = [
  ...[
    "--data",
    DATA,
    "--cache",
    CACHE,
    "--filters",
    "2",
    "--size",
    "32",
    "--batch-size",
    "5",
    "--patience",
    "0",
  ],
  ...["--swanlab", "off", "--no-tensorboard", "--samples", "0"],
];
const MODEL = "tests/fixtures/phantom_model/model.safetensors";
const PHANTOM = { train: 9, valid: 3, test: 1, size: 32 };

/** Longest that ranks may take to end after one of them failed, in milliseconds. */
const MOST_MS = 10_000;

/** Weights of ranks may be this many times as far from one rank's as another order of sums on one rank is. */
const MOST_APART = 2;

const CHECKS: Readonly<Record<string, (options: Options) => Promise<void>>> = {
  "ranks train as one does, with every setting that keeps state": equality,
  "the same number of ranks gives the same bits": sameBits,
  "MPICH trains as Open MPI does": mpich,
  "another number of ranks resumes, and says so": otherNumber,
  "the first rank chooses for all, by the speed of all": chooses,
  "a signal saves and stops all ranks": stops,
  "an error on every rank is one line": oneLine,
  "a write that fails on the first rank ends all": failedWrite,
  "a killed rank ends all, and is named": kills,
  "evaluation and prediction write what one rank writes, in two runs if a rank is lost": sharedWork,
};

interface Options {
  readonly kills: number;
  readonly seed: number;
}

/** The command. */
export function command(): Command {
  return createCommand(
    "test:mpi",
    "Trains on the ranks of a real mpirun: equality, resume, signals, failures.",
  )
    .option("--kills <count>", "how many ranks to kill", integer(1, 1000), 20)
    .option("--seed <number>", "seed of the moments", integer(0, 2 ** 32 - 1), 1)
    .option("--only <words>", "only the checks whose name contains these words")
    .action(async ({ only = "", ...options }: Options & { only?: string }) => {
      await clean();
      await makePhantom(DATA, PHANTOM);
      const counts = { passed: 0, failed: 0 };
      for (const [name, check] of Object.entries(CHECKS)) {
        if (!name.includes(only)) continue;
        const start = performance.now();
        try {
          await check(options);
          counts.passed++;
          writeStdout(`ok      ${name} (${((performance.now() - start) / 1000).toFixed(1)} s)\n`);
        } catch (error) {
          counts.failed++;
          writeStdout(`FAILED  ${name}\n${error instanceof Error ? error.stack : error}\n`);
        }
      }
      await clean();
      writeStdout(`${counts.passed} passed, ${counts.failed} failed\n`);
      if (counts.failed > 0) throw new ExitError(EXIT.failed);
    });
}

async function equality(): Promise<void> {
  // 9 images: the last batch has one, so that all ranks but one have none of it.
  const shape = ["--size", "128", "--batch-size", "8", "--epochs", "10", "--learning-rate", "1e-4"];
  const settings = [
    // Clipping, an EMA, augmentation, instance norm.
    [...shape, "--recipe", "strong"],
    [...shape, "--recipe", "original", "--accumulate", "2", "--memory", "low"],
    // Patches, validated by windows, a network of another depth.
    [
      ...["--patch", "16", "--depth", "4", "--batch-size", "8", "--epochs", "4", "--recipe", "strong"],
      ...["--learning-rate", "1e-4"],
    ],
  ];
  for (const [index, flags] of settings.entries()) {
    const run = (size: number) => `${RUNS}/equal-${index}-${size}`;
    // The input's size is that of the patches.
    const patches = flags.includes("--patch");
    // Batches of small patches are one part with either use of memory.
    const otherOrder = patches
      ? ["--kernels", "strict"]
      : ["--memory", flags.includes("low") ? "normal" : "low"];
    const base = patches ? BASE.toSpliced(BASE.indexOf("--size"), 2) : BASE;
    // One rank without MPI; and another order of sums, which tells how far rounding takes the weights.
    const other = `${RUNS}/equal-${index}-other`;
    await Promise.all([
      alone(["--run", run(1), ...base, ...flags]),
      alone(["--run", other, ...base, ...flags, ...otherOrder]),
    ]);
    const expected = await logOf(run(1));
    const rounding = await distance(other, run(1));
    for (const size of [2, 3]) {
      succeeded(await runWorld(size, ["train", "--distributed", "--run", run(size), ...base, ...flags]));
      const found = await logOf(run(size));
      assert.equal(found.length, expected.length);
      for (const [epoch, metrics] of found.entries()) {
        for (const name of ["train/loss", "valid/loss"]) {
          const difference = Math.abs(metrics[name]! - expected[epoch]![name]!);
          assert.ok(
            difference < 1e-5,
            `${flags}, ${size} ranks, epoch ${epoch + 1}: ${name} differs by ${difference}`,
          );
        }
      }
      const apart = await distance(run(size), run(1));
      assert.ok(
        apart <= MOST_APART * rounding,
        `${flags}, ${size} ranks: weights are ${apart} apart, rounding explains ${rounding}`,
      );
    }
  }
}

async function sameBits(): Promise<void> {
  const hashes = [];
  for (const name of ["first", "second"]) {
    const run = `${RUNS}/${name}`;
    succeeded(await runWorld(2, ["train", "--distributed", "--run", run, ...BASE, "--epochs", "2"]));
    hashes.push(await weightsOf(run));
  }
  assert.deepEqual(hashes[1], hashes[0]);
}

async function mpich(): Promise<void> {
  const [run, other] = [`${RUNS}/mpich`, `${RUNS}/openmpi`];
  const flags = [...BASE, "--epochs", "2"];
  succeeded(
    await runWorld(2, ["train", "--distributed", "--run", run, ...flags], { implementation: "mpich" }),
  );
  succeeded(await runWorld(2, ["train", "--distributed", "--run", other, ...flags]));
  // Sums of two values have one order only.
  assert.deepEqual(await weightsOf(run), await weightsOf(other));
}

async function otherNumber(): Promise<void> {
  const run = `${RUNS}/resumed`;
  const world = startWorld(2, ["train", "--distributed", "--run", run, ...BASE, "--epochs", "4000"]);
  await untilEpoch(run, 2);
  world.signal("SIGUSR1");
  const { code, stdout, errors, stderr } = await world.ended;
  assert.deepEqual(errors, [], stderr);
  assert.notEqual(code, 0, "a stopped run does not exit like a finished one");
  assert.match(stdout, /saved after epoch \d+/);
  const { epoch } = (await checkpointOf(run)).progress;
  const flags = ["--resume", "--run", run, "--cache", CACHE, "--swanlab", "off", "--no-tensorboard"];
  const resumed = startWorld(3, ["train", "--distributed", ...flags]);
  await untilEpoch(run, epoch + 1);
  resumed.signal("SIGUSR1");
  const outcome = await resumed.ended;
  assert.match(outcome.stderr, /another number of ranks \(2, now 3\): the last digits may differ/);
  assert.match(outcome.stdout, /saved after epoch/);
}

async function chooses(): Promise<void> {
  const run = `${RUNS}/auto`;
  const flags = ["train", "--distributed", "--run", run, ...BASE, "--recipe", "auto"];
  const outcome = await runWorld(2, [...flags, "--budget", "90s"]);
  succeeded(outcome);
  const { progress: { budget, config } } = await checkpointOf(run);
  assert.equal(config.epochs, budget!.epochs);
  assert.match(outcome.stdout, /^chosen +--budget 90s: given/m);
  const { code, errors, stderr } = await runWorld(2, [...flags, "--budget", "10s", "--force"]);
  assert.notEqual(code, 0);
  assert.equal(errors.length, 1, stderr);
  assert.match(errors[0]!, /error: rank 0 of 2: Cannot train within 10 s/);
}

async function stops(): Promise<void> {
  await Promise.all((["SIGTERM", "SIGINT"] as const).map(async (signal) => {
    const run = `${RUNS}/${signal}`;
    const args = ["train", "--distributed", "--run", run, ...BASE, "--epochs", "4000"];
    const world = startWorld(2, args, { graceSeconds: 4 });
    await untilEpoch(run, 2);
    world.signal(signal);
    const { errors, stdout, stderr } = await within(world, 2 * MOST_MS, "a signal");
    assert.deepEqual(errors, [], stderr);
    assert.match(stdout, /saved after epoch \d+/);
    const { progress } = await checkpointOf(run);
    assert.ok(progress.epoch >= 2);
    assert.equal((await readRunLog(run)).length, progress.epoch, "the log has what the checkpoint has");
  }));
}

async function oneLine(): Promise<void> {
  const { code, errors, stderr } = await within(
    startWorld(3, [
      "train",
      "--distributed",
      "--run",
      `${RUNS}/none`,
      ...BASE,
      "--data",
      "dataset/.mpi-none",
    ]),
    MOST_MS,
    "missing data",
  );
  assert.notEqual(code, 0);
  assert.equal(errors.length, 1, stderr);
  assert.match(errors[0]!, /error: rank \d of 3: Cannot/);
}

async function failedWrite(): Promise<void> {
  const run = `${RUNS}/unwritable`;
  const args = [
    "train",
    "--distributed",
    "--run",
    run,
    ...BASE,
    "--learning-rate",
    "1e-3",
    "--epochs",
    "4000",
  ];
  const world = startWorld(2, args);
  await untilEpoch(run, 1);
  // A file cannot take the place of a folder: the next best epoch cannot be saved.
  const best = join(run, "best.safetensors");
  await Deno.mkdir(join(run, "folder/inside"), { recursive: true });
  await Deno.remove(best).catch(() => {});
  await Deno.rename(join(run, "folder"), best);
  const { code, errors, stderr } = await within(world, 3 * MOST_MS, "a write that fails");
  assert.notEqual(code, 0);
  assert.equal(errors.length, 1, stderr);
  assert.match(errors[0]!, /error: rank 0 of 2: Cannot save a checkpoint after epoch \d+/);
  await checkpointOf(run);
}

async function kills({ kills, seed }: Options): Promise<void> {
  const random = new Random(seed);
  const moments = Array.from({ length: kills }, () => random.integer(500));
  // Three worlds at a time, to save time.
  const next = moments.entries();
  const work = async (place: number) => {
    for (const [kill, milliseconds] of next) await killRank(kill, milliseconds, `${RUNS}/killed-${place}`);
  };
  await Promise.all([work(0), work(1), work(2)]);
}

async function sharedWork(): Promise<void> {
  const data = join(DATA, "shared");
  await makePhantom(data, { train: 1, valid: 1, test: 16, size: 64 });
  const places = {
    data,
    cache: CACHE,
    model: join(RUNS, "model.safetensors"),
    output: join(CACHE, "shared"),
  };
  await Deno.mkdir(RUNS, { recursive: true });
  await Deno.copyFile(join(ROOT, MODEL), places.model);
  await checkSharedWork(places);
}

/** Kills one rank of two or three at a moment of the second epoch or later. */
async function killRank(kill: number, milliseconds: number, run: string): Promise<void> {
  await Deno.remove(run, { recursive: true }).catch(() => {});
  const size = 2 + kill % 2;
  const victim = kill % size;
  const world = startWorld(size, ["train", "--distributed", "--run", run, ...BASE, "--epochs", "4000"]);
  await Promise.race([
    untilEpoch(run, 1),
    world.ended.then(({ stderr }) => assert.fail(`the world ended by itself: ${stderr}`)),
  ]);
  await delay(milliseconds);
  const pid = (await world.ranks()).get(victim);
  assert.ok(pid !== undefined, "the rank runs");
  // Deno may signal only its own children.
  await new Deno.Command("sh", { args: ["-c", `kill -9 ${pid}`] }).output();
  const { code, errors, stderr } = await within(world, MOST_MS, `the kill of rank ${victim}`);
  assert.notEqual(code, 0);
  assert.equal(errors.length, 1, `kill ${kill}, rank ${victim} of ${size}:\n${stderr}`);
  assert.match(errors[0]!, new RegExp(`error: ranks? ${victim}\\b.* of ${size} ended without a word`));
  await checkpointOf(run);
}

/** Trains on one rank, without MPI. */
async function alone(args: readonly string[]): Promise<void> {
  const { code, stderr } = await new Deno.Command("deno", {
    args: ["run", "-q", "-P=train", "tasks/train.ts", ...args],
    cwd: ROOT,
    env: { LP_NUM_THREADS: "1", NO_COLOR: "1" },
    stdout: "null",
    stderr: "piped",
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
}

async function logOf(run: string): Promise<Record<string, number>[]> {
  return (await readRunLog(run)).map(({ metrics }) => metrics as Record<string, number>);
}

async function checkpointOf(run: string) {
  return readCheckpoint(await Deno.readFile(join(run, "checkpoint.safetensors")));
}

async function weightsOf(run: string): Promise<Float32Array> {
  return (await checkpointOf(run)).trainer.weights;
}

/** The root mean square difference of two runs' weights. */
async function distance(a: string, b: string): Promise<number> {
  const [own, other] = [await weightsOf(a), await weightsOf(b)];
  return Math.sqrt(own.reduce((sum, weight, at) => sum + (weight - other[at]!) ** 2, 0) / own.length);
}

/** Waits until a run's log has an epoch. */
async function untilEpoch(run: string, epoch: number): Promise<void> {
  const deadline = performance.now() + 120_000;
  while (performance.now() < deadline) {
    const log = await readRunLog(run).catch(() => []);
    if (log.length >= epoch) return;
    await delay(50);
  }
  throw new Error(`${run} did not reach epoch ${epoch} in two minutes`);
}

/** How a world ends, which must happen within a time after `what`. */
async function within(world: RunningWorld, milliseconds: number, what: string): Promise<WorldOutcome> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`ranks did not end within ${milliseconds} ms after ${what}`)),
      milliseconds,
    );
  });
  try {
    return await Promise.race([world.ended, late]);
  } catch (error) {
    await world.kill();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

async function clean(): Promise<void> {
  for (const folder of [DATA, CACHE, RUNS]) await Deno.remove(folder, { recursive: true }).catch(() => {});
}

if (import.meta.main) await main(command());
