import assert from "node:assert/strict";
import { progressLine } from "../../src/cli/progress.ts";
import { describeEpoch, describeWindows, drawHistory } from "../../src/cli/train_view.ts";
import { completeTrainConfig } from "../../src/training/recipe.ts";
import type { TrainConfig } from "../../src/training/train_config.ts";

const metrics = { "train/loss": 0.7564, "valid/loss": 0.69371, "valid/dice": 0.7567, seconds: 12 };

Deno.test("describeEpoch: losses, Dice, the time left and the best epoch in a line that fits 80 columns", () => {
  assert.equal(
    describeEpoch({ epoch: 1, epochs: 16, metrics, best: true, stale: 0 }, 179),
    "epoch  1/16  loss 0.7564 valid 0.6937 dice 0.7567  2 min 59 s left  best\n",
  );
  assert.equal(
    describeEpoch({ epoch: 16, epochs: 16, metrics, best: false, stale: 2 }, 0),
    "epoch 16/16  loss 0.7564 valid 0.6937 dice 0.7567  12 s  best 14\n",
  );
  const long = describeEpoch({ epoch: 222, epochs: 999, metrics, best: false, stale: 111 }, 99 * 3600);
  assert.ok(long.trimEnd().length <= 80, long);
  const undefinedDice = { ...metrics, "valid/dice": NaN };
  assert.match(
    describeEpoch({ epoch: 1, epochs: 2, metrics: undefinedDice, best: true, stale: 0 }, 9),
    / dice n\/a /,
  );
});

Deno.test("drawHistory: the losses at one scale, Dice from 0 to 1", () => {
  const second = { "train/loss": 0.2, "valid/loss": 0.3, "valid/dice": 1 };
  assert.deepEqual(drawHistory([metrics, second], 79), [
    "train loss █▁ 0.2000",
    "valid loss ▇▂ 0.3000",
    "valid dice ▆█ 1.0000",
  ]);
});

Deno.test("progressLine: the bar shrinks and goes before numbers are cut", () => {
  const numbers = "1500/3000  120 samples/s  1 min 05 s left  loss 0.1234";
  const at = (label: string) => progressLine({ label, share: 0.5, numbers }, 79);
  assert.equal(at("epoch 3/16"), `epoch 3/16 [######.....] ${numbers}`);
  assert.equal(at("validating 100/100"), `validating 100/100 ${numbers}`);
  assert.equal(
    progressLine({ label: "a", share: 0.5, numbers: "1/2" }, 79),
    `a [${"#".repeat(12)}${".".repeat(12)}] 1/2`,
  );
  assert.equal(progressLine({ label: "unzipping", numbers: "12 MiB" }, 79), "unzipping 12 MiB");
});

Deno.test("describeWindows: says for patches whether predictions depend on the size of windows", () => {
  const line = (given: Partial<TrainConfig>) =>
    describeWindows(completeTrainConfig({ recipe: "strong", ...given }));
  assert.equal(line({}), "");
  assert.match(
    line({ patch: 64 }),
    /^windows {7}as whole images are predicted: .*, and He's initial weights\n$/,
  );
  assert.match(line({ patch: 64, norm: "instance" }), /by its own moments, .*; --norm none avoids it\n$/);
  assert.doesNotMatch(line({ patch: 64, recipe: "original" }), /He's|moments, so/);
});
