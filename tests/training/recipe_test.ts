import assert from "node:assert/strict";
import {
  configDifferences,
  initializationOf,
  networkConfig,
  trainerOptions,
} from "../../src/training/train_config.ts";
import { changedSettings } from "../../src/training/train_command.ts";
import { completeTrainConfig, RECIPES } from "../../src/training/recipe.ts";

Deno.test("completeTrainConfig: the defaults are the original's", () => {
  const config = completeTrainConfig();
  assert.deepEqual(config, {
    recipe: "original",
    epochs: 40,
    batchSize: 32,
    learningRate: 1e-4,
    filters: 32,
    size: 256,
    patience: 8,
    seed: 0,
    dropout: 0.4,
    norm: "none",
    normalize: "imagenet",
    loss: "combined",
    kernels: "fast",
    precision: "f32",
    unannotated: "empty",
    optimizer: "adam",
    weightDecay: 0,
    schedule: "constant",
    warmup: 0,
    clip: 0,
    accumulate: 1,
    augment: null,
    average: 0,
    memory: "normal",
  });
  assert.deepEqual(networkConfig(config), {
    inChannels: 3,
    outChannels: 1,
    filters: 32,
    dropout: 0.4,
    norm: "none",
  });
  assert.deepEqual(trainerOptions(config), {
    learningRate: 1e-4,
    weightDecay: 0,
    clipNorm: 0,
    accumulate: 1,
    averageDecay: 0,
    loss: "combined",
    seed: 0,
  });
});

Deno.test("completeTrainConfig: given settings override the recipe", () => {
  const strong = completeTrainConfig({ recipe: "strong" });
  assert.deepEqual(strong, { ...completeTrainConfig(), ...RECIPES.strong, recipe: "strong" });
  assert.equal(strong.norm, "instance");
  assert.equal(strong.normalize, "picture");
  const changed = completeTrainConfig({ recipe: "strong", norm: "none", augment: null, clip: 2 });
  assert.deepEqual(changed, { ...strong, norm: "none", augment: null, clip: 2 });
  assert.throws(
    () => completeTrainConfig({ recipe: "toString" }),
    /with recipe "toString": expected original, strong/,
  );
});

Deno.test("completeTrainConfig: patches have no normalization layers and He's weights, unless a norm is given", () => {
  const patches = { recipe: "strong", patch: 128 };
  for (const recipe of ["strong", "auto"]) {
    const config = completeTrainConfig({ ...patches, recipe });
    assert.deepEqual([config.norm, initializationOf(config)], ["none", "he"], recipe);
    assert.deepEqual(config, {
      ...completeTrainConfig({ recipe }),
      patch: 128,
      size: 128,
      norm: "none",
    });
  }
  const given = completeTrainConfig({ ...patches, norm: "instance" });
  assert.deepEqual([given.norm, initializationOf(given)], ["instance", "default"]);
  // The original's weights, and those of whole images, stay as they are.
  assert.equal(initializationOf(completeTrainConfig({ patch: 128 })), "default");
  assert.equal(initializationOf(completeTrainConfig({ recipe: "strong", norm: "none" })), "default");
  // What was typed once is enough to train again.
  const flags = (config: ReturnType<typeof completeTrainConfig>) => changedSettings({ ...config })!.flat();
  assert.deepEqual(flags(completeTrainConfig(patches)), ["--patch", "128"]);
  assert.deepEqual(flags(given), ["--patch", "128", "--norm", "instance"]);
});

Deno.test("completeTrainConfig: the weight decay follows the optimizer unless it is given", () => {
  const decay = (given: Parameters<typeof completeTrainConfig>[0]) => completeTrainConfig(given).weightDecay;
  assert.equal(decay({ optimizer: "adamw" }), 0.01);
  assert.equal(decay({ optimizer: "adamw", weightDecay: 0 }), 0);
  assert.equal(decay({ recipe: "strong", optimizer: "adam" }), 0);
  assert.throws(() => decay({ weightDecay: 0.1 }), /optimizer adam and weight decay 0.1\nhint: adamw/);
});

Deno.test("completeTrainConfig: rejects what is out of range, by name", () => {
  const bad: Parameters<typeof completeTrainConfig>[0][] = [
    { epochs: 0 },
    { batchSize: 1.5 },
    { learningRate: 0 },
    { learningRate: NaN },
    { seed: -1 },
    { patience: -1 },
    { warmup: -1 },
    { average: 1 },
    { accumulate: 0 },
    { dropout: 1 },
    { filters: 0 },
    { optimizer: "sgd" as "adam" },
    { schedule: "step" as "cosine" },
    { normalize: "mean" as "picture" },
    { norm: "batch" as "none" },
  ];
  for (const given of bad) {
    const [name] = Object.keys(given!);
    assert.throws(() => completeTrainConfig(given), new RegExp(`^RangeError: .*${name} `), name);
  }
  assert.throws(
    () => completeTrainConfig({ size: 250 }),
    /size 250: expected a multiple of 32\nhint: 256 is/,
  );
});

Deno.test("completeTrainConfig: classes and head make the network, and are checked", () => {
  const names = ["lung", "heart"];
  const network = (given: Parameters<typeof completeTrainConfig>[0]) => {
    const { outChannels, head } = networkConfig(completeTrainConfig(given));
    return [outChannels, head];
  };
  assert.deepEqual(network({ classes: names }), [2, undefined]);
  assert.deepEqual(network({ classes: names, head: "softmax" }), [3, "softmax"]);
  assert.deepEqual(network({ classes: ["heart"] }), [1, undefined]);
  assert.deepEqual(network({ head: "softmax" }), [2, "softmax"]);
  const refused = (given: Parameters<typeof completeTrainConfig>[0], message: RegExp) =>
    assert.throws(() => completeTrainConfig(given), message);
  refused(
    { head: "argmax" as "softmax" },
    /^RangeError: Cannot train with head "argmax": expected sigmoid, softmax$/,
  );
  refused({ classes: ["a", "b", "a"] }, /^RangeError: Cannot train with two classes named "a"$/);
  const many = Array.from({ length: 255 }, (_, index) => `${index}`);
  refused(
    { classes: many },
    /^RangeError: Cannot train with 255 classes: expected at most 254\nhint: pick .*--classes/,
  );
  refused(
    { classes: names, head: "softmax", loss: "tversky" },
    /loss "tversky" and head "softmax"\nhint: use --loss /,
  );
});

Deno.test("configDifferences: names each setting that differs", () => {
  const before = completeTrainConfig();
  assert.deepEqual(configDifferences(before, completeTrainConfig()), []);
  const now = completeTrainConfig({ filters: 8, augment: { ...RECIPES.strong!.augment!, noise: 0.5 } });
  assert.deepEqual(configDifferences(before, now), [
    "filters was 32, is 8",
    "augment was none, is horizontal,vertical,rotation=10,scale=0.1,shift=0.05,contrast=0.1,brightness=0.1,noise=0.5",
  ]);
  const classes = completeTrainConfig({ classes: ["a", "b"] });
  assert.deepEqual(
    configDifferences(classes, completeTrainConfig({ classes: ["a", "b"], head: "sigmoid" })),
    [],
  );
  assert.deepEqual(configDifferences(before, completeTrainConfig({ classes: ["a", "b"], head: "softmax" })), [
    "classes was none, is a, b",
    "head was sigmoid, is softmax",
  ]);
});
