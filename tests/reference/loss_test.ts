import assert from "node:assert/strict";
import { assertClose } from "../support/compare.ts";
import { differenceGradient } from "../support/finite_difference.ts";
import { Random } from "../support/random.ts";
import { combinedLoss, combinedLossGradient } from "./loss.ts";

Deno.test("loss by hand", () => {
  // Probabilities 1/2, 3/4, 1/4 against 0, 1, 1.
  const logits = [0, Math.log(3), -Math.log(3)];
  const { loss, dice, bce, accuracy } = combinedLoss(logits, [0, 1, 1]);
  assertClose([dice], [1 - (2 + 1e-6) / (3.5 + 1e-6)], { absolute: 1e-15, label: "dice" });
  const crossEntropy = -(Math.log(0.5) + Math.log(0.75) + Math.log(0.25)) / 3;
  assertClose([bce], [crossEntropy], { absolute: 1e-15, label: "bce" });
  assertClose([loss], [0.6 * dice + 0.4 * bce], { absolute: 1e-15, label: "loss" });
  // One half rounds to the even 0, which is right here.
  assert.equal(accuracy, 2 / 3);
  assert.equal(combinedLoss([0], [1]).accuracy, 0);
});

Deno.test("loss of nothing predicted where nothing is stays finite", () => {
  const { loss, dice, accuracy } = combinedLoss([-800, -800], [0, 0]);
  assert.deepEqual([loss, dice, accuracy], [0, 0, 1]);
});

Deno.test("logarithms stop at -100, and with them the gradient of the cross-entropy", () => {
  const { bce } = combinedLoss([-150, 800], [1, 0]);
  assert.equal(bce, 100);
  assertClose(combinedLossGradient([-150, 800], [1, 0]), [0, 0], { absolute: 1e-60, label: "gradient" });
  assertClose([combinedLoss([-99], [1]).bce], [99], { absolute: 1e-12, label: "bce" });
});

Deno.test("loss gradient equals finite differences", () => {
  const random = new Random(15);
  const logits = Float64Array.from(random.floats(40, -6, 6));
  logits.set([-50, 50, -99, 99]);
  for (const targets of [logits.map(() => random.integer(2)), logits.map(() => 0), logits.map(() => 1)]) {
    const tried = differenceGradient(() => combinedLoss(logits, targets).loss, logits);
    assertClose(combinedLossGradient(logits, targets), tried, { absolute: 2e-10, label: "gradient" });
  }
});
