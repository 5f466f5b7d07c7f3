/** What a run is said to have come to. */
import assert from "node:assert/strict";
import { describeResult } from "../../src/cli/train_result.ts";

Deno.test("describeResult: lists the Dice of each class, of at most twelve, and none for a single class", () => {
  const metrics = { "valid/loss": 0.8, "valid/accuracy": 1, "valid/dice": 0.5, "valid/iou": 0.4 };
  const describe = (classes: readonly (readonly [string, number | null])[]) => {
    const each = Object.fromEntries(classes.map(([name, dice]) => [`valid/dice/${name}`, dice]));
    return describeResult("runs/a", {
      outcome: "finished",
      dataFolder: "dataset",
      epochs: 3,
      best: { epoch: 2, metrics: { ...metrics, ...each } as Record<string, number>, sha256: "" },
      marksNothing: false,
      recipe: "original",
      syncCommand: null,
    });
  };
  assert.doesNotMatch(describe([]), /by class/);
  assert.match(
    describe([["lung/left", 0.95], ["he\u001bart", null]]),
    /\nDice by class lung\/left 0\.9500, he\S+art undefined\n/,
  );
  assert.ok(!describe([["he\u001bart", 1]]).includes("\u001b"));
  const many = Array.from({ length: 14 }, (_, index) => [`c${index}`, 1] as const);
  assert.match(describe(many), /c11 1\.0000, and 2 more\n/);
});

Deno.test("describeResult: a model that marks nothing is not offered for use, and an undefined metric is not NaN", () => {
  const metrics = { "valid/loss": 0.8, "valid/accuracy": 1, "valid/dice": NaN, "valid/iou": NaN };
  const result = {
    outcome: "finished" as const,
    dataFolder: "dataset",
    epochs: 3,
    best: { epoch: 2, metrics, sha256: "" },
    marksNothing: true,
    recipe: "original" as const,
    syncCommand: null,
  };
  const text = describeResult("runs/a", result);
  assert.match(text, /best epoch 2: .*accuracy 100\.00 %, Dice undefined, IoU undefined\n/);
  assert.match(text, /\nthis model marks nothing; try --recipe strong\n$/);
  assert.doesNotMatch(text, /NaN|use it/);
  assert.match(
    describeResult("runs/a", { ...result, recipe: "strong" }),
    /marks nothing; try more --epochs\n$/,
  );
  assert.match(
    describeResult("runs/a", { ...result, marksNothing: false }),
    /\nuse it +deno task predict --run runs\/a /,
  );
  const stopped = { ...result, outcome: "interrupted" as const, best: null };
  assert.equal(
    describeResult("runs/a", { ...stopped, resumable: false }),
    "stopped before the first checkpoint: nothing is saved; start again with the same command\n",
  );
  assert.equal(
    describeResult("runs/a", { ...stopped, dataFolder: "/elsewhere" }),
    "saved after epoch 3; resume with:  deno task train --resume --run runs/a --data /elsewhere\n",
  );
});
