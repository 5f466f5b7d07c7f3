import assert from "node:assert/strict";
import { assertClose } from "../support/compare.ts";
import { differenceGradient } from "../support/finite_difference.ts";
import { torchLosses } from "../support/torch_losses.ts";
import { Random } from "../support/random.ts";
import { combinedLoss, combinedLossGradient, LOSSES } from "./loss.ts";

const NAMES = Object.keys(LOSSES) as (keyof typeof LOSSES)[];

Deno.test("combinedLoss: three pixels by hand", () => {
  // Probabilities 1/2, 3/4, 1/4 against 0, 1, 1.
  const logits = [0, Math.log(3), -Math.log(3)];
  const { loss, dice, bce, accuracy } = combinedLoss(logits, [0, 1, 1]);
  assertClose([dice], [1 - (2 + 1e-6) / (3.5 + 1e-6)], { absolute: 1e-15, label: "dice" });
  const crossEntropy = -(Math.log(0.5) + Math.log(0.75) + Math.log(0.25)) / 3;
  assertClose([bce], [crossEntropy], { absolute: 1e-15, label: "bce" });
  assertClose([loss], [0.6 * dice + 0.4 * bce], { absolute: 1e-15, label: "loss" });
  // One half rounds to the even 0, which is correct here.
  assert.equal(accuracy, 2 / 3);
  assert.equal(combinedLoss([0], [1]).accuracy, 0);
});

Deno.test("combinedLoss: stays finite if nothing is predicted and nothing is true", () => {
  const { loss, dice, accuracy } = combinedLoss([-800, -800], [0, 0]);
  assert.deepEqual([loss, dice, accuracy], [0, 0, 1]);
});

Deno.test("combinedLoss: clamps logarithms at -100, where the cross-entropy has no gradient", () => {
  const { bce } = combinedLoss([-150, 800], [1, 0]);
  assert.equal(bce, 100);
  assertClose(combinedLossGradient([-150, 800], [1, 0]), [0, 0], { absolute: 1e-60, label: "gradient" });
  assertClose([combinedLoss([-99], [1]).bce], [99], { absolute: 1e-12, label: "bce" });
});

for (const name of NAMES) {
  Deno.test(`LOSSES.${name}: the gradient equals finite differences`, () => {
    const random = new Random(15);
    const logits = Float64Array.from(random.floats(40, -6, 6));
    logits.set([-50, 50, -99, 99]);
    const { value, gradient } = LOSSES[name];
    for (const targets of [logits.map(() => random.integer(2)), logits.map(() => 0), logits.map(() => 1)]) {
      const tried = differenceGradient(() => value(logits, targets), logits);
      assertClose(gradient(logits, targets), tried, { absolute: 2e-10, label: "gradient" });
    }
  });

  Deno.test(`LOSSES.${name}: equals PyTorch's value and autograd gradient`, async () => {
    for (const { name: label, logits, masks, losses } of await torchLosses()) {
      const expected = losses[name];
      const { value, gradient } = LOSSES[name];
      assertClose([value(logits, masks)], [expected.value], { absolute: 1e-12, relative: 1e-12, label });
      assertClose(gradient(logits, masks), expected.gradient, {
        // PyTorch's 1 - p cancels.
        absolute: 1e-16,
        relative: 1e-8,
        label,
      });
    }
  });
}
