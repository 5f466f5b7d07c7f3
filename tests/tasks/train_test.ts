/** The task as a person runs it, stops it, kills it and resumes it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { checksum } from "../../src/host/kernel_memory.ts";
import { makePhantom } from "../../src/phantom/phantom.ts";
import { reopenRunFolder } from "../../src/training/run_folder.ts";
import { readRunLog } from "../../src/tracking/run_log.ts";
import { command } from "../../tasks/train.ts";
import { inProjectFolder } from "../support/coco.ts";
import { ROOT } from "../project/files.ts";
import { runInProcess, runTaskProcess } from "../support/run_task.ts";
import { startSwanLabServer } from "../support/swanlab_server.ts";
import { filesUnder, inTempFolder } from "../support/temp_folder.ts";

/** A test's dataset and runs, as a person types them. */
interface Places {
  data: string;
  runs: string;
  cache: string;
  /** Flags of a run of 16 epochs of 6 steps, with everything that keeps state. */
  flags: string[];
}

function withPlaces(body: (places: Places) => Promise<void>): Promise<void> {
  return inProjectFolder("dataset", (folder, dataset) =>
    inProjectFolder("runs", async (_, runs) => {
      await makePhantom(join(folder, "data"), { train: 12, valid: 4, test: 1, size: 32 });
      const [data, cache] = [`${dataset}/data`, `dataset/.cache/${dataset.split("/").at(-1)}`];
      const numbers = {
        filters: 2,
        size: 32,
        "batch-size": 2,
        epochs: 16,
        patience: 0,
        accumulate: 2,
        seed: 5,
      };
      const flags = ["--data", data, "--cache", cache, "--recipe", "strong"];
      for (const [name, value] of Object.entries(numbers)) flags.push(`--${name}`, `${value}`);
      try {
        await body({ data, runs, cache, flags });
      } finally {
        await Deno.remove(join(ROOT, cache), { recursive: true }).catch(() => {});
      }
    }));
}

const train = (...args: string[]) => runTaskProcess("train", args);

/** What a process printed, and how it ended. */
interface Ending extends Deno.CommandStatus {
  stdout: string;
  stderr: string;
}

