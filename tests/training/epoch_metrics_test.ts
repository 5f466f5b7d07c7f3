import assert from "node:assert/strict";
import { addBatch, emptySums, epochMetrics, predictsNothing } from "../../src/training/epoch_metrics.ts";

Deno.test("epochMetrics: weights means by samples, and also has the plain means over batches", () => {
  const sums = emptySums();
  const first = {
    loss: 1,
    dice: 0.5,
    bce: 2,
    accuracy: 0.5,
    overlap: 6,
    predicted: 8,
    truth: 10,
    pixels: 40,
  };
  const last = { loss: 4, dice: 1, bce: 5, accuracy: 1, overlap: 0, predicted: 2, truth: 0, pixels: 10 };
  addBatch(sums, first, 4);
  addBatch(sums, last, 1);
  assert.deepEqual(epochMetrics("valid", sums), {
    "valid/loss": (4 * 1 + 4) / 5,
    "valid/accuracy": (4 * 0.5 + 1) / 5,
    "valid/dice": 2 * 6 / (10 + 10),
    "valid/iou": 6 / (10 + 10 - 6),
    "valid/dice_loss": (4 * 0.5 + 1) / 5,
    "valid/bce": (4 * 2 + 5) / 5,
    "valid/loss_batch_mean": 2.5,
    "valid/accuracy_batch_mean": 0.75,
  });
});

Deno.test("epochMetrics: Dice and IoU are undefined if nothing is predicted and nothing is true", () => {
  const sums = emptySums();
  addBatch(sums, { loss: 1, dice: 1, bce: 1, accuracy: 1, overlap: 0, predicted: 0, truth: 0, pixels: 4 }, 1);
  const metrics = epochMetrics("train", sums);
  assert.ok(Number.isNaN(metrics["train/dice"]));
  assert.ok(Number.isNaN(metrics["train/iou"]));
});

Deno.test("predictsNothing: is true only if no pixel is predicted, whether or not any is true", () => {
  const validate = (overlap: number, predicted: number, truth: number) => {
    const pixels = 2 * 64 * 64;
    const accuracy = Math.fround((pixels - predicted - truth + 2 * overlap) / pixels);
    const sums = {
      ...emptySums(),
      batches: 1,
      samples: 2,
      accuracy: 2 * accuracy,
      overlap,
      predicted,
      truth,
    };
    return predictsNothing(epochMetrics("valid", sums), 1 - truth / pixels);
  };
  assert.equal(validate(0, 0, 900), true);
  assert.equal(validate(0, 0, 0), true);
  assert.equal(validate(0, 1, 900), false);
  assert.equal(validate(0, 1, 0), false);
  assert.equal(validate(1, 1, 900), false);
  assert.equal(validate(900, 900, 900), false);
});
