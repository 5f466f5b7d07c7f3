import assert from "node:assert/strict";
import { batchLoss, meanLoss } from "../../src/evaluation/loss.ts";
import { combinedLoss } from "../reference/loss.ts";
import { uniformFloats } from "../support/random.ts";

const shape = [2, 1, 16, 16];

Deno.test("batchLoss: equals the plain loops, also where logits are far out and masks empty", () => {
  const cases = [
    { spread: 3, share: 0.3 },
    { spread: 300, share: 0.5 },
    { spread: 5, share: 0 },
    { spread: 0, share: 1 },
  ];
  for (const { spread, share } of cases) {
    const logits = uniformFloats(1, 512, spread);
    const masks = uniformFloats(2, 512, 0.5, 0.5).map((value) => value < share ? 1 : 0);
    const { loss, diceLoss, bce, accuracy } = batchLoss({ shape, data: logits }, { shape, data: masks });
    const expected = combinedLoss(logits, masks);
    const near = (value: number, other: number) =>
      assert.ok(
        Math.abs(value - other) <= 1e-12 * Math.max(1, Math.abs(other)),
        `${value}, expected ${other}`,
      );
    near(loss, expected.loss);
    near(diceLoss, expected.dice);
    near(bce, expected.bce);
    assert.equal(accuracy, expected.accuracy);
  }
});

Deno.test("batchLoss refuses masks of another shape", () => {
  const logits = { shape, data: new Float32Array(512) };
  assert.throws(() => batchLoss(logits, { shape: [1, 1, 16, 16], data: new Float32Array(256) }), TypeError);
});

Deno.test("meanLoss: weighted by images, and by batch as the original", () => {
  const loss = (value: number) => ({ loss: value, diceLoss: 2 * value, bce: 3 * value, accuracy: 1 - value });
  const { weighted, batchMean } = meanLoss([
    { loss: loss(0.5), images: 32 },
    { loss: loss(0.25), images: 16 },
    { loss: loss(0), images: 16 },
  ]);
  assert.deepEqual(weighted, loss(0.3125));
  assert.deepEqual(batchMean, loss(0.25));
  assert.throws(() => meanLoss([]), RangeError);
});
