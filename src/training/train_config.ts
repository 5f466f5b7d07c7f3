/**
 * Settings of a training run: everything that its result follows from, apart from data and device.
 *
 * @module
 */
import type { Augmentation } from "../../kernels/augment/augment.ts";
import { checkLossHead, type Head, HEADS, LOSS_NAMES, type LossName } from "../../kernels/loss/definition.ts";
import type { Precision } from "../../kernels/storage.ts";
import { MAX_CLASSES } from "../dataset/classes.ts";
import { UNANNOTATED, type Unannotated } from "../dataset/samples.ts";
import { ARITHMETIC, type Arithmetic } from "../gpu/arithmetic.ts";
import type { SampleRange } from "../image/image.ts";
import { type Fit, FITS, formatSize, type InputExtents } from "../image/input_frame.ts";
import { type Normalization, NORMALIZATIONS } from "../image/normalize.ts";
import {
  completeConfig,
  DEPTHS,
  logitChannels,
  MAX_SIZE,
  sizeStep,
  type UNetConfig,
} from "../unet/config.ts";
import { formatSeconds } from "../format.ts";
import { SCALES } from "../unet/model_extents.ts";
import type { Initialization } from "../unet/parameters.ts";
import { formatAugmentation } from "./augmentation.ts";
import { BUDGET_RANGE } from "./budget.ts";
import type { MemoryUse } from "./batch_memory.ts";
import type { TrainerOptions } from "./trainer_options.ts";

/** Schedule of the learning rate after the warm-up. */
export type Schedule = "constant" | "cosine" | "plateau";

/** All values of {@linkcode Schedule}. */
export const SCHEDULES: readonly Schedule[] = ["constant", "cosine", "plateau"];

/** The settings of a training run. */
export interface TrainConfig {
  /** The recipe that the other settings default to. */
  recipe: string;
  /** Maximum epochs. */
  epochs: number;
  /** Images per batch. */
  batchSize: number;
  /** Step size, before any schedule. */
  learningRate: number;
  /** Feature maps of the network's first block. */
  filters: number;
  /** Width of the network's input in pixels, and height unless that is given; a multiple of 32, or of 2 ** depth if that is given. */
  size: number;
  /** Epochs without a lower validation loss after which training stops; 0 for never. */
  patience: number;
  /** Key of initial weights, order of samples, dropout and augmentation. */
  seed: number;
  /** Probability that an element of the bottleneck is dropped in training. */
  dropout: number;
  /** `instance` normalizes the output of every 3 x 3 convolution. */
  norm: UNetConfig["norm"];
  /** How images are normalized. */
  normalize: Normalization;
  /** What is minimized. */
  loss: LossName;
  /** Arithmetic of the kernels. */
  kernels: Arithmetic;
  /** How tensors between layers are stored; sums, weights and their gradients are float32. */
  precision: Precision;
  /** How images without annotations are treated. */
  unannotated: Unannotated;
  /** `adamw` decouples weight decay from the gradient. */
  optimizer: "adam" | "adamw";
  /** AdamW's weight decay, relative to the learning rate; 0 for Adam. */
  weightDecay: number;
  /** Schedule of the learning rate. */
  schedule: Schedule;
  /** Epochs over which the learning rate rises from 0; may be fractional. */
  warmup: number;
  /** Norm to which the whole gradient is clipped; 0 for no clipping. */
  clip: number;
  /** Batches whose gradients are averaged before an update. */
  accumulate: number;
  /** Random transforms of training images and their masks; null for none. */
  augment: Augmentation | null;
  /** Decay of the EMA of the weights, lower during the first updates; the EMA is validated and saved. 0 for no EMA. */
  average: number;
  /** `low` takes half the device memory if possible, in 1.3 to 1.8 times the time. */
  memory: MemoryUse;
  /**
   * Names of the classes in the order of the network's channels; absent for a single class that nobody chose, which is
   * everything that is annotated.
   */
  classes?: readonly string[];
  /** The classes that unite categories, each as `whole=tumor+edema`; absent if none does. */
  merge?: readonly string[];
  /** How logits become probabilities: `softmax` for classes that exclude each other; absent for `sigmoid`. */
  head?: Head;
  /** The model that the run starts from; absent for weights that are drawn by the seed. */
  init?: InitOrigin;
  /** How often an image with corrected masks is drawn per epoch; absent without corrections. */
  oversample?: number;
  /** How often the network halves its images, 4 to 7; absent for 5. */
  depth?: number;
  /** Seconds for which filters, size, batch size and epochs were chosen; absent without a budget. */
  budget?: number;
  /** Height of the network's input if it is not `size`, which then is the width. */
  height?: number;
  /** `pad` keeps the proportions of images; absent for `stretch`, the original's. */
  fit?: Fit;
  /** Width and height of the patches that are trained on, equal to `size`; absent for whole images. */
  patch?: number;
  /** With `patch`: the resolution relative to the images' own; absent for 1. */
  scale?: number;
}

