/** The recipe `auto` in runs of a tiny network: it chooses once, and what it chose is kept. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { type EnsembleOptions, trainEnsemble } from "../../../src/ensembles/train_ensemble.ts";
import type { AutoChoice } from "../../../src/training/auto/auto_choice.ts";
import { readRunProgress } from "../../../src/training/run_folder.ts";
import { trainRun } from "../../../src/training/train_run.ts";
import { openTestGpu } from "../../support/test_gpu.ts";
import { withRuns } from "../../support/tiny_run.ts";

await openTestGpu();

/** Few filters at 32 px, so that measuring is quick. */
const SMALL = { recipe: "auto", filters: 1, size: 32, epochs: 2 } as const;

const readJson = async (...path: string[]) => JSON.parse(await Deno.readTextFile(join(...path)));

Deno.test("trainRun: auto chooses once, writes each choice with its reason, and is resumed without choosing", () =>
  withRuns(async (run) => {
    const options = run("a", { config: SMALL });
    const choices: AutoChoice[] = [];
    const stop = new AbortController();
    const first = await trainRun({ ...options, signal: stop.signal }, {
      onAuto: (choice) => choices.push(choice),
      onEpoch: () => stop.abort("enough"),
    });
    assert.deepEqual([first.outcome, first.recipe, choices.length], ["interrupted", "auto", 1]);
    const written = await readJson(options.folder, "config.json");
    assert.deepEqual(written.auto_choice, choices[0]);
    assert.equal(written.budget, 1800);
    const { fingerprint, settings } = written.auto_choice as AutoChoice;
    assert.deepEqual([fingerprint.images.train, fingerprint.images.valid], [10, 9]);
    for (const { setting, value, reason, given } of settings) {
      assert.deepEqual(written[setting] ?? value, value, setting);
      assert.equal(given === true, setting in SMALL, setting);
      assert.ok(reason.length > 4);
    }
    assert.equal(written.depth, 4);
    assert.equal(written.norm, "instance");

    const unexpected = () => assert.fail("chosen again");
    const callbacks = { onAuto: unexpected, onBudget: unexpected };
    const resume = { ...options, resume: true, config: { recipe: "auto" } };
    await assert.rejects(trainRun({ ...resume, config: { depth: 5 } }, callbacks), /depth was 4, is 5/);
    const second = await trainRun(resume, callbacks);
    assert.deepEqual([second.outcome, second.epochs], ["finished", 2]);
    assert.deepEqual((await readRunProgress(options.folder))!.auto, choices[0]);
  }));

Deno.test("trainEnsemble: auto chooses once for all runs, which share its budget", () =>
  withRuns(async (run, folder) => {
    const told: unknown[] = [];
    const options: EnsembleOptions = {
      ...run("two", { config: { ...SMALL, epochs: 1, budget: 60 } }),
      ensemble: { members: "seeds", count: 2 },
    };
    const { outcome, members } = await trainEnsemble(options, {
      onBudget: ({ seconds }) => told.push(seconds),
      onAuto: ({ settings }) => told.push(settings.length > 8),
    });
    assert.deepEqual([outcome, members.length, told], ["finished", 2, [30, true]]);
    const [one, two] = await Promise.all(
      members.map(({ folder }) => readJson(folder, "config.json")),
    );
    assert.deepEqual(one.auto_choice, two.auto_choice);
    assert.deepEqual(one.auto_choice, (await readJson(folder, "two", "ensemble.json")).auto);
    assert.deepEqual([one.batchSize, one.warmup], [two.batchSize, two.warmup]);
    assert.deepEqual([one.seed, two.seed], [0, 1]);
  }));
