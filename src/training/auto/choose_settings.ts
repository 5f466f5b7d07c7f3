/**
 * Rules of `--recipe auto` for what does not decide how long a step takes: augmentation, normalization, loss, learning
 * rate, warm-up and early stopping. Pure.
 *
 * @module
 */
import type { Augmentation } from "../../../kernels/augment/augment.ts";
import { DEFAULT_LOSS } from "../../../kernels/loss/definition.ts";
import { formatPercent, plural } from "../../format.ts";
import { LIGHT } from "../augmentation.ts";
import { AUTO_RECIPE, recipeSettings } from "../recipe.ts";
import type { TrainConfig } from "../train_config.ts";
import type { DatasetProfile } from "./profile.ts";

/** A value with its reason. */
export interface Chosen<T> {
  /** The value. */
  readonly value: T;
  /** Why. */
  readonly reason: string;
}

/** Mirrored structures must lie where others do this often, relative to those that are not, to be worth a flip. */
const MIRRORED = 0.6;

/** Images up to which geometry is varied more: the same few are seen again and again. */
const FEW_IMAGES = 24;
const MORE: Partial<Augmentation> = { rotation: 20, scale: 0.2, shift: 0.1, elastic: 0.1 };

/** With more flat images than this share, their own moments would turn noise into contrast. */
const FLAT_SHARE = 0.1;

/** The learning rate of `strong` is that of this batch or a larger one; smaller ones have noisier gradients. */
const RATE = { value: 3e-3, batchSize: 4 } as const;

/** Updates of the warm-up, and the share of all epochs that it may take. */
const WARMUP = { updates: 40, share: 0.1 } as const;

/** Epochs without a lower validation loss that end a run: this share, since a cosine schedule gains most at its end. */
const PATIENCE = { least: 8, share: 0.5 } as const;

/** Transforms of training images. */
export function chooseAugment({ mirrored, images, duplicates }: DatasetProfile): Chosen<Augmentation> {
  const allows = (ratio: number | undefined) => ratio === undefined || ratio >= MIRRORED;
  const flipHorizontal = allows(mirrored?.horizontal);
  const flipVertical = allows(mirrored?.vertical);
  const distinct = images.train - duplicates.train;
  const isFew = distinct <= FEW_IMAGES;
  const value = { ...LIGHT, flipHorizontal, flipVertical, ...(isFew ? MORE : {}) };
  const flips = mirrored === null
    ? "flips, since structures have no place of their own"
    : flipHorizontal && flipVertical
    ? "flips, since structures lie on all sides alike"
    : flipHorizontal || flipVertical
    ? `only ${
      flipHorizontal ? "horizontal" : "vertical"
    } flips, since others would put structures in odd places`
    : "no flips, since they would put structures in odd places";
  const geometry = isFew
    ? `; elastic displacement, and more rotation, scale and shift, for ${plural(distinct, "different image")}`
    : "";
  return {
    value,
    reason:
      `${flips}${geometry}; brightness and contrast change little, since more costs accuracy on images of the same kind`,
  };
}

/** Whether the network has normalization layers. */
export function chooseNorm({ patch }: { readonly patch?: number | undefined }): Chosen<TrainConfig["norm"]> {
  const { norm } = recipeSettings(AUTO_RECIPE, { patch });
  return {
    value: norm!,
    reason: patch === undefined
      ? "learns in fewer steps from whole images"
      : "a window's own moments would make windows contradict each other; He's initial weights learn as fast",
  };
}

/** How images are normalized. */
export function chooseNormalize(
  { intensity, bits, images }: DatasetProfile,
): Chosen<TrainConfig["normalize"]> {
  if (images.looked > 0 && intensity.flat > FLAT_SHARE) {
    return {
      value: "imagenet",
      reason:
        `the same for all images, since ${
          formatPercent(intensity.flat)
        } of them have hardly any contrast: their own ` +
        "mean and deviation would turn noise into contrast",
    };
  }
  const own = "each image by its own mean and deviation, since brightness and contrast differ between images";
  return {
    value: "picture",
    reason: bits > 8 ? `${own}, as does the range of ${bits} bits per sample` : own,
  };
}

/** What is minimized. */
export function chooseLoss({ foreground, classes }: DatasetProfile): Chosen<TrainConfig["loss"]> {
  const share = foreground === null
    ? "no foreground was seen"
    : `${formatPercent(foreground.median)} of an image`;
  const each = classes > 1 ? "; the mean over classes, so that small ones count as much as large ones" : "";
  return {
    value: DEFAULT_LOSS,
    reason: `0.6 Dice, which works however little is foreground (${share}), and 0.4 cross-entropy${each}`,
  };
}

/** The step size for a batch. */
export function chooseRate(batchSize: number): Chosen<number> {
  if (batchSize >= RATE.batchSize) {
    return {
      value: RATE.value,
      reason: "works for batches of 4 to 32 with instance norm and a cosine schedule",
    };
  }
  const value = Number((RATE.value * Math.sqrt(batchSize / RATE.batchSize)).toPrecision(2));
  return {
    value,
    reason: `lowered with the root of the batch: gradients of ${plural(batchSize, "image")} are noisier`,
  };
}

/** Epochs over which the rate rises. */
export function chooseWarmup(epochs: number, batches: number): Chosen<number> {
  const wanted = Math.max(1, WARMUP.updates / batches);
  const value = Number(Math.min(wanted, WARMUP.share * epochs).toPrecision(3));
  return {
    value,
    reason: `the learning rate rises over ${
      value < wanted
        ? `a tenth of ${plural(epochs, "epoch")}`
        : `the first ${plural(Math.round(value * batches), "update")}`
    }`,
  };
}

/** Epochs without progress that end the run. */
export function choosePatience(epochs: number): Chosen<number> {
  const value = Math.max(PATIENCE.least, Math.ceil(PATIENCE.share * epochs));
  return {
    value,
    reason: `epochs without a better validation loss that end the run: many, since most is gained at the end`,
  };
}
