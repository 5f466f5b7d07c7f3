import assert from "node:assert/strict";
import { join } from "node:path";
import { inProjectFolder, writeFiles } from "../support/coco.ts";
import { saveCheckpoint } from "../../src/training/run_folder.ts";
import { checkpointOf } from "../support/checkpoints.ts";
import { keyPaths } from "../support/key_paths.ts";
import { reportKeys } from "../support/report_keys.ts";
import { hashBytes } from "../../src/fs/hash_bytes.ts";
import { runInProcess, runTaskProcess, type TaskOutcome } from "../support/run_task.ts";
import { writeSpotDataset } from "../support/spot_dataset.ts";
import { spotModel } from "../support/spot_model.ts";
import { command } from "../../tasks/evaluate.ts";
import { command as report } from "../../tasks/report.ts";
import { filesUnder, inTempFolder } from "../support/temp_folder.ts";
// Its commands open a GPU in this process.
import "../support/test_gpu.ts";

const dataArgs = (data: string) => ["--data", data, "--cache", `${data}/.cache`];

/** Calls `body` with the folder of a run that has a model, and with the task on a small dataset, in this process. */
function withRun(
  body: (
    run: string,
    evaluate: (...args: string[]) => Promise<TaskOutcome>,
    typed: { data: string; run: string },
  ) => Promise<void>,
): Promise<void> {
  return inProjectFolder("dataset", (data, typedData) =>
    inProjectFolder("runs", async (run, typedRun) => {
      await writeSpotDataset(data);
      await writeFiles(run, { "best.safetensors": spotModel() });
      const evaluate = (...args: string[]) => runInProcess(command(), [...dataArgs(typedData), ...args]);
      await body(run, evaluate, { data: typedData, run: typedRun });
    }));
}

