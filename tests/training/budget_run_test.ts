import assert from "node:assert/strict";
import { join } from "node:path";
import type { BudgetChoice } from "../../src/training/budget_choice.ts";
import { readRunProgress } from "../../src/training/run_folder.ts";
import { trainRun } from "../../src/training/train_run.ts";
import { openTestGpu } from "../support/test_gpu.ts";
import { withRuns } from "../support/tiny_run.ts";

await openTestGpu();

Deno.test("trainRun: a budget's choice is part of the run, and a resumed run measures nothing again", () =>
  withRuns(async (run) => {
    // Of 2 filters at 32 px, so that measuring is quick.
    const options = run("a", { config: { budget: 60, filters: 2, size: 32, epochs: 2 } });
    const choices: BudgetChoice[] = [];
    const controller = new AbortController();
    const first = await trainRun({ ...options, signal: controller.signal }, {
      onBudget: (choice) => choices.push(choice),
      onEpoch: () => controller.abort("enough"),
    });
    assert.deepEqual([first.outcome, first.recipe, first.epochs, choices.length], [
      "interrupted",
      "strong",
      1,
      1,
    ]);
    const [choice] = choices as [BudgetChoice];
    assert.deepEqual([choice.filters, choice.size, choice.epochs], [2, 32, 2]);
    assert.ok(choice.speed.points.length >= 2 && choice.speed.points.every(({ filters }) => filters === 2));
    const written = JSON.parse(await Deno.readTextFile(join(options.folder, "config.json")));
    assert.deepEqual([written.budget, written.batchSize], [60, choice.batchSize]);
    assert.deepEqual(written.budget_choice, choice);

    const unexpected = { onBudget: () => assert.fail("measured again") };
    const resume = { ...options, resume: true, config: {} };
    await assert.rejects(
      trainRun({ ...resume, config: { budget: 120 } }, unexpected),
      /other settings: budget was 1 min 00 s, is 2 min 00 s/,
    );
    const second = await trainRun(resume, unexpected);
    assert.deepEqual([second.outcome, second.epochs], ["finished", 2]);
    assert.deepEqual((await readRunProgress(options.folder))!.budget, choice);
  }));
