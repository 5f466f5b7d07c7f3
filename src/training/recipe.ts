/**
 * Recipes: named sets of settings, each of which can be overridden.
 *
 * @module
 */
import { DEFAULT_LOSS } from "../../kernels/loss/definition.ts";
import { DEFAULT_ARITHMETIC } from "../gpu/arithmetic.ts";
import { DEFAULT_CONFIG, DEPTHS } from "../unet/config.ts";
import { ORIGINAL_INPUT } from "../unet/model_format.ts";
import { LIGHT } from "./augmentation.ts";
import { checkTrainConfig, type TrainConfig } from "./train_config.ts";

/** The settings of the original, which are the defaults. */
const ORIGINAL: TrainConfig = {
  recipe: "original",
  epochs: 40,
  batchSize: 32,
  learningRate: 1e-4,
  filters: DEFAULT_CONFIG.filters,
  size: ORIGINAL_INPUT.size,
  patience: 8,
  seed: 0,
  dropout: DEFAULT_CONFIG.dropout,
  norm: DEFAULT_CONFIG.norm,
  normalize: ORIGINAL_INPUT.normalize,
  loss: DEFAULT_LOSS,
  kernels: DEFAULT_ARITHMETIC,
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

/** Weight decay of AdamW unless another is given; PyTorch's default. */
const ADAMW_DECAY = 0.01;

const STRONG: Readonly<Partial<TrainConfig>> = {
  learningRate: 3e-3,
  norm: "instance",
  normalize: "picture",
  optimizer: "adamw",
  weightDecay: ADAMW_DECAY,
  schedule: "cosine",
  warmup: 1,
  clip: 1,
  augment: LIGHT,
  average: 0.99,
};

/**
 * What recipes with normalization layers do without for patches: a window would be normalized by its own moments, and
 * what a pixel is called would depend on what else its window shows. `docs/native_resolution.md` has the measurements.
 */
const PATCHED: Readonly<Partial<TrainConfig>> = { norm: "none" };

/** The recipe whose settings are chosen by the dataset and the machine; see `auto/`. */
export const AUTO_RECIPE = "auto";

/**
 * Recipes by name: the settings that differ from the original's. `docs/ablation.md` reports what each setting of
 * `strong` adds. Those of `auto` are where it starts from: what it does not choose is that of `strong`.
 */
export const RECIPES: Readonly<Record<string, Readonly<Partial<TrainConfig>>>> = {
  original: {},
  strong: STRONG,
  [AUTO_RECIPE]: STRONG,
};

/** The settings of a recipe, of which some differ for patches. */
export function recipeSettings(
  name: string,
  { patch }: { readonly patch?: unknown } = {},
): Readonly<Partial<TrainConfig>> {
  const settings = RECIPES[name]!;
  return patch === undefined || settings.norm === undefined ? settings : { ...settings, ...PATCHED };
}

/** The recipe of a time budget that names none: the original's settings learn too slowly for a short run. */
export const BUDGET_RECIPE = "strong";

/**
 * Completes settings: the given ones, then the recipe's (`original` by default), then the original's.
 *
 * @throws {RangeError} if a setting is out of range.
 */
export function completeTrainConfig(given: Partial<TrainConfig> = {}): TrainConfig {
  const name = given.recipe ?? ORIGINAL.recipe;
  if (!Object.hasOwn(RECIPES, name)) {
    throw new RangeError(`Cannot train with recipe "${name}": expected ${Object.keys(RECIPES).join(", ")}`);
  }
  const config: TrainConfig = { ...ORIGINAL, ...recipeSettings(name, given), ...given, recipe: name };
  if (given.patch !== undefined && given.size === undefined) config.size = given.patch;
  // The weight decay follows the optimizer unless it is given.
  if (given.weightDecay === undefined && given.optimizer !== undefined) {
    const decay = RECIPES[name]!.weightDecay ?? ADAMW_DECAY;
    config.weightDecay = given.optimizer === "adamw" ? decay : 0;
  }
  // As in files of versions that know one depth, and squares to which images are stretched.
  if (config.depth === DEPTHS.default) delete config.depth;
  if (config.height === config.size) delete config.height;
  if (config.fit === "stretch") delete config.fit;
  if (config.scale === 1) delete config.scale;
  checkTrainConfig(config);
  return config;
}
