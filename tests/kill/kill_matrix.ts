/**
 * `deno task test:kill`: kills training runs at any moment, resumes each to its end, and compares it, bit for bit, with
 * one that was never stopped.
 *
 * The moments are drawn from a seed; what a run does at a moment depends on the machine.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Command } from "commander";
import { createCommand, EXIT, integer, main, writeStderr, writeStdout } from "../../src/cli/task.ts";
import { makePhantom } from "../../src/phantom/phantom.ts";
import { readRunLog } from "../../src/tracking/run_log.ts";
import { type Checkpoint, readCheckpoint } from "../../src/training/checkpoint.ts";
import { Random } from "../support/random.ts";

/** Where everything of the matrix lies, below folders that `train` may write. */
const [DATA, CACHE, RUNS] = ["dataset/.kill", "dataset/.cache/kill", "runs/.kill"];

/** Kinds of runs: both recipes, and everything that keeps state of its own. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  original: ["--recipe", "original"],
  "strong with EMA, accumulating": ["--recipe", "strong", "--accumulate", "2"],
  "strong, low memory": ["--recipe", "strong", "--memory", "low", "--size", "128", "--batch-size", "8"],
  "strong, plateau": ["--recipe", "strong", "--schedule", "plateau"],
  "original, f16": ["--recipe", "original", "--precision", "f16"],
};

/** `STOP` stands still, is found alive by another process, continues, and is killed. */
const SIGNALS = ["SIGKILL", "SIGTERM", "SIGINT", "STOP"] as const;
type KillSignal = typeof SIGNALS[number];

const SETTINGS = ["--filters", "2", "--size", "32", "--batch-size", "2", "--epochs", "30", "--patience", "0"];

/** Longest wait in milliseconds before a process is killed: one that starts, and one that trains. */
const LONGEST_MS = { starting: 2500, training: 1000 };

/** Most kills of one run, so that all kinds have their share. */
const MOST_PER_RUN = 10;

/** Share of the kills that may hit a process before it trains. */
const STARTING_SHARE = 0.2;

interface Counts {
  kills: Record<string, number>;
  /** Kills after which the checkpoint was within an epoch, and of these within its validation. */
  within: number;
  validating: number;
  refused: number;
  runs: number;
}

/** The command. */
export function command(): Command {
  return createCommand(
    "test:kill",
    "Kills training runs by SIGKILL, SIGTERM, SIGINT and after a standstill, at random moments; resumes each to its " +
      "end and compares it, bit for bit, with one that was never stopped.",
  )
    .option("--kills <count>", "how many kills", integer(1, 100_000), 100)
    .option("--seed <number>", "seed of the moments", integer(0, 2 ** 32 - 1), 1)
    .action(async ({ kills, seed }: { kills: number; seed: number }) => {
      await clean();
      try {
        await runMatrix(kills, seed);
      } finally {
        await clean();
      }
    });
}

async function runMatrix(kills: number, seed: number): Promise<void> {
  // As many images to validate with as to train on: half of the moments are within a validation.
  await makePhantom(DATA, { train: 8, valid: 8, test: 1, size: 32 });
  const random = new Random(seed);
  const counts: Counts = { kills: {}, within: 0, validating: 0, refused: 0, runs: 0 };
  const whole = new Map<string, Outcome>();
  for (const [kind, flags] of Object.entries(KINDS)) {
    const run = `${RUNS}/whole-${whole.size}`;
    const { code, stderr } = await train(["--run", run, ...startFlags(flags)]).ended;
    if (code === 1 && /Cannot store tensors as f16/.test(stderr)) {
      writeStderr(`note: ${kind}: not on this adapter\n`);
      continue;
    }
    assert.equal(code, 0, stderr);
    whole.set(kind, await outcomeOf(run));
  }
  const total = () => Object.values(counts.kills).reduce((sum, count) => sum + count, 0);
  const kinds = [...whole.keys()];
  while (total() < kills) {
    const kind = kinds[counts.runs % kinds.length]!;
    const run = `${RUNS}/broken`;
    await Deno.remove(run, { recursive: true }).catch(() => {});
    await breakRun(run, kind, counts, random, () => total() < kills);
    const [outcome, expected] = [await outcomeOf(run), whole.get(kind)!];
    assert.deepEqual(outcome, expected, `${kind}: the resumed run differs`);
    assert.deepEqual(leftovers(run), [], `${kind}: leftovers`);
    counts.runs++;
    writeStdout(`${kind}: equal after ${total()} kills\n`);
  }
  const signals = Object.entries(counts.kills).map(([signal, count]) => `${count} ${signal}`).join(", ");
  writeStdout(
    `${total()} kills (${signals}) of ${counts.runs} runs, ${counts.within} within an epoch, ${counts.validating} of ` +
      `these in validation; ${counts.refused} second processes refused; all resumed runs equal, bit for bit\n`,
  );
}

