/**
 * The settings of a training run as flags.
 *
 * @module
 */
import { type Command, InvalidArgumentError, Option } from "commander";
import { HEADS, LOSS_NAMES, LOSSES } from "../../kernels/loss/definition.ts";
import { AUGMENTATION_SYNTAX, formatAugmentation, parseAugmentation } from "../training/augmentation.ts";
import { parseBudget } from "../training/budget.ts";
import { BUDGET_RECIPE, completeTrainConfig, RECIPES } from "../training/recipe.ts";
import { FITS } from "../image/input_frame.ts";
import { DEPTHS } from "../unet/config.ts";
import { SCALES } from "../unet/model_extents.ts";
import { type SizeFlag, sizeFlag, square } from "./input_size.ts";
import { OVERSAMPLE, SETTING_CHOICES, SETTING_RANGES, type TrainConfig } from "../training/train_config.ts";
import { type GROUPS, integer, number } from "./task.ts";

const DEFAULTS = completeTrainConfig();

type Flag = readonly [name: keyof TrainConfig, flags: string, text: string];

/** The flag of each setting and what it does, by group; ranges, choices and defaults are those of the settings. */
const FLAGS: Readonly<Partial<Record<keyof typeof GROUPS, readonly Flag[]>>> = {
  data: [
    [
      "size",
      "--size <pixels>",
      `width and height of the input, multiples of ${
        2 ** DEPTHS.default
      } (of 2 ** depth with --depth): 256, or 256x192`,
    ],
    [
      "patch",
      "--patch <pixels>",
      "train on random patches of this size at the images' own resolution, predict by windows; in place of --size",
    ],
    ["scale", "--scale <factor>", "with --patch: the resolution relative to the images' own (default: 1)"],
    [
      "fit",
      "--fit <how>",
      "how images of other proportions come to the input: stretch, or pad, which keeps theirs (default: stretch)",
    ],
    [
      "normalize",
      "--normalize <how>",
      "normalize images by ImageNet's mean and deviation, or each by its own",
    ],
    [
      "unannotated",
      "--unannotated <how>",
      "images without annotations: empty trains on them as background, skip leaves them out",
    ],
    [
      "oversample",
      "--oversample <times>",
      `how often an image with corrected masks is drawn per epoch (default: ${OVERSAMPLE.default})`,
    ],
    ["augment", "--augment <what>", `random transforms of images and masks: ${AUGMENTATION_SYNTAX}`],
  ],
  network: [
    ["filters", "--filters <number>", "feature maps of the first block"],
    [
      "depth",
      "--depth <number>",
      `how often the network halves its images, ${DEPTHS.least} to ${DEPTHS.most} (default: ${DEPTHS.default})`,
    ],
    ["norm", "--norm <kind>", "normalization layers within the network"],
    [
      "head",
      "--head <kind>",
      "softmax for classes that exclude each other, sigmoid for overlapping ones (default: chosen by the annotations)",
    ],
    ["dropout", "--dropout <share>", "share of the bottleneck's elements that are dropped in training"],
  ],
  training: [
    [
      "recipe",
      "--recipe <name>",
      "settings to start from, or auto: chosen by the dataset and this machine; flags override them",
    ],
    [
      "budget",
      "--budget <time>",
      "time for the whole run, such as 90s, 30m or 2h: filters, size, batch size and epochs are chosen by the speed of " +
      `this machine unless you give them, and the recipe is ${BUDGET_RECIPE} unless you name one`,
    ],
    ["loss", "--loss <name>", LOSS_NAMES.map((name) => `${name}: ${LOSSES[name].summary}`).join("; ")],
    ["epochs", "--epochs <number>", "maximum number of epochs"],
    ["batchSize", "--batch-size <number>", "images per batch"],
    ["learningRate", "--learning-rate <number>", "step size before any schedule"],
    ["schedule", "--schedule <name>", "schedule of the learning rate after the warm-up"],
    ["warmup", "--warmup <epochs>", "epochs over which the learning rate rises from 0"],
    [
      "patience",
      "--patience <epochs>",
      "stop after this many epochs without a lower validation loss; 0 for never",
    ],
    ["optimizer", "--optimizer <name>", "adamw decouples weight decay from the gradient"],
    ["weightDecay", "--weight-decay <number>", "weight decay of adamw, which defaults to 0.01 there"],
    ["clip", "--clip <norm>", "clip the whole gradient to this norm; 0 for no clipping"],
    ["accumulate", "--accumulate <batches>", "average the gradients of this many batches"],
    ["average", "--average <decay>", "validate and save an EMA of the weights, such as 0.99; 0 for no EMA"],
    ["seed", "--seed <number>", "key of all random draws"],
  ],
  device: [
    ["kernels", "--kernels <which>", "arithmetic: strict is slower and as accurate as plain float32"],
    [
      "precision",
      "--precision <type>",
      "storage of tensors between layers: f16 takes 0.6 of the memory, if the adapter supports it",
    ],
    [
      "memory",
      "--memory <use>",
      "low computes each batch in micro-batches: half the memory in 1.3 to 1.8 times the time",
    ],
  ],
};

