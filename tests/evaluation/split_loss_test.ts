import assert from "node:assert/strict";
import { LOSS_NAMES } from "../../kernels/loss/definition.ts";
import { batchLoss, meanLoss, trainedLoss } from "../../src/evaluation/split_loss.ts";
import { completeConfig } from "../../src/unet/config.ts";
import { ORIGINAL_INPUT } from "../../src/unet/model_format.ts";
import { combinedLoss, LOSSES } from "../reference/loss.ts";
import { uniformFloats } from "../support/random.ts";

const shape = [2, 1, 16, 16];

Deno.test("batchLoss: every loss equals plain loops, also for extreme logits and empty masks", () => {
  const cases = [
    { spread: 3, share: 0.3 },
    { spread: 300, share: 0.5 },
    { spread: 5, share: 0 },
    { spread: 0, share: 1 },
  ];
  for (const { spread, share } of cases) {
    const logits = uniformFloats(1, 512, spread);
    const masks = uniformFloats(2, 512, 0.5, 0.5).map((value) => value < share ? 1 : 0);
    const expected = combinedLoss(logits, masks);
    const near = (value: number, other: number, name: string) =>
      assert.ok(
        Math.abs(value - other) <= 1e-12 * Math.max(1, Math.abs(other)),
        `${name}: ${value}, expected ${other}`,
      );
    for (const name of LOSS_NAMES) {
      const tensors = [{ shape, data: logits }, { shape, data: masks }] as const;
      const { loss, diceLoss, bce, accuracy } = batchLoss(...tensors, { loss: name });
      near(loss, LOSSES[name].value(logits, masks), name);
      near(diceLoss, expected.dice, "dice");
      near(bce, expected.bce, "bce");
      assert.equal(accuracy, expected.accuracy);
      if (name === "combined") assert.equal(batchLoss(...tensors).loss, loss);
    }
  }
});

Deno.test("batchLoss: rejects masks of another shape", () => {
  const logits = { shape, data: new Float32Array(512) };
  assert.throws(() => batchLoss(logits, { shape: [1, 1, 16, 16], data: new Float32Array(256) }), TypeError);
});

Deno.test("trainedLoss: the one in the model's file, else that of the original", () => {
  const description = { network: completeConfig({}), ...ORIGINAL_INPUT };
  assert.equal(trainedLoss(description), "combined");
  assert.equal(trainedLoss({ ...description, training: { filters: 8 } }), "combined");
  assert.equal(trainedLoss({ ...description, training: { loss: "focal" } }), "focal");
  assert.equal(trainedLoss({ ...description, training: { loss: "a later version's" } }), "combined");
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