/** Starts the task; `onText` may send it signals, by what it has printed so far. */
async function follow(
  args: string[],
  onText: (child: Deno.ChildProcess, stdout: string, stderr: string) => void,
): Promise<Ending> {
  const child = new Deno.Command("deno", {
    args: ["run", "-q", "-P=train", "tasks/train.ts", ...args],
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const printed = { stdout: "", stderr: "" };
  const read = async (name: "stdout" | "stderr") => {
    for await (const text of child[name].pipeThrough(new TextDecoderStream())) {
      printed[name] += text;
      onText(child, printed.stdout, printed.stderr);
    }
  };
  const [status] = await Promise.all([child.status, read("stdout"), read("stderr")]);
  return { ...status, ...printed };
}

/** Sends SIGINT when an epoch's line appears; with `twice`, again and again once that is answered. */
async function interrupt(args: string[], twice: boolean): Promise<Ending> {
  let [pressed, pressing] = [false, undefined as ReturnType<typeof setInterval> | undefined];
  const ending = await follow(args, (child, stdout, stderr) => {
    // It may have ended, which a second press cannot know.
    const press = () => {
      try {
        child.kill("SIGINT");
      } catch { /* ended */ }
    };
    if (!pressed && /^epoch .*\n/m.test(stdout)) [pressed] = [true, press()];
    if (twice && /saving and stopping/.test(stderr)) pressing ??= setInterval(press, 20);
  });
  clearInterval(pressing);
  return ending;
}

/** When to kill a process: tells, by what it has printed, whether it is time. */
type Moment = (stdout: string) => boolean | Promise<boolean>;

/** Kills the task at the moment; returns whether it was killed before its end. */
async function killAt(args: string[], moment: Moment): Promise<boolean> {
  let [started, output, ended] = [undefined as Deno.ChildProcess | undefined, "", false];
  const watch = async () => {
    while (!ended) {
      if (started && await moment(output)) return started.kill("SIGKILL");
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };
  const [{ code, signal, stderr }] = await Promise.all([
    follow(args, (child, stdout) => [started, output] = [child, stdout]).finally(() => ended = true),
    watch().catch(() => {}),
  ]);
  assert.ok(signal === "SIGKILL" || code === 0, stderr);
  return signal === "SIGKILL";
}

/** A moment up to this many milliseconds after the first line of an epoch. */
function afterEpoch(milliseconds: number): Moment {
  let at = Infinity;
  const delay = milliseconds * Math.random();
  return (stdout) => {
    if (at === Infinity && /^epoch .*\n/m.test(stdout)) at = performance.now() + delay;
    return performance.now() >= at;
  };
}

/** The moment at which the file of this name is written for the second time since the process began. */
function whileWriting(folder: string, name: string): Moment {
  const seen = new Set<string>();
  return async () => {
    const entries = await Array.fromAsync(Deno.readDir(folder)).catch(() => []);
    for (const entry of entries) {
      if (entry.name.startsWith(`${name}.`) && entry.name.endsWith(".tmp")) seen.add(entry.name);
    }
    return seen.size > 1;
  };
}

/** A run's numbers, best model and last state, without times and ids. */
async function outcome(run: string): Promise<unknown> {
  const folder = join(ROOT, run);
  const log = (await readRunLog(folder)).map((
    { epoch, metrics: { seconds: _, samples_per_second: __, ...rest } },
  ) => ({
    epoch,
    ...rest,
  }));
  const { trainer, progress: { runId: _, startedAt: __, ...progress } } = (await reopenRunFolder(folder))!;
  return { log, progress, trainer, best: await Deno.readFile(join(folder, "best.safetensors")) };
}

Deno.test("train: a run from beginning to end, and one that is killed and interrupted all the way", (t) =>
  withPlaces(async ({ data, runs, cache, flags }) => {
    const [whole, broken] = [`${runs}/whole`, `${runs}/broken`];

    await t.step("says what it will do, what came of it, and what to type next", async () => {
      const { code, stdout, stderr } = await train("--run", whole, ...flags);
      assert.equal(code, 0, stderr);
      assert.match(
        stdout,
        /^train +12 samples, \d+ annotated; \d\d\.\d\d % of all pixels are background$/m,
      );
      assert.match(stdout, /^valid +4 samples, /m);
      assert.match(
        stdout,
        /^network +2 filters, norm instance, 122,679 parameters, input 32 x 32, batches of 2$/m,
      );
      assert.match(stdout, /^memory +[\d.]+ MiB planned; with --memory low [\d.]+ MiB planned/m);
      assert.match(stdout, /^estimated +[\d.]+ s per epoch, at most /m);
      assert.equal(
        stdout.match(
          /^epoch +\d+\/16 {2}loss 0\.\d{4} valid 0\.\d{4} dice \S+ {2}.* {2}best/gm,
        )?.length,
        16,
      );
      assert.match(stdout, /^best epoch \d+: validation loss 0\.\d{4}, accuracy /m);
      assert.match(stdout, new RegExp(`^to SwanLab +swanlab sync ${whole}/swanlog/run-\\S+ -i \\w+$`, "m"));
      assert.match(
        stdout,
        new RegExp(`^evaluate it +deno task evaluate --run ${whole} --data ${data}$`, "m"),
      );
      // So few epochs may end with a model that predicts no foreground.
      const next = `use it +deno task predict --run ${whole} |this model marks nothing; try more --epochs$`;
      assert.match(stdout, new RegExp(`^(${next})`, "m"));
      // deno-lint-ignore no-control-regex
      assert.doesNotMatch(stdout + stderr, /[\x1b\r]/, "control characters without a terminal");
      const files = (await filesUnder(join(ROOT, whole)))
        .filter((name) => !/^(tb|swanlog|samples\/epoch-\d{4}-[1-4]\.png$)/.test(name));
      assert.deepEqual(files, [
        "best.safetensors",
        "card.json",
        "card.md",
        "checkpoint.safetensors",
        "config.json",
        "curves.png",
        "metrics.jsonl",
        "report.html",
        "valid-predictions.png",
      ]);
    });

    await t.step("refuses other settings for a run", async () => {
      const others = ["--learning-rate", "0.5", "--precision", "f16"];
      const changed = await train("--run", whole, "--resume", "--cache", cache, ...others);
      assert.equal(changed.code, 1);
      assert.match(
        changed.stderr,
        /^error: .*other settings: .*learningRate was 0.003, is 0.5.*\nhint: .*--force/m,
      );
      assert.match(changed.stderr, /^error: .*precision was f32, is f16/m);
    });

    const folder = join(ROOT, broken);
    const resume = ["--resume", "--run", broken, "--cache", cache];
    let kills = 0;

    await t.step("killed at any moment, it can be resumed", async () => {
      const soon = performance.now() + 1500 * Math.random();
      if (await killAt(["--run", broken, ...flags], () => performance.now() > soon)) kills++;
      // Before its first checkpoint there is no run to resume.
      const begun = await reopenRunFolder(folder).then((run) => run !== null, () => false);
      const args = ["--run", broken, ...(begun ? ["--resume"] : []), ...flags];
      if (await killAt(args, whileWriting(folder, "checkpoint.safetensors"))) kills++;
      if (await killAt(resume, afterEpoch(150))) kills++;
    });

    await t.step("Ctrl-C saves and stops with 130", async () => {
      const { code, stdout, stderr } = await interrupt(resume, false);
      assert.equal(code, 130, stderr);
      assert.match(stderr, /^note: saving and stopping; press Ctrl-C again to stop at once$/m);
      assert.match(
        stdout,
        new RegExp(`^saved after epoch \\d+; resume with: {2}deno task train --resume --run ${broken}$`, "m"),
      );
      assert.notEqual((await reopenRunFolder(folder))!.progress.epoch, 16);
    });

    await t.step("a second Ctrl-C stops at once, and costs no checkpoint", async () => {
      const { epoch } = (await reopenRunFolder(folder))!.progress;
      const { code, stderr } = await interrupt(resume, true);
      // The first one may save before a second one counts, which is the same to whom pressed twice.
      assert.equal(code, 130, stderr);
      assert.ok((await reopenRunFolder(folder))!.progress.epoch >= epoch);
    });

    await t.step("resumed to its end, without its flags, it has the same bits as the other", async () => {
      if (await killAt(resume, whileWriting(folder, "best.safetensors"))) kills++;
      assert.ok(kills >= 3, `it was killed ${kills} times only`);
      const { code, stdout, stderr } = await train(...resume);
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^resuming after \d+ epochs/m);
      assert.deepEqual(await outcome(broken), await outcome(whole));
      assert.deepEqual((await filesUnder(folder)).filter((name) => name.endsWith(".tmp")), []);
    });
  }));

Deno.test("train: a dry run plans, as text and as JSON, with kernels as they are kept, and writes no run", () =>
  withPlaces(async ({ runs, cache, flags }) => {
    const dryRun = ["--dry-run", "--run", `${runs}/a`, ...flags];
    // The variants that are expected are the software adapter's.
    const plan = (...more: string[]) => train(...dryRun, "--software", ...more);
    const before = await plan();
    if (before.code === 1 && /no WebGPU adapter/.test(before.stderr)) return;
    assert.equal(before.code, 0, before.stderr);
    assert.match(
      before.stdout,
      /^memory +[\d.]+ MiB planned; with --memory low [\d.]+ MiB planned.*\nestimated +[\d.]+ s per epoch, at most .* for 16\n$/m,
    );
    assert.equal(kernelsIn(before.stdout), undefined);

    const timed = await plan("--retune", "1");
    assert.equal(timed.code, 0, timed.stderr);
    assert.match(
      timed.stderr,
      /^timing kernel variants on .*, about 1 s\ntimed in [\d.]+ s\n {2}(product\/low: nn|no time left for product\/low)/m,
    );
    assert.match(timed.stdout, /^kernels {7}as timed on this adapter, (which are|not) the defaults/m);
    const path = join(ROOT, cache, "kernel_choices.json");
    const kept = JSON.parse(await Deno.readTextFile(path));
    for (const { timed } of Object.values<{ timed: { choices: Record<string, string> } }>(kept.entries)) {
      timed.choices["product/low"] = "nn";
    }
    const text = JSON.stringify({ ...kept, checksum: await checksum(kept.entries) });
    await Deno.writeTextFile(path, text);
    const later = await plan();
    assert.equal(later.stderr.includes("timing"), false);
    assert.match(
      later.stdout,
      /^kernels {7}as timed on this adapter, not the defaults: .*product\/low nn\b(?!_)/m,
    );

    await Deno.writeTextFile(path, text.slice(0, 100));
    const broken = await plan("--json");
    assert.equal(broken.code, 0, broken.stderr);
    const { parameters, data, config, secondsPerEpoch } = JSON.parse(broken.stdout);
    assert.deepEqual([parameters, data.train.samples], [122_679, 12]);
    assert.deepEqual([config.learningRate, config.accumulate, config.choices], [3e-3, 2, undefined]);
    assert.ok(secondsPerEpoch > 0);
    await assert.rejects(Deno.stat(join(ROOT, runs, "a")), Deno.errors.NotFound);
  }));

const kernelsIn = (text: string) => /^kernels.*$/m.exec(text)?.[0];

Deno.test("train: shows itself live on a SwanLab server, by key and host from the environment, and prints JSON", () =>
  withPlaces(async ({ data, runs, flags }) => {
    await using server = startSwanLabServer();
    const run = ["--run", `${runs}/a`, ...flags, "--epochs", "4"];
    const { code, stdout, stderr } = await new Deno.Command("deno", {
      args: [
        ...["run", "-q", "-P=train", "--allow-net=127.0.0.1", "tasks/train.ts"],
        ...[...run, "--swanlab", "online", "--project", "tumors", "--json"],
      ],
      cwd: ROOT,
      env: { SWANLAB_API_KEY: "key-1", SWANLAB_API_HOST: server.host },
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    const sent = server.seen("POST", "/house/metrics").flatMap(({ body }) => body.metrics);
    const losses = sent.filter(({ key }) => key === "valid/loss").map(({ index, data }) => [index, data]);
    const log = await readRunLog(join(ROOT, runs, "a"));
    assert.deepEqual(losses, log.map(({ epoch, metrics }) => [epoch, metrics["valid/loss"]]));
    assert.equal(server.requests.at(-1)!.body.state, "FINISHED");

    const { folder, outcome, epochs, best, dataFolder, syncCommand } = JSON.parse(
      new TextDecoder().decode(stdout),
    );
    assert.deepEqual([folder, outcome, epochs, dataFolder], [`${runs}/a`, "finished", 4, data]);
    assert.match(syncCommand, /^swanlab sync /);
    assert.ok(best.metrics["valid/loss"] > 0);

    const secret = await train("--run", `${runs}/b`, ...flags, "--swanlab", "online");
    assert.equal(secret.code, 1);
    assert.match(secret.stderr, /^error: .*no API key\nhint: set SWANLAB_API_KEY/m);
  }));

Deno.test("train: invalid flags are usage errors, and a folder that its permissions do not cover is named", async () => {
  for (
    const args of [
      ["--size", "33"],
      ["--epochs", "0"],
      ["--augment", "heavy"],
      ["--recipe", "weak"],
      ["--optimizer", "sgd"],
    ]
  ) {
    const { code, stderr, stdout } = await runInProcess(command(), args);
    assert.deepEqual([code, stdout], [2, ""], args.join(" "));
    assert.match(
      stderr,
      new RegExp(`^error: option '${args[0]} .*' argument '${args[1]}' is invalid`),
      args.join(" "),
    );
  }
  await inTempFolder(async (elsewhere) => {
    const { code, stderr } = await train("--run", join(elsewhere, "a"));
    assert.equal(code, 1);
    assert.match(stderr, /^error: this task's permission set does not allow (read|write) access/m);
    assert.deepEqual(await filesUnder(elsewhere), []);
  });
});

Deno.test("train: --precision f16 is part of the run, if the adapter has it; and without trackers none of their files are written", () =>
  withPlaces(async ({ runs, flags }) => {
    const run = ["--run", `${runs}/a`, ...flags, "--epochs", "1", "--json"];
    run.push("--swanlab", "off", "--no-tensorboard");
    const { code, stdout, stderr } = await train(...run, "--precision", "f16");
    if (code === 1) {
      assert.match(stderr, /^error: Cannot store tensors as f16 on .*\nhint: train with --precision f32$/m);
      return;
    }
    assert.equal(code, 0, stderr);
    const { progress } = (await reopenRunFolder(join(ROOT, runs, "a")))!;
    assert.equal(progress.config.precision, "f16");
    assert.equal(JSON.parse(stdout).syncCommand, null);
    assert.deepEqual(
      (await filesUnder(join(ROOT, runs, "a"))).filter((name) => /^(tb|swanlog)/.test(name)),
      [],
    );
  }));
