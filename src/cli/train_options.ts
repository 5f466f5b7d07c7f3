/**
 * The settings of a training as flags.
 *
 * @module
 */
import { type Command, InvalidArgumentError, Option } from "commander";
import { AUGMENTATION_SYNTAX, formatAugmentation, parseAugmentation } from "../training/augmentation.ts";
import { SETTING_CHOICES, SETTING_RANGES, type TrainConfig } from "../training/train_config.ts";
import { completeTrainConfig, RECIPES } from "../training/recipe.ts";
import { integer, number } from "./task.ts";

const DEFAULTS = completeTrainConfig();

/** Each setting's flag and what it does; ranges, choices and defaults are the training's own. */
const FLAGS: readonly [name: keyof TrainConfig, flags: string, text: string][] = [
  ["recipe", "--recipe <name>", "settings to begin with; a flag that is given goes before the recipe's"],
  ["epochs", "--epochs <number>", "most epochs"],
  ["batchSize", "--batch-size <number>", "images of a batch"],
  ["learningRate", "--learning-rate <number>", "step size before any schedule"],
  ["filters", "--filters <number>", "feature maps of the first block"],
  ["size", "--size <pixels>", "height and width of the input, a multiple of 32"],
  ["patience", "--patience <epochs>", "stop after so many without a lower validation loss; 0 for never"],
  ["seed", "--seed <number>", "key of all random draws"],
  ["dropout", "--dropout <share>", "of the bottleneck's elements that are dropped in training"],
  ["norm", "--norm <kind>", "normalisation within the network"],
  ["normalize", "--normalize <how>", "images by ImageNet's mean and deviation, or each by its own"],
  ["kernels", "--kernels <which>", "arithmetic: strict is slower, as accurate as plain float32"],
  [
    "precision",
    "--precision <type>",
    "what tensors between layers are stored as: f16 takes 0.6 of the memory, where the adapter can",
  ],
  [
    "unannotated",
    "--unannotated <how>",
    "images without annotations: empty takes them as free of tumors, skip leaves them out",
  ],
  ["optimizer", "--optimizer <name>", "adamw decays weights apart from the gradient"],
  ["weightDecay", "--weight-decay <number>", "of adamw, 0.01 there unless given"],
  ["schedule", "--schedule <name>", "of the learning rate after the warm-up"],
  ["warmup", "--warmup <epochs>", "over which the learning rate rises from nothing"],
  ["clip", "--clip <norm>", "clip the whole gradient to this norm; 0 for none"],
  ["accumulate", "--accumulate <batches>", "average the gradients of so many batches"],
  ["augment", "--augment <what>", `random changes of images with their masks: ${AUGMENTATION_SYNTAX}`],
  [
    "average",
    "--average <decay>",
    "validate and keep a moving average of the weights, such as 0.99; 0 for none",
  ],
  [
    "memory",
    "--memory <use>",
    "low computes each batch in chunks: half the memory in 1.3 to 1.8 times the time",
  ],
];

/** Adds a flag for every setting, with the original's for its default. */
export function addConfigOptions(train: Command): void {
  for (const [name, flags, text] of FLAGS) {
    const option = new Option(flags, text);
    if (name === "augment") option.argParser(augmentation).default(DEFAULTS.augment, "none");
    else option.default(DEFAULTS[name]);
    if (name === "recipe") option.choices(Object.keys(RECIPES));
    else if (name === "size") option.argParser(inputSize);
    else if (name in SETTING_CHOICES) option.choices(SETTING_CHOICES[name as keyof typeof SETTING_CHOICES]);
    else if (name in SETTING_RANGES) option.argParser(numberOf(name as keyof typeof SETTING_RANGES));
    train.addOption(option);
  }
  const { strong } = RECIPES;
  train.addHelpText("after", `\nThe recipe strong: ${describeSettings(strong!)}`);
}

function describeSettings(settings: Partial<TrainConfig>): string {
  return Object.entries(settings).map(([name, value]) => {
    const flag = FLAGS.find(([setting]) => setting === name)![1].split(" ")[0];
    return `${flag} ${name === "augment" ? formatAugmentation(settings.augment!) : value}`;
  }).join(" ");
}

function numberOf(name: keyof typeof SETTING_RANGES): (text: string) => number {
  const [least, most, whole] = SETTING_RANGES[name];
  return (whole ? integer : number)(least, most);
}

function inputSize(text: string): number {
  const value = numberOf("size")(text);
  if (value % SETTING_RANGES.size[0] !== 0) {
    throw new InvalidArgumentError(`expected a multiple of ${SETTING_RANGES.size[0]}.`);
  }
  return value;
}

function augmentation(text: string): TrainConfig["augment"] {
  try {
    return parseAugmentation(text);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

/** The settings that were typed: they alone go before a recipe, or before the settings of a run that goes on. */
export function givenConfig(
  options: Readonly<TrainConfig>,
  typed: (name: string) => boolean,
): Partial<TrainConfig> {
  return Object.fromEntries(Object.entries(options).filter(([name]) => name in DEFAULTS && typed(name)));
}