/** Starts a run, kills and resumes it until it has ended by itself, or is to be left alone. */
async function breakRun(
  run: string,
  kind: string,
  counts: Counts,
  random: Random,
  more: () => boolean,
): Promise<void> {
  const flags = KINDS[kind]!;
  for (let kills = 0;; kills++) {
    const before = await checkpointOf(run);
    const args = before ? ["--resume", "--run", run, "--cache", CACHE] : ["--run", run, ...startFlags(flags)];
    const dead = await tokenIn(run);
    const process = train(args);
    const signal = random.pick(SIGNALS);
    const killed = more() && kills < MOST_PER_RUN &&
      await kill(process, signal, random, { run, dead }, counts);
    const { code, stderr } = await process.ended;
    if (!killed) {
      assert.equal(code, 0, `${kind}: ${args.join(" ")}\n${stderr}`);
      return;
    }
    counts.kills[signal] = (counts.kills[signal] ?? 0) + 1;
    const orderly = signal === "SIGINT" ? EXIT.interrupted : signal === "SIGTERM" ? EXIT.terminated : null;
    assert.ok(code === orderly || code >= 128 || code === 0, `${kind}: ${signal} gave ${code}\n${stderr}`);
    const { progress } = await checkpointOf(run) ?? {};
    if (orderly === null || !progress?.partial || isEqual(progress.partial, before?.progress.partial)) {
      continue;
    }
    counts.within++;
    const batches = Math.ceil(8 / progress.config.batchSize);
    if (progress.partial.batches === batches) counts.validating++;
  }
}

function isEqual(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Kills the process after a while; false if it ended before. */
async function kill(
  { child, ended, started, hasEnded }: Training,
  signal: KillSignal,
  random: Random,
  { run, dead }: { run: string; dead: string | null },
  counts: Counts,
): Promise<boolean> {
  const moment = random.next() < STARTING_SHARE ? "starting" as const : "training" as const;
  if (moment === "training") await Promise.race([ended, started]);
  const afterMs = LONGEST_MS[moment] * random.next();
  await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, afterMs))]);
  if (hasEnded()) return false;
  try {
    if (signal !== "STOP") {
      child.kill(signal);
      return true;
    }
    child.kill("SIGSTOP");
    // Until it has written its token, it may not have come to the lock yet.
    if (![null, "", dead].includes(await tokenIn(run))) {
      const second = await train(["--resume", "--force", "--run", run, "--cache", CACHE]).ended;
      assert.match(second.stderr, /^error: Cannot train in .*: another process is training there$/m);
      counts.refused++;
    }
    child.kill("SIGCONT");
    child.kill("SIGKILL");
    return true;
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
    // It ended in the meantime.
    return false;
  }
}

/** The token in a run's lock file; null without one. */
async function tokenIn(run: string): Promise<string | null> {
  return await Deno.readTextFile(`${run}/train.lock`).then((text) => text.split(" ")[0]!, () => null);
}

interface Training {
  readonly child: Deno.ChildProcess;
  readonly ended: Promise<{ code: number; stderr: string }>;
  /** Resolves when it trains. */
  readonly started: Promise<void>;
  hasEnded(): boolean;
}

function train(args: readonly string[]): Training {
  const child = new Deno.Command("deno", {
    args: ["run", "-q", "-P=train", "tasks/train.ts", ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let over = false;
  const { promise: started, resolve } = Promise.withResolvers<void>();
  const watch = async () => {
    let text = "";
    for await (const piece of child.stdout.pipeThrough(new TextDecoderStream())) {
      text += piece;
      if (/^memory /m.test(text)) resolve();
    }
  };
  const ended = Promise.all([child.status, new Response(child.stderr).text(), watch()]).then(
    ([{ code }, stderr]) => {
      over = true;
      return { code, stderr };
    },
  );
  return { child, ended, started, hasEnded: () => over };
}

function startFlags(flags: readonly string[]): string[] {
  return ["--data", DATA, "--cache", CACHE, ...SETTINGS, ...flags];
}

/** What must be equal: the log without times, the best model's file, the last state, and the progress without ids. */
interface Outcome {
  readonly log: unknown;
  readonly best: Uint8Array;
  readonly trainer: unknown;
  readonly progress: unknown;
}

async function outcomeOf(run: string): Promise<Outcome> {
  const log = (await readRunLog(run)).map(({ epoch, metrics }) => {
    const { seconds: _, samples_per_second: __, ...rest } = metrics as Record<string, number>;
    return { epoch, ...rest };
  });
  const { trainer, progress } = (await checkpointOf(run))!;
  const { runId: _, startedAt: __, ...rest } = progress;
  return { log, best: await Deno.readFile(`${run}/best.safetensors`), trainer, progress: rest };
}

/** The checkpoint; null if there is none yet. */
async function checkpointOf(run: string): Promise<Checkpoint | null> {
  try {
    return readCheckpoint(await Deno.readFile(`${run}/checkpoint.safetensors`));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

function leftovers(run: string): string[] {
  return [...Deno.readDirSync(run)].map(({ name }) => name).filter((name) => /\.tmp$|\.lock$/.test(name));
}

async function clean(): Promise<void> {
  for (const folder of [DATA, CACHE, RUNS]) await Deno.remove(folder, { recursive: true }).catch(() => {});
}

if (import.meta.main) await main(command());
