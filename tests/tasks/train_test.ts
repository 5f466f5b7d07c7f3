/** The task as a person runs it, kills it, and goes on with it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { makePhantom } from "../../src/phantom/phantom.ts";
import { reopenRunFolder } from "../../src/training/run_folder.ts";
import { readRunLog } from "../../src/tracking/run_log.ts";
import { inProjectFolder } from "../support/coco.ts";
import { ROOT } from "../project/files.ts";
import { runTaskProcess } from "../support/run_task.ts";
import { startSwanLabServer } from "../support/swanlab_server.ts";
import { filesUnder, inTempFolder } from "../support/temp_folder.ts";
import { softwareTest } from "../support/software.ts";

/** Where a test's dataset and runs are, as a person types it. */
interface Places {
  data: string;
  runs: string;
  /** Flags of a training of 4 epochs of 6 batches, with every part that keeps state. */
  flags: string[];
}

function withPlaces(body: (places: Places) => Promise<void>): Promise<void> {
  return inProjectFolder("dataset", (folder, data) =>
    inProjectFolder("runs", async (_, runs) => {
      await makePhantom(join(folder, "data"), { train: 12, valid: 4, test: 1, size: 32 });
      const flags = ["--data", `${data}/data`, "--cache", `dataset/.cache/${data.split("/").at(-1)}`];
      flags.push(
        "--recipe",
        "strong",
        "--filters",
        "2",
        "--size",
        "32",
        "--batch-size",
        "2",
        "--epochs",
        "4",
      );
      try {
        await body({ data: `${data}/data`, runs, flags: [...flags, "--accumulate", "2", "--seed", "5"] });
      } finally {
        await Deno.remove(join(ROOT, flags[3]!), { recursive: true }).catch(() => {});
      }
    }));
}

const train = (...args: string[]) => runTaskProcess("train", args);

