/**
 * The recipe `auto`: from the fingerprint of a dataset to all settings of a run, each with its reason. The time of a
 * step and what fits into memory decide in `budget.ts`, as for a time budget without this recipe. Pure.
 *
 * @module
 */
import type { BudgetChoice, BudgetNetwork, BudgetRules, BudgetStep } from "../budget_choice.ts";
import { DEPTHS } from "../../unet/config.ts";
import { formatSeconds, plural } from "../../format.ts";
import type { TrainConfig } from "../train_config.ts";
import type { AutoChoice, AutoSetting } from "./auto_choice.ts";
import { inputLadder, inputReason, leastSide, wantInput } from "./choose_input.ts";
import {
  chooseAugment,
  chooseLoss,
  chooseNorm,
  chooseNormalize,
  choosePatience,
  chooseRate,
  chooseWarmup,
  type Chosen,
} from "./choose_settings.ts";
import type { DatasetProfile } from "./profile.ts";

/** Seconds of a run of this recipe without `--budget`. */
export const AUTO_SECONDS = 1800;

/**
 * Updates that are worth 8 filters: few while objects are tiny, and at the smallest input that shows them, since less
 * shows too little; more at larger ones, most if objects are large anyway, where smaller batches than 8 do not count as
 * more updates. More filters want proportionally more.
 */
const WORTH = { least: 150, small: 300, large: 800, batch: 8, filters: 8 } as const;

/** Diameters in pixels of the input up to which objects are tiny, and small. */
const OBJECTS = { tiny: 13, small: 25 } as const;

/** What is worth it, whatever the dataset; `docs/results/recipe_auto.md` has the measurements. */
export const AUTO_RULES: BudgetRules = {
  wanted: { epochs: 3, updates: worthLarge, most: 100 },
  enoughUpdates: 600,
  most: { updates: 8000, epochs: 300 },
  smallestBatch: 4,
  steadyBatch: WORTH.batch,
};

/** Updates that large objects, or more filters, are worth. */
function worthLarge({ filters, batchSize }: Pick<BudgetStep, "filters" | "batchSize">): number {
  return WORTH.large * Math.max(1, filters / WORTH.filters) * Math.max(1, WORTH.batch / batchSize);
}

/** What the settings are chosen by, besides the machine. */
export interface AutoStart {
  /** What the dataset is like. */
  readonly fingerprint: DatasetProfile;
  /** The settings that are not chosen: those that were typed, and those of the model that the run starts from. */
  readonly given: Partial<TrainConfig>;
  /** The names of those that were typed. */
  readonly typed: readonly string[];
}

/** What is worth it, with the networks and inputs that suit the dataset. */
export function autoRules({ fingerprint, given }: AutoStart): BudgetRules {
  const input = wantInput(fingerprint);
  const updates = (step: BudgetStep) => {
    const { filters, size, height = size, patch } = step;
    const side = Math.sqrt(size * height);
    if (filters > WORTH.filters) return worthLarge(step);
    if (patch !== undefined) return WORTH.small;
    const object = (input.share ?? 1) * side;
    if (object <= OBJECTS.tiny || side <= leastSide(input)) return WORTH.least;
    return object <= OBJECTS.small ? WORTH.small : worthLarge(step);
  };
  return {
    ...AUTO_RULES,
    wanted: { ...AUTO_RULES.wanted, updates },
    ladder: inputLadder(input, given),
  };
}

