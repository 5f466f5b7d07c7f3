/**
 * Settings of a trainer. This module is browser compatible.
 *
 * @module
 */
import type { Augmentation } from "../../kernels/augment/augment.ts";
import { DEFAULT_LOSS, LOSS_NAMES, type LossName } from "../../kernels/loss/definition.ts";
import { type Collective, SINGLE_RANK } from "./collective.ts";

/** Settings of a `Trainer`; Adam's default to those of the original. */
export interface TrainerOptions {
  /** Step size; defaults to 1e-4. */
  learningRate?: number;
  /** Decay of the first moment; defaults to 0.9. */
  beta1?: number;
  /** Decay of the second moment; defaults to 0.999. */
  beta2?: number;
  /** Added outside the square root; defaults to 1e-8. */
  epsilon?: number;
  /** Decoupled weight decay (AdamW); defaults to 0. */
  weightDecay?: number;
  /** Norm to which the whole gradient is clipped; defaults to 0, no clipping. */
  clipNorm?: number;
  /** Batches whose gradients are averaged before an update; defaults to 1. */
  accumulate?: number;
  /** Decay of the EMA of the weights, lower during the first updates; defaults to 0, no EMA. */
  averageDecay?: number;
  /** What is minimized; defaults to `combined`. */
  loss?: LossName;
  /** Random transforms of images and masks; none by default. */
  augmentation?: Augmentation;
  /** Whether pixels that augmentation takes from outside an image count in nothing; by default they are background. */
  ignoreOutside?: boolean;
  /**
   * Height and width of what is trained on of larger images: with augmentation, training batches have what lies around it,
   * too, as many pixels on each side. By default whole images are trained on.
   */
  patch?: number;
  /** Key of the random draws of dropout and augmentation; defaults to 0. */
  seed?: number;
  /**
   * Maximum images per micro-batch: a larger batch is computed in several, with its forward twice. That takes less
   * memory and 1.3 to 1.8 times the time, and gives the same result except for the order of sums over images. No limit
   * by default.
   */
  microBatch?: number | undefined;
  /** The ranks that train together, each with its own images of every batch; one rank by default. */
  collective?: Collective;
  /** Gets a line if a batch does not fit the device and is computed in micro-batches. */
  onNote?: ((message: string) => void) | undefined;
}

/** Settings of a trainer, all of them. */
export type TrainerSettings =
  & Required<Omit<TrainerOptions, OptionalOption>>
  & Pick<TrainerOptions, OptionalOption>;

type OptionalOption = "augmentation" | "ignoreOutside" | "patch" | "microBatch" | "onNote";

const DEFAULTS = {
  learningRate: 1e-4,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0,
  clipNorm: 0,
  accumulate: 1,
  averageDecay: 0,
  seed: 0,
};

/** Settings that are decays: below 1. */
const DECAYS: readonly string[] = ["beta1", "beta2", "averageDecay"];

/** Settings that are integers. */
const INTEGERS: readonly string[] = ["accumulate", "seed"];

/**
 * Completes settings with the defaults.
 *
 * @throws {RangeError} if one is out of range, naming it.
 */
export function completeTrainerOptions(options: TrainerOptions = {}): TrainerSettings {
  const settings = { ...DEFAULTS, loss: DEFAULT_LOSS, collective: SINGLE_RANK, ...options };
  for (const name of Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[]) {
    const value = settings[name];
    const least = name === "accumulate" ? 1 : 0;
    const most = DECAYS.includes(name) ? 1 : Infinity;
    const integer = INTEGERS.includes(name);
    if (!(value >= least && value < most) || (integer && !Number.isInteger(value))) {
      throw new RangeError(
        `Cannot train with ${name} ${value}: expected ${integer ? "an integer" : "a number"} >= ${least}` +
          (most === 1 ? " and < 1" : ""),
      );
    }
  }
  const { loss, microBatch } = settings;
  if (!LOSS_NAMES.includes(loss)) {
    throw new RangeError(`Cannot train with loss "${loss}": expected ${LOSS_NAMES.join(", ")}`);
  }
  if (microBatch !== undefined && !(Number.isInteger(microBatch) && microBatch >= 1)) {
    throw new RangeError(`Cannot train with microBatch ${microBatch}: expected an integer >= 1`);
  }
  return settings;
}