/** Adds the flags of a group of settings, which default to the original's. */
export function addConfigOptions(train: Command, group: keyof typeof FLAGS): void {
  for (const [name, flags, text] of FLAGS[group]!) {
    const option = new Option(flags, text);
    if (name === "augment") option.argParser(augmentation).default(DEFAULTS.augment, "none");
    else if (name in DEFAULTS) option.default(DEFAULTS[name]);
    if (name === "recipe") option.choices(Object.keys(RECIPES));
    else if (name === "head") option.choices(HEADS);
    else if (name === "size") option.argParser(sizeFlag);
    else if (name === "fit") option.choices(FITS);
    else if (name === "patch") option.argParser((text) => square(text)).conflicts(["size", "fit"]);
    else if (name === "scale") option.argParser(number(SCALES.least, SCALES.most));
    else if (name === "budget") option.argParser(budgetSeconds);
    else if (name === "oversample") option.argParser(integer(OVERSAMPLE.least, OVERSAMPLE.most));
    else if (name === "depth") option.argParser(integer(DEPTHS.least, DEPTHS.most));
    else if (name in SETTING_CHOICES) option.choices(SETTING_CHOICES[name as keyof typeof SETTING_CHOICES]);
    else if (name in SETTING_RANGES) option.argParser(numberOf(name as keyof typeof SETTING_RANGES));
    train.addOption(option);
  }
}

/** What the recipe `strong` stands for, for the end of the help. */
export function describeStrongRecipe(): string {
  const settings = Object.entries(RECIPES.strong!).map(([name, value]) => {
    const [, flags] = Object.values(FLAGS).flat().find(([setting]) => setting === name)!;
    const shown = name === "augment" ? formatAugmentation(value as TrainConfig["augment"]) : value;
    return `${flags.split(" ")[0]} ${shown}`;
  });
  return `\nThe recipe strong: ${settings.join(" ")}`;
}

function numberOf(name: keyof typeof SETTING_RANGES): (text: string) => number {
  const [least, most, whole] = SETTING_RANGES[name];
  return (whole ? integer : number)(least, most);
}

function budgetSeconds(text: string): number {
  try {
    return parseBudget(text);
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message}.`);
  }
}

function augmentation(text: string): TrainConfig["augment"] {
  try {
    return parseAugmentation(text);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

/** Settings that are absent unless they are given. */
const WITHOUT_DEFAULT: readonly string[] = ["head", "budget", "oversample", "depth", "fit", "patch", "scale"];

/** The settings that were typed: only these override a recipe, or the settings of a resumed run. */
export function givenConfig(
  options: Readonly<Omit<TrainConfig, "init" | "size">> & { readonly size: SizeFlag | number },
  typed: (name: string) => boolean,
): Partial<TrainConfig> {
  const isSetting = (name: string) => name in DEFAULTS || WITHOUT_DEFAULT.includes(name);
  const given = Object.entries(options).filter(([name]) => isSetting(name) && typed(name));
  // Commander takes a parser's null for an empty text.
  return Object.fromEntries(given.flatMap(([name, value]): [string, unknown][] => {
    if (name === "size") return Object.entries(value as SizeFlag);
    // Also of a resumed run, whose size was another.
    if (name === "patch") return [["patch", value], ["size", value], ["height", value]];
    return [[name, name === "augment" ? value || null : value]];
  }));
}