/** All settings of a run whose network, batch and epochs are chosen, and why. */
export function settleAuto(
  start: AutoStart,
  choice: BudgetChoice,
): { config: Partial<TrainConfig>; auto: AutoChoice } {
  const { fingerprint, given } = start;
  const { batchSize, epochs, images } = choice;
  const batches = Math.ceil(images.train / batchSize);
  const { learningRate, warmup, patience, ...others } = {
    learningRate: chooseRate(batchSize),
    warmup: chooseWarmup(epochs, batches),
    patience: choosePatience(epochs),
    augment: chooseAugment(fingerprint),
    norm: chooseNorm(choice),
    normalize: chooseNormalize(fingerprint),
    loss: chooseLoss(fingerprint),
  };
  const entries: [keyof TrainConfig, Chosen<TrainConfig[keyof TrainConfig] | null>][] = [
    ["budget", { value: AUTO_SECONDS, reason: "this recipe's default" }],
    ...inputEntries(fingerprint, choice),
    ["filters", { value: choice.filters, reason: filtersReason(choice) }],
    ["batchSize", { value: batchSize, reason: batchReason(choice) }],
    ["epochs", { value: epochs, reason: epochsReason(choice) }],
    ["learningRate", learningRate],
    ["warmup", warmup],
    ["patience", patience],
    ...Object.entries(others) as [keyof TrainConfig, Chosen<never>][],
  ];
  const settings = entries.map(([setting, { value, reason }]): AutoSetting => {
    const own = given[setting];
    if (own === undefined) return { setting, value, reason };
    return { setting, value: own, reason: whoGave(setting, start), given: true };
  });
  const config = Object.fromEntries(
    settings.flatMap(({ setting, value }) =>
      value === null && setting !== "augment" ? [] : [[setting, value]]
    ),
  ) as Partial<TrainConfig>;
  return { config: { ...config, ...sizeOf(choice) }, auto: { fingerprint, settings } };
}

function whoGave(setting: string, { typed }: AutoStart): string {
  return typed.includes(setting) ? "given" : "that of the model that the run starts from";
}

/** Patches have their size, and a square no height. */
function sizeOf({ size, height }: BudgetNetwork): Partial<TrainConfig> {
  return { size, ...(height === undefined ? {} : { height }) };
}

function inputEntries(
  fingerprint: DatasetProfile,
  choice: BudgetChoice,
): [keyof TrainConfig, Chosen<number | TrainConfig["fit"] | null>][] {
  const { size, height = size, patch, scale = 1, depth = DEPTHS.default } = choice;
  const { fit, pad } = wantInput(fingerprint);
  const reason = inputReason(fingerprint, choice);
  const shorter = Math.min(size, height);
  const levels: [keyof TrainConfig, Chosen<number>] = ["depth", {
    value: depth,
    reason: `the network halves its input ${depth} times, down to ${plural(shorter / 2 ** depth, "pixel")}${
      height === size ? "" : " along the shorter side"
    }`,
  }];
  if (patch !== undefined) {
    return [
      ["patch", { value: patch, reason }],
      ["scale", { value: scale, reason: "the resolution relative to the images' own" }],
      levels,
    ];
  }
  return [
    ["size", { value: size, reason }],
    ...(height === size
      ? []
      : [["height", { value: height, reason: fit }] as [keyof TrainConfig, Chosen<number>]]),
    ["fit", { value: pad ? "pad" : "stretch", reason: fit }],
    levels,
  ];
}

function filtersReason({ filters, candidates, seconds }: BudgetChoice): string {
  const better = candidates.slice(0, -1).findLast((each) => each.filters > filters);
  if (better === undefined) {
    return candidates.length > 1 ? "more are not tried with such inputs" : "the most that are tried";
  }
  const epochs = better.epochs === 0 ? "no epoch fits" : `only ${plural(better.epochs, "epoch")} fit`;
  return `with ${better.filters}, ${epochs} into ${
    formatSeconds(seconds)
  }; at least ${better.wantedEpochs} are wanted`;
}

function batchReason({ batchSize, epochs, images }: BudgetChoice): string {
  const updates = epochs * Math.ceil(images.train / batchSize);
  return `${plural(updates, "update")} of the weights in all; a larger batch would have to leave ${
    AUTO_RULES.enoughUpdates.toLocaleString("en-US")
  }`;
}

function epochsReason({ secondsPerEpoch, seconds, expectedSeconds }: BudgetChoice): string {
  return `${formatSeconds(secondsPerEpoch)} each on this machine; the run takes about ${
    formatSeconds(expectedSeconds)
  } of ${formatSeconds(seconds)}`;
}
