import assert from "node:assert/strict";
import { SINGLE_RANK } from "../../src/training/collective.ts";
import { completeTrainerOptions, type TrainerOptions } from "../../src/training/trainer_options.ts";

Deno.test("completeTrainerOptions: the defaults are the original's, on one rank", () => {
  assert.deepEqual(completeTrainerOptions(), {
    learningRate: 1e-4,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    weightDecay: 0,
    clipNorm: 0,
    accumulate: 1,
    averageDecay: 0,
    seed: 0,
    loss: "combined",
    collective: SINGLE_RANK,
  });
  assert.equal(completeTrainerOptions({ learningRate: 0.5, loss: "focal" }).learningRate, 0.5);
});

Deno.test("completeTrainerOptions: rejects what is out of range, by name", () => {
  const bad: TrainerOptions[] = [
    { learningRate: -1 },
    { learningRate: NaN },
    { beta1: 1 },
    { beta2: 1 },
    { epsilon: -1 },
    { weightDecay: -1 },
    { clipNorm: -1 },
    { accumulate: 0 },
    { accumulate: 1.5 },
    { averageDecay: 1 },
    { seed: 0.5 },
    { microBatch: 0 },
    { microBatch: 1.5 },
    { loss: "hinge" as "focal" },
  ];
  for (const options of bad) {
    const [name] = Object.keys(options);
    assert.throws(
      () => completeTrainerOptions(options),
      new RegExp(`^RangeError: .*${name} .*: expected `),
      name,
    );
  }
});