function start(...args: string[]): Deno.ChildProcess {
  return new Deno.Command("deno", {
    args: ["run", "-q", "-P=train", "tasks/train.ts", ...args],
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Reads what a process prints to its end, calling `onText` with all of it so far after each piece. */
async function follow(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  onText: (text: string) => void = () => {},
): Promise<string> {
  let text = "";
  for await (const part of stream.pipeThrough(new TextDecoderStream())) onText(text += part);
  return text;
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

/** When to kill a process: tells, by what it has printed, whether it is time. */
type Moment = (output: string) => boolean | Promise<boolean>;

/** Starts or goes on with a run, and kills it at the moment; returns whether it was killed before its end. */
async function killAt(run: string, flags: string[], moment: Moment): Promise<boolean> {
  const there = await Deno.stat(join(ROOT, run)).then(() => true, () => false);
  const child = start("--run", run, ...(there ? ["--resume"] : []), ...flags);
  let [output, ended] = ["", false];
  const watch = async () => {
    while (!ended) {
      if (await moment(output)) return child.kill("SIGKILL");
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };
  const [errors, , { code, signal }] = await Promise.all([
    follow(child.stderr),
    follow(child.stdout, (text) => output = text),
    child.status.finally(() => ended = true),
    watch().catch(() => {}),
  ]);
  assert.ok(signal === "SIGKILL" || code === 0, errors);
  return signal === "SIGKILL";
}

/** A moment up to so many milliseconds after a new epoch's line. */
function afterEpoch(milliseconds: number): Moment {
  let at = Infinity;
  const delay = milliseconds * Math.random();
  return (output) => {
    if (at === Infinity && /^epoch .*\n/m.test(output)) at = performance.now() + delay;
    return performance.now() >= at;
  };
}

/** The moment at which the file of this name is written, for the second time since the process began. */
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

Deno.test("train: killed at any moment and resumed, it comes to the same bits as a run that never was", () =>
  withPlaces(async ({ runs, flags }) => {
    const [whole, broken] = [`${runs}/whole`, `${runs}/broken`];
    const long = [...flags, "--epochs", "12", "--patience", "0"];
    const { code, stderr } = await train("--run", whole, ...long);
    assert.equal(code, 0, stderr);

    const folder = join(ROOT, broken);
    const soon = performance.now() + 1500 * Math.random();
    const moments: Moment[] = [
      () => performance.now() > soon,
      afterEpoch(150),
      whileWriting(folder, "checkpoint.safetensors"),
      afterEpoch(50),
      whileWriting(folder, "best.safetensors"),
      afterEpoch(100),
    ];
    let kills = 0;
    for (const moment of moments) if (await killAt(broken, long, moment)) kills++;
    assert.ok(kills >= 3, `it was killed ${kills} times only`);
    assert.equal(await killAt(broken, long, () => false), false);
    assert.deepEqual(await outcome(broken), await outcome(whole));
    assert.deepEqual((await filesUnder(folder)).filter((name) => name.endsWith(".tmp")), []);
  }));

Deno.test("train: Ctrl-C saves and stops with 130, and the run goes on to the same bits without its flags", () =>
  withPlaces(async ({ runs, flags }) => {
    const [whole, stopped] = [`${runs}/whole`, `${runs}/stopped`];
    await train("--run", whole, ...flags);
    const child = start("--run", stopped, ...flags);
    const [output, errors, { code }] = await Promise.all([
      follow(child.stdout, (text) => {
        if (/^epoch 2\/4/m.test(text)) child.kill("SIGINT");
      }),
      follow(child.stderr),
      child.status,
    ]);
    assert.equal(code, 130, errors);
    assert.match(errors, /^note: saving and stopping; press Ctrl-C again to stop at once$/m);
    assert.match(
      output,
      new RegExp(`^saved after epoch \\d; go on with: {2}deno task train --resume --run ${stopped}$`, "m"),
    );
    assert.notEqual((await reopenRunFolder(join(ROOT, stopped)))!.progress.epoch, 4);
    const resumed = await train("--resume", "--run", stopped, "--cache", flags[3]!);
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.match(resumed.stdout, /^going on after \d epochs/m);
    assert.deepEqual(await outcome(stopped), await outcome(whole));
  }));

Deno.test("train: a second Ctrl-C stops at once, and costs no checkpoint", () =>
  withPlaces(async ({ runs, flags }) => {
    const child = start("--run", `${runs}/a`, ...flags, "--epochs", "1000", "--patience", "0");
    let pressing: ReturnType<typeof setInterval> | undefined;
    const press = () => {
      try {
        child.kill("SIGINT");
      } catch { /* ended */ }
    };
    const [, , { code }] = await Promise.all([
      follow(child.stdout, (text) => {
        if (/^epoch +1\//m.test(text)) child.kill("SIGINT");
      }),
      follow(child.stderr, (text) => {
        if (/saving and stopping/.test(text)) pressing ??= setInterval(press, 20);
      }),
      // It may end before a second one counts, which is the same to whom pressed twice.
      child.status.finally(() => clearInterval(pressing)),
    ]);
    assert.equal(code, 130);
    assert.ok((await reopenRunFolder(join(ROOT, runs, "a")))!.progress.epoch >= 1);
  }));

Deno.test("train: says what it will do and what came of it, and what to type next", () =>
  withPlaces(async ({ data, runs, flags }) => {
    const run = `${runs}/a`;
    const { code, stdout, stderr } = await train("--run", run, ...flags);
    assert.equal(code, 0, stderr);
    assert.match(
      stdout,
      /^train +12 samples, \d+ with a tumor outlined; \d\d\.\d\d % accurate without finding any$/m,
    );
    assert.match(stdout, /^valid +4 samples, /m);
    assert.match(
      stdout,
      /^network +2 filters, norm instance, 122,679 parameters, input 32 x 32, batches of 2$/m,
    );
    assert.match(stdout, /^memory +[\d.]+ MiB planned; with --memory low [\d.]+ MiB planned/m);
    assert.match(stdout, /^estimated +[\d.]+ s an epoch, at most /m);
    assert.equal(
      stdout.match(/^epoch \d\/4 {2}train loss 0\.\d{4} {2}accuracy .* valid loss .* dice .* iou /gm)?.length,
      4,
    );
    assert.match(stdout, /^best epoch \d: validation loss 0\.\d{4}, accuracy /m);
    assert.match(stdout, new RegExp(`^to SwanLab +swanlab sync ${run}/swanlog/run-\\S+ -i \\w+$`, "m"));
    assert.match(stdout, new RegExp(`^evaluate it +deno task evaluate --run ${run} --data ${data}$`, "m"));
    assert.match(stdout, new RegExp(`^use it +deno task predict --run ${run} `, "m"));
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(stdout + stderr, /[\x1b\r]/, "control characters where there is no terminal");
    const files = (await filesUnder(join(ROOT, run))).filter((name) => !/^(tb|swanlog)\//.test(name));
    assert.deepEqual(files, ["best.safetensors", "checkpoint.safetensors", "config.json", "metrics.jsonl"]);

    const again = await train("--run", run, ...flags);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /^error: Cannot start a run in .*\nhint: continue it with --resume/m);
    const changed = await train("--run", run, "--resume", "--cache", flags[3]!, "--learning-rate", "0.5");
    assert.equal(changed.code, 1);
    assert.match(
      changed.stderr,
      /^error: .*other settings: learningRate was 0.003, is 0.5\nhint: .*--force/m,
    );
  }));

Deno.test("train: a dry run plans, as text and as JSON, and writes no run", () =>
  withPlaces(async ({ runs, flags }) => {
    const text = await train("--dry-run", "--run", `${runs}/a`, ...flags);
    assert.equal(text.code, 0, text.stderr);
    assert.match(
      text.stdout,
      /^memory +[\d.]+ MiB planned; with --memory low [\d.]+ MiB planned.*\nestimated +[\d.]+ s an epoch, at most .* for 4\n$/m,
    );
    const json = await train("--dry-run", "--json", "--run", `${runs}/a`, ...flags);
    const plan = JSON.parse(json.stdout);
    assert.equal(plan.parameters, 122_679);
    assert.equal(plan.data.train.samples, 12);
    assert.equal(plan.config.learningRate, 3e-3);
    assert.equal(plan.config.accumulate, 2);
    assert.ok(plan.secondsPerEpoch > 0);
    await assert.rejects(Deno.stat(join(ROOT, runs, "a")), Deno.errors.NotFound);
  }));

softwareTest(
  "train: --retune times kernels and keeps them; later runs say that they use them; a broken file is none",
  () =>
    withPlaces(async ({ runs, flags }) => {
      const cache = join(ROOT, flags[3]!);
      const plan = (...more: string[]) =>
        train("--dry-run", "--software", "--run", `${runs}/a`, ...flags, ...more);
      const before = await plan();
      assert.doesNotMatch(before.stdout, /^kernels/m);
      const timed = await plan("--retune");
      assert.equal(timed.code, 0, timed.stderr);
      assert.match(
        timed.stderr,
        /^timing kernel variants on .*, about 10 s\ntimed in [\d.]+ s\n {2}product\/low: nn/m,
      );
      assert.match(timed.stdout, /^kernels {7}as timed on this adapter, (which are|not) the defaults/m);
      const later = await plan();
      assert.equal(later.stderr.includes("timing"), false);
      assert.equal(kernelsIn(later.stdout), kernelsIn(timed.stdout));

      const path = join(cache, "kernel_choices.json");
      const text = await Deno.readTextFile(path);
      // The first class is timed in any case; for others, an empty shader cache may leave no time.
      await Deno.writeTextFile(path, text.replace(/"product\/low": "\w+"/, '"product/low": "nn"'));
      assert.match(
        (await plan()).stdout,
        /^kernels {7}as timed on this adapter, not the defaults: .*product\/low nn\b(?!_)/m,
      );
      await Deno.writeTextFile(path, text.slice(0, 100));
      const broken = await plan();
      assert.deepEqual([broken.code, kernelsIn(broken.stdout)], [0, undefined]);
    }),
);

const kernelsIn = (text: string) => /^kernels.*$/m.exec(text)?.[0];

Deno.test("train: prints one JSON document of its result where asked", () =>
  withPlaces(async ({ data, runs, flags }) => {
    const { code, stdout, stderr } = await train(
      "--json",
      "--run",
      `${runs}/a`,
      ...flags,
      "--swanlab",
      "off",
    );
    assert.equal(code, 0, stderr);
    const { folder, outcome, epochs, best, dataFolder, syncCommand } = JSON.parse(stdout);
    assert.deepEqual([folder, outcome, epochs, dataFolder, syncCommand], [
      `${runs}/a`,
      "finished",
      4,
      data,
      null,
    ]);
    assert.ok(best.metrics["valid/loss"] > 0);
  }));

Deno.test("train: shows itself live on a SwanLab server, by key and host from the environment", () =>
  withPlaces(async ({ runs, flags }) => {
    await using server = startSwanLabServer();
    const { code, stderr } = await new Deno.Command("deno", {
      args: [
        ...[
          "run",
          "-q",
          "-P=train",
          "--allow-net=127.0.0.1",
          "tasks/train.ts",
          "--run",
          `${runs}/a`,
          ...flags,
        ],
        ...["--swanlab", "online", "--project", "tumors"],
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
    const secret = await train("--run", `${runs}/b`, ...flags, "--swanlab", "online");
    assert.equal(secret.code, 1);
    assert.match(secret.stderr, /^error: .*no API key\nhint: set SWANLAB_API_KEY/m);
  }));

Deno.test("train: wrong flags are wrong usage; what its permissions do not allow is said", async () => {
  for (
    const args of [
      ["--size", "33"],
      ["--epochs", "0"],
      ["--augment", "heavy"],
      ["--recipe", "weak"],
      ["--optimizer", "sgd"],
    ]
  ) {
    const { code, stderr, stdout } = await train(...args);
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

Deno.test("train: --precision f16 is part of the run, where the adapter has it", () =>
  withPlaces(async ({ runs, flags }) => {
    const args = ["--run", `${runs}/a`, ...flags, "--swanlab", "off", "--no-tensorboard"];
    const { code, stderr } = await train(...args, "--precision", "f16");
    const adapter = await navigator.gpu.requestAdapter();
    if (!adapter?.features.has("shader-f16")) {
      assert.equal(code, 1);
      assert.match(stderr, /^error: Cannot store tensors as f16 on .*\nhint: train with --precision f32$/m);
      return;
    }
    assert.equal(code, 0, stderr);
    const { progress } = (await reopenRunFolder(join(ROOT, runs, "a")))!;
    assert.equal(progress.config.precision, "f16");
    const other = await train("--resume", "--run", `${runs}/a`, "--precision", "f32");
    assert.equal(other.code, 1);
    assert.match(other.stderr, /with other settings: precision was f16, is f32\nhint: /);
  }));