/** The model that a run starts from. */
export interface InitOrigin {
  /** Its path in the project, or the name of a file elsewhere. */
  readonly model: string;
  /** SHA-256 of the file. */
  readonly sha256: string;
  /** The samples of more than 8 bits that became 0 and 1; absent for none. */
  readonly range?: SampleRange;
}

/** How often a corrected image may be drawn per epoch: 1 is no weighting. */
export const OVERSAMPLE = { least: 1, most: 100, default: 3 } as const;

/** Minimum, maximum, and whether only integers are allowed, of every numeric setting. */
export const SETTING_RANGES = {
  epochs: [1, 100_000, true],
  batchSize: [1, 4096, true],
  learningRate: [1e-12, 10, false],
  filters: [1, 1024, true],
  size: [2 ** DEPTHS.least, MAX_SIZE, true],
  patience: [0, 100_000, true],
  seed: [0, 2 ** 32 - 1, true],
  dropout: [0, 0.999, false],
  weightDecay: [0, 10, false],
  warmup: [0, 100_000, false],
  clip: [0, 1e6, false],
  accumulate: [1, 4096, true],
  average: [0, 0.999999, false],
} as const;

/** The values of every setting that is a word. */
export const SETTING_CHOICES = {
  norm: ["none", "instance"],
  normalize: NORMALIZATIONS,
  loss: LOSS_NAMES,
  kernels: ARITHMETIC,
  precision: ["f32", "f16"],
  unannotated: UNANNOTATED,
  optimizer: ["adam", "adamw"],
  schedule: SCHEDULES,
  memory: ["normal", "low"],
} as const;

/**
 * Checks that all settings are in range and compatible.
 *
 * @throws {RangeError} naming the setting and its value.
 */
export function checkTrainConfig(config: TrainConfig): void {
  const values = config as unknown as Record<string, number & string>;
  for (const [name, [least, most, whole]] of Object.entries(SETTING_RANGES)) {
    const value = values[name]!;
    if (!(value >= least && value <= most) || (whole && !Number.isInteger(value))) {
      throw new RangeError(
        `Cannot train with ${name} ${value}: expected ${whole ? "an integer" : "a number"} ` +
          `from ${least} to ${most}`,
      );
    }
  }
  for (const [name, choices] of Object.entries<readonly string[]>(SETTING_CHOICES)) {
    if (!choices.includes(values[name]!)) {
      throw new RangeError(`Cannot train with ${name} "${values[name]}": expected ${choices.join(", ")}`);
    }
  }
  checkSize(config);
  if (config.optimizer === "adam" && config.weightDecay > 0) {
    throw new RangeError(
      `Cannot train with optimizer adam and weight decay ${config.weightDecay}\nhint: adamw decays weights`,
    );
  }
  checkOversample(config);
  checkBudget(config);
  checkClasses(config);
  networkConfig(config);
}

function checkPatch({ size, height, fit, patch, scale }: TrainConfig): void {
  if (patch === undefined) {
    if (scale === undefined) return;
    throw new RangeError(
      `Cannot train at scale ${scale} without patches\nhint: give their size with --patch`,
    );
  }
  if (patch !== size || height !== undefined) {
    throw new RangeError(
      `Cannot train on patches of ${patch} pixels at size ${formatSize({ size, height })}\n` +
        "hint: give --patch or --size, not both",
    );
  }
  if (fit !== undefined) {
    throw new RangeError(
      `Cannot train on patches with fit ${fit}\nhint: patches keep proportions; leave --fit out`,
    );
  }
  const { least, most } = SCALES;
  if (scale !== undefined && !(scale >= least && scale <= most)) {
    throw new RangeError(`Cannot train with scale ${scale}: expected a number from ${least} to ${most}`);
  }
}

function checkSize(config: TrainConfig): void {
  const { size, height = size, fit = "stretch", depth } = config;
  if (!FITS.includes(fit)) {
    throw new RangeError(`Cannot train with fit "${fit}": expected ${FITS.join(", ")}`);
  }
  const { least, most } = DEPTHS;
  if (depth !== undefined && !(Number.isInteger(depth) && depth >= least && depth <= most)) {
    throw new RangeError(`Cannot train with depth ${depth}: expected an integer from ${least} to ${most}`);
  }
  const [lowest, highest, whole] = SETTING_RANGES.size;
  if (!(height >= lowest && height <= highest) || (whole && !Number.isInteger(height))) {
    throw new RangeError(
      `Cannot train with height ${height}: expected an integer from ${lowest} to ${highest}`,
    );
  }
  checkPatch(config);
  const step = sizeStep({ depth });
  if (size % step === 0 && height % step === 0) return;
  const nearest = (extent: number) => Math.max(1, Math.round(extent / step)) * step;
  const network = depth === undefined ? "" : ` with depth ${depth}`;
  throw new RangeError(
    `Cannot train at size ${formatSize({ size, height })}${network}: expected a multiple of ${step}\n` +
      `hint: ${formatSize({ size: nearest(size), height: nearest(height) })} is the nearest`,
  );
}

