/**
 * Settings of a training: everything that its result follows from, apart from the data and the device.
 *
 * @module
 */
import type { Augmentation } from "../../kernels/augment/augment.ts";
import type { Precision } from "../../kernels/storage.ts";
import { UNANNOTATED, type Unannotated } from "../dataset/samples.ts";
import { completeConfig, SIZE_STEP, type UNetConfig } from "../unet/config.ts";
import { type Normalization, NORMALIZATIONS } from "../image/normalize.ts";
import { formatAugmentation } from "./augmentation.ts";
import type { MemoryUse } from "./batch_memory.ts";
import type { TrainerOptions } from "./trainer.ts";

/** How the learning rate goes on after the warm-up. */
export type Schedule = "constant" | "cosine" | "plateau";

/** The choices of {@linkcode Schedule}. */
export const SCHEDULES: readonly Schedule[] = ["constant", "cosine", "plateau"];

/** The settings of a training. */
export interface TrainConfig {
  /** The recipe that the settings began with. */
  recipe: string;
  /** Most epochs. */
  epochs: number;
  /** Images of a batch. */
  batchSize: number;
  /** Step size, before any schedule. */
  learningRate: number;
  /** Feature maps of the network's first block. */
  filters: number;
  /** Height and width of the network's input in pixels, a multiple of 32. */
  size: number;
  /** Epochs without a lower validation loss after which training stops; 0 for never. */
  patience: number;
  /** Key of initial weights, order of samples, dropout and augmentation. */
  seed: number;
  /** Probability that an element of the bottleneck is dropped in training. */
  dropout: number;
  /** `instance` normalises every 3 x 3 convolution's result. */
  norm: UNetConfig["norm"];
  /** How images are normalised. */
  normalize: Normalization;
  /** Arithmetic of the kernels. */
  kernels: "fast" | "strict";
  /** What tensors between layers are stored as; sums, weights and their gradients are float32. */
  precision: Precision;
  /** What becomes of images without annotations. */
  unannotated: Unannotated;
  /** `adamw` decays weights apart from the gradient. */
  optimizer: "adam" | "adamw";
  /** AdamW's decay of weights, relative to the learning rate; 0 for Adam. */
  weightDecay: number;
  /** Course of the learning rate. */
  schedule: Schedule;
  /** Epochs over which the learning rate rises from nothing; fractions count. */
  warmup: number;
  /** Norm that the whole gradient is clipped to; 0 for none. */
  clip: number;
  /** Batches whose gradients are averaged before an update. */
  accumulate: number;
  /** Random changes of training images and their masks; null for none. */
  augment: Augmentation | null;
  /** Decay of a moving average of the weights, less in the first updates; it is what is validated and kept. 0 for none. */
  average: number;
  /** `low` takes half the device memory where that is possible, in 1.3 to 1.8 times the time. */
  memory: MemoryUse;
}

/** Least, most, and whether whole, of every setting that is a number. */
export const SETTING_RANGES = {
  epochs: [1, 100_000, true],
  batchSize: [1, 4096, true],
  learningRate: [1e-12, 10, false],
  filters: [1, 1024, true],
  size: [SIZE_STEP, 8192, true],
  patience: [0, 100_000, true],
  seed: [0, 2 ** 32 - 1, true],
  dropout: [0, 0.999, false],
  weightDecay: [0, 10, false],
  warmup: [0, 100_000, false],
  clip: [0, 1e6, false],
  accumulate: [1, 4096, true],
  average: [0, 0.999999, false],
} as const;

/** The words that a setting may be, for each that is a word. */
export const SETTING_CHOICES = {
  norm: ["none", "instance"],
  normalize: NORMALIZATIONS,
  kernels: ["fast", "strict"],
  precision: ["f32", "f16"],
  unannotated: UNANNOTATED,
  optimizer: ["adam", "adamw"],
  schedule: SCHEDULES,
  memory: ["normal", "low"],
} as const;

/**
 * Checks that all settings are in range and fit together.
 *
 * @throws {RangeError} naming the setting and its value.
 */
export function checkTrainConfig(config: TrainConfig): void {
  const values = config as unknown as Record<string, number & string>;
  for (const [name, [least, most, whole]] of Object.entries(SETTING_RANGES)) {
    const value = values[name]!;
    if (!(value >= least && value <= most) || (whole && !Number.isInteger(value))) {
      throw new RangeError(
        `Cannot train with ${name} ${value}: expected a ${
          whole ? "whole " : ""
        }number from ${least} to ${most}`,
      );
    }
  }
  for (const [name, choices] of Object.entries<readonly string[]>(SETTING_CHOICES)) {
    if (!choices.includes(values[name]!)) {
      throw new RangeError(`Cannot train with ${name} "${values[name]}": expected ${choices.join(", ")}`);
    }
  }
  if (config.size % SIZE_STEP !== 0) {
    throw new RangeError(
      `Cannot train at size ${config.size}: expected a multiple of ${SIZE_STEP}\n` +
        `hint: ${Math.max(1, Math.round(config.size / SIZE_STEP)) * SIZE_STEP} is the nearest`,
    );
  }
  if (config.optimizer === "adam" && config.weightDecay > 0) {
    throw new RangeError(
      `Cannot train with optimizer adam and a weight decay of ${config.weightDecay}\nhint: adamw decays weights`,
    );
  }
  networkConfig(config);
}

/** The network that these settings describe: three channels in, one mask out. */
export function networkConfig({ filters, dropout, norm }: TrainConfig): UNetConfig {
  return completeConfig({ inChannels: 3, outChannels: 1, filters, dropout, norm });
}

/** The settings as the trainer takes them. */
export function trainerOptions(config: TrainConfig): TrainerOptions {
  return {
    learningRate: config.learningRate,
    weightDecay: config.weightDecay,
    clipNorm: config.clip,
    accumulate: config.accumulate,
    averageDecay: config.average,
    seed: config.seed,
    ...(config.augment ? { augmentation: config.augment } : {}),
  };
}

/** The settings that two trainings differ in, each as `name: value before, value now`. */
export function configDifferences(before: TrainConfig, now: TrainConfig): string[] {
  const show = (config: TrainConfig) => ({ ...config, augment: formatAugmentation(config.augment) });
  const [old, young] = [show(before), show(now)] as [Record<string, unknown>, Record<string, unknown>];
  const names = [...new Set([...Object.keys(young), ...Object.keys(old)])];
  return names.filter((name) => old[name] !== young[name])
    .map((name) => `${name} was ${old[name]}, is ${young[name]}`);
}
