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

Deno.test("epochMetrics: of several classes each has its Dice and IoU of the whole epoch, and the mean leaves out absent ones", () => {
  const sums = emptySums(3);
  const rest = { loss: 1, dice: 1, bce: 1, accuracy: 1, overlap: 9, predicted: 15, truth: 16, pixels: 90 };
  const lung = { overlap: 4, predicted: 5, truth: 6 };
  const heart = { overlap: 0, predicted: 3, truth: 0 };
  const nothing = { overlap: 0, predicted: 0, truth: 0 };
  addBatch(sums, { ...rest, classes: [lung, nothing, nothing] }, 2);
  addBatch(sums, { ...rest, classes: [lung, heart, nothing] }, 1);
  const metrics = epochMetrics("valid", sums, ["lung", "heart", "a/b."]);
  // No tracker takes a name that ends in a dot or a slash.
  const { "valid/dice/a/b_": dice, "valid/iou/a/b_": iou, ...defined } = metrics;
  assert.ok(Number.isNaN(dice) && Number.isNaN(iou), "a class that is neither predicted nor true");
  const lungDice = 2 * 8 / (10 + 12);
  const lungIou = 8 / (10 + 12 - 8);
  assert.deepEqual(defined, {
    "valid/loss": 1,
    "valid/accuracy": 1,
    // A class that is predicted and never true has 0.
    "valid/dice": lungDice / 2,
    "valid/iou": lungIou / 2,
    "valid/predicted": 13,
    "valid/dice/lung": lungDice,
    "valid/dice/heart": 0,
    "valid/iou/lung": lungIou,
    "valid/iou/heart": 0,
    "valid/dice_loss": 1,
    "valid/bce": 1,
    "valid/loss_batch_mean": 1,
    "valid/accuracy_batch_mean": 1,
  });
  assert.equal(predictsNothing(metrics, 0.5), false);
  const silent = emptySums(2);
  addBatch(silent, { ...rest, classes: [{ ...nothing, truth: 3 }, nothing] }, 1);
  assert.equal(predictsNothing(epochMetrics("valid", silent, ["lung", "heart"]), 0.5), true);
  assert.ok(Number.isNaN(epochMetrics("train", emptySums(2), ["lung", "heart"])["train/dice"]));
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