function checkOversample({ oversample = OVERSAMPLE.least }: TrainConfig): void {
  const { least, most } = OVERSAMPLE;
  if (Number.isInteger(oversample) && oversample >= least && oversample <= most) return;
  throw new RangeError(
    `Cannot train with oversample ${oversample}: expected an integer from ${least} to ${most}`,
  );
}

function checkBudget({ budget }: TrainConfig): void {
  const [least, most] = BUDGET_RANGE;
  if (budget === undefined || (budget >= least && budget <= most)) return;
  throw new RangeError(
    `Cannot train with a budget of ${budget} seconds: expected a number from ${least} to ${most}`,
  );
}

function checkClasses({ classes = [], head = "sigmoid", loss }: TrainConfig): void {
  if (!HEADS.includes(head)) {
    throw new RangeError(`Cannot train with head "${head}": expected ${HEADS.join(", ")}`);
  }
  if (classes.length > MAX_CLASSES) {
    throw new RangeError(
      `Cannot train with ${classes.length} classes: expected at most ${MAX_CLASSES}\nhint: pick some with --classes`,
    );
  }
  const twice = classes.find((name, index) => classes.indexOf(name) < index);
  if (twice !== undefined) {
    throw new RangeError(`Cannot train with two classes named ${JSON.stringify(twice.slice(0, 100))}`);
  }
  checkLossHead(loss, head);
}

/** The network of these settings: three channels in, and out those of the classes. */
export function networkConfig({ filters, dropout, norm, classes, head, depth }: TrainConfig): UNetConfig {
  const outChannels = logitChannels(Math.max(1, classes?.length ?? 1), head);
  return completeConfig({
    inChannels: 3,
    outChannels,
    filters,
    dropout,
    norm,
    ...(head ? { head } : {}),
    ...(depth ? { depth } : {}),
  });
}

/**
 * How the weights of a run are drawn. Patches are trained without normalization layers, unless `norm` is given: then He's
 * initialization lets deep levels learn from the first step on. The recipe `original` keeps the original's weights.
 */
export function initializationOf(
  { recipe, norm, patch }: Pick<TrainConfig, "recipe" | "norm" | "patch">,
): Initialization {
  return patch !== undefined && norm === "none" && recipe !== "original" ? "he" : "default";
}

/** The network's input, as data and models take it. */
export function extentsOf({ size, height, fit, patch, scale }: TrainConfig): InputExtents {
  return { size, height, fit, patch, scale };
}

/** The settings as the trainer takes them. */
export function trainerOptions(config: TrainConfig): TrainerOptions {
  return {
    learningRate: config.learningRate,
    weightDecay: config.weightDecay,
    clipNorm: config.clip,
    accumulate: config.accumulate,
    averageDecay: config.average,
    loss: config.loss,
    seed: config.seed,
    ...(config.augment ? { augmentation: config.augment } : {}),
    ...(config.fit === "pad" || config.patch ? { ignoreOutside: true } : {}),
    ...(config.patch ? { patch: config.patch } : {}),
  };
}

/** The settings that differ, each as `name was OLD, is NEW`. */
export function configDifferences(before: TrainConfig, now: TrainConfig): string[] {
  const show = (config: TrainConfig) => ({
    ...config,
    augment: formatAugmentation(config.augment),
    // As text, so that lists compare by their elements; a run without them is of today's single class.
    classes: config.classes?.join(", ") || "none",
    merge: config.merge?.join(", ") || "none",
    head: config.head ?? "sigmoid",
    init: config.init ? `${config.init.model} (sha256 ${config.init.sha256})` : "none",
    oversample: config.oversample ?? "none",
    depth: config.depth ?? DEPTHS.default,
    budget: config.budget === undefined ? "none" : formatSeconds(config.budget),
    height: config.height ?? "the width",
    fit: config.fit ?? "stretch",
    patch: config.patch ?? "none",
    scale: config.scale ?? 1,
  });
  const [old, current] = [show(before), show(now)] as [Record<string, unknown>, Record<string, unknown>];
  const names = [...new Set([...Object.keys(current), ...Object.keys(old)])];
  return names.filter((name) => old[name] !== current[name])
    .map((name) => `${name} was ${old[name]}, is ${current[name]}`);
}
