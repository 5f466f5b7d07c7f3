/**
 * Recipes: named sets of settings that a user begins with and may change one by one.
 *
 * @module
 */
import { LIGHT } from "./augmentation.ts";
import { checkTrainConfig, type TrainConfig } from "./config.ts";

/** The settings of the original: the defaults. */
const ORIGINAL: TrainConfig = {
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
};

/** Decay of weights where AdamW is chosen and no other is given; PyTorch's default. */
const ADAMW_DECAY = 0.01;

/**
 * Each recipe by its name: what it sets otherwise than the original. `docs/real_dataset.md` tells what each part of
 * `strong` adds.
 */
export const RECIPES: Readonly<Record<string, Readonly<Partial<TrainConfig>>>> = {
  original: {},
  strong: {
    learningRate: 3e-3,
    norm: "instance",
    normalize: "picture",
    optimizer: "adamw",
    weightDecay: 0.01,
    schedule: "cosine",
    warmup: 1,
    clip: 1,
    augment: LIGHT,
    average: 0.99,
  },
};

/**
 * Completes settings: what is given, then what the recipe (`original` unless given) sets, then the original's.
 *
 * @throws {RangeError} where a setting is out of range.
 */
export function completeTrainConfig(given: Partial<TrainConfig> = {}): TrainConfig {
  const name = given.recipe ?? ORIGINAL.recipe;
  if (!Object.hasOwn(RECIPES, name)) {
    throw new RangeError(`Cannot train by recipe "${name}": there are ${Object.keys(RECIPES).join(", ")}`);
  }
  const config = { ...ORIGINAL, ...RECIPES[name], ...given, recipe: name };
  // A decay that came with the other optimizer goes with it, unless it was asked for.
  if (given.weightDecay === undefined && given.optimizer !== undefined) {
    const decay = RECIPES[name]!.weightDecay ?? ADAMW_DECAY;
    config.weightDecay = given.optimizer === "adamw" ? decay : 0;
  }
  checkTrainConfig(config);
  return config;
}