Deno.test("evaluate: metrics as text, files in the folder of the run", () =>
  withRun(async (run, _, typed) => {
    const args = [...dataArgs(typed.data), "--run", typed.run];
    const { code, stdout, stderr } = await runTaskProcess("evaluate", args);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^5 images: 3 with foreground, 2 without$/m);
    assert.match(stdout, /^ {2}accuracy +0\.9594 .*0\.9437/m);
    assert.match(stdout, new RegExp(`^wrote ${typed.run}/test\\.json$`, "m"));
    assert.match(stderr, /^model runs\/\S+\/best\.safetensors: 1 filter, 32 px/m);
    assert.match(
      stdout,
      new RegExp(`^wrote ${typed.run}/test-probabilities: probability maps of 5 images, `, "m"),
    );
    assert.deepEqual(await filesUnder(run), [
      "best.safetensors",
      ...[1, 2].flatMap((image) => [1, 2].map((panel) => `card-images/test-worst-${image}-${panel}.jpg`)),
      "card.json",
      "card.md",
      "case-images.json",
      "cases.png",
      "predictions.png",
      "report.html",
      ...[1, 2, 3, 4, 5].map((place) => `test-probabilities/0000${place}.png`),
      "test-probabilities/index.json",
      "test.csv",
      "test.json",
    ]);
    assert.match(stdout, new RegExp(`^wrote ${typed.run}/report\\.html\nwrote ${typed.run}/card\\.md$`, "m"));
    const { model, data, evaluations } = JSON.parse(await Deno.readTextFile(join(run, "card.json")));
    assert.equal(model.sha256, hashBytes(await Deno.readFile(join(run, "best.safetensors"))));
    assert.deepEqual([data.test.files.length, evaluations.test.model, evaluations.test.images], [
      5,
      model.sha256,
      5,
    ]);
    const page = await Deno.readTextFile(join(run, "report.html"));
    assert.equal(page.match(/src="data:image\/jpeg;base64,/g)?.length, 4 * 3);
    const again = await runInProcess(report(), [typed.run]);
    assert.equal(again.stdout, `wrote ${typed.run}/report.html\n`);
    assert.ok(await Deno.readTextFile(join(run, "report.html")) === page, "report wrote other bytes");
  }));

Deno.test("evaluate: one JSON document with model, device and settings", () =>
  withRun(async (run, evaluate, typed) => {
    const args = [
      "--json",
      "--spacing=0.5,2",
      "--threshold=0.6",
      "--flips",
      "--kernels=strict",
      "--seed=3",
      "--audit",
    ];
    const { code, stdout, stderr } = await evaluate("--model", `${typed.run}/best.safetensors`, ...args);
    assert.equal(code, 0, stderr);
    const document = JSON.parse(stdout);
    assert.deepEqual(document, JSON.parse(await Deno.readTextFile(join(run, "test.json"))));
    assert.deepEqual(document.settings, { threshold: 0.6, size: 32, spacing: [2, 0.5], unit: "mm" });
    assert.equal(document.model.epoch, 7);
    assert.match(document.model.sha256, /^[0-9a-f]{64}$/);
    const { adapter, ...device } = document.device;
    assert.ok(adapter.length > 0);
    assert.deepEqual(device, { kernels: "strict", flips: true });
    assert.equal(document.summary.bootstrap.seed, 3);
    assert.equal(document.audit.length, 3);
    // With a spacing, settings.spacing is an array.
    const keys = keyPaths(document).map((path) => path.replace("settings.spacing[]", "settings.spacing"));
    assert.deepEqual(keys.sort(), await reportKeys());
  }));

Deno.test("evaluate: audits images without annotations, into the given folder", () =>
  withRun(async (run, evaluate, typed) => {
    const output = `${typed.run}/audit`;
    const { code, stdout, stderr } = await evaluate(
      "--run",
      typed.run,
      "--split=raw",
      "--audit=200",
      "--no-maps",
      "--output",
      output,
    );
    assert.equal(code, 0, stderr);
    assert.match(
      stdout,
      /^audit of raw: images without annotations; the model finds foreground in 1 of 2$/m,
    );
    assert.deepEqual(await filesUnder(join(run, "audit")), [
      "raw-audit.csv",
      "raw-audit.png",
      "raw.json",
      "report.html",
    ]);
  }));

Deno.test("evaluate: reports errors, and may write only to runs and the cache", () =>
  withRun(async (run, evaluate, typed) => {
    const raw = await evaluate("--run", typed.run, "--split", "raw");
    assert.deepEqual([raw.code, raw.stdout], [1, ""]);
    assert.match(raw.stderr, /^error: Cannot evaluate split "raw": .*\nhint: --audit/m);
    const none = await evaluate("--run", `${typed.run}/none`);
    assert.match(none.stderr, /^error: Cannot find a model in ".*": it has no best\.safetensors\nhint: /m);
    for (
      const args of [["--spacing", "0"], ["--spacing", "1,2,3"], ["--spacing", "a"], ["--unannotated", "x"], [
        "--audit=0",
      ], [
        "more",
      ]]
    ) {
      assert.equal((await evaluate(...args)).code, 2, args.join(" "));
    }
    await inTempFolder(async (elsewhere) => {
      const args = [...dataArgs(typed.data), "--run", typed.run, "--output", elsewhere];
      const { code, stderr } = await runTaskProcess("evaluate", args);
      assert.equal(code, 1);
      assert.match(stderr, /^error: this task's permission set does not allow \w+ access/m);
      assert.deepEqual(await filesUnder(elsewhere), []);
    });
    assert.deepEqual(await filesUnder(run), ["best.safetensors"]);
  }));

Deno.test("evaluate: a run is measured on its own dataset, which is named, and asked for if it lies elsewhere", () =>
  withRun(async (run, _, typed) => {
    const evaluate = (...args: string[]) =>
      runInProcess(command(), ["--run", typed.run, "--cache", `${typed.data}/.cache`, ...args]);
    const save = async (dataFolder: string | null) => {
      const { progress, trainer } = checkpointOf(1, null);
      await saveCheckpoint(run, { progress: { ...progress, dataFolder }, trainer });
    };
    await save(typed.data);
    const own = await evaluate();
    assert.equal(own.code, 0, own.stderr);
    assert.match(own.stderr, new RegExp(`^data ${typed.data}, split test$`, "m"));
    assert.doesNotMatch(own.stderr, /note: /);
    await save(null);
    const unknown = await evaluate();
    assert.equal(unknown.code, 1);
    assert.match(
      unknown.stderr,
      /^error: Cannot evaluate .* outside the project.*\nhint: name it with --data/m,
    );
    const named = await evaluate("--data", typed.data);
    assert.equal(named.code, 0, named.stderr);
    // The checkpoint's fingerprints are those of no dataset.
    assert.match(named.stderr, /^note: dataset\S+ is not the dataset that this run was trained with/m);
  }));
