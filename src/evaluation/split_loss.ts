/**
 * The training loss in float64, as reported when a trained model is evaluated.
 *
 * @module
 */
import { addSums, recordOf, sumBatch } from "../../kernels/loss/batch_loss.ts";
import {
  checkLossHead,
  DEFAULT_LOSS,
  type Head,
  LOSS_NAMES,
  type LossName,
  type LossSpec,
  type LossSums,
} from "../../kernels/loss/definition.ts";
import type { Tensor } from "../tensor.ts";
import type { ModelDescription } from "../unet/model_format.ts";

/** Loss and accuracy of a batch, or means over batches. */
export interface Loss {
  /** The loss that the model was trained on; `0.6 diceLoss + 0.4 bce` by default. */
  readonly loss: number;
  /** 1 - the soft Dice coefficient of the whole batch. */
  readonly diceLoss: number;
  /** Mean binary cross-entropy. */
  readonly bce: number;
  /** Share of pixels whose rounded probability is the mask's. */
  readonly accuracy: number;
}

/** The loss over a split. */
export interface SplitLoss {
  /** Means over batches weighted by their number of images, so that a short last batch weighs less. */
  readonly weighted: Loss;
  /** Plain means over batches, as the original computes them. */
  readonly batchMean: Loss;
  /** Images per batch, on which the soft Dice coefficient depends. */
  readonly batchSize: number;
  /** What `loss` is if not `combined`. */
  readonly name?: LossName;
}

/** The loss that a model was trained on, by its file; `combined` if the file names none that is known. */
export function trainedLoss({ training }: ModelDescription): LossName {
  return LOSS_NAMES.find((name) => name === training?.loss) ?? DEFAULT_LOSS;
}

/** What the loss of a batch is computed by. */
export interface BatchLossOptions {
  /** The loss; defaults to `combined`. */
  readonly loss?: LossName | undefined;
  /** How logits become probabilities; defaults to `sigmoid`. */
  readonly head?: Head | undefined;
}

/**
 * The loss of logits [N, C, H, W] against masks, which are of the shape and values that `Trainer.step` takes;
 * `kernels/loss/definition.ts` has the formulas.
 *
 * @throws {TypeError} if the shapes do not fit.
 * @throws {RangeError} if the head has no such loss.
 */
export function batchLoss(logits: Tensor, masks: Tensor, options: BatchLossOptions = {}): Loss {
  return lossOfBatch(imageLosses(logits, masks, options), logits.shape[1]!, options);
}

/** What an image adds to the loss of its batch. */
export interface ImageLoss {
  /** Its sums for each class. */
  readonly sums: readonly LossSums[];
  /** The number of its targets. */
  readonly targets: number;
}

/**
 * What each image of a batch adds to its loss.
 *
 * @throws as {@linkcode batchLoss}
 */
export function imageLosses(logits: Tensor, masks: Tensor, options: BatchLossOptions = {}): ImageLoss[] {
  const [images, channels, height, width] = logits.shape as [number, number, number, number];
  const spec = lossSpec(channels, options);
  const pixels = height * width;
  const targets = spec.head === "softmax" ? pixels : channels * pixels;
  if (masks.data.length !== images * targets) {
    throw new TypeError(
      `Cannot compute a loss of logits [${logits.shape}] against masks [${masks.shape}]: the shapes differ`,
    );
  }
  const values = channels * pixels;
  return Array.from({ length: images }, (_, index) => {
    const image = {
      logits: logits.data.subarray(index * values, (index + 1) * values),
      targets: masks.data.subarray(index * targets, (index + 1) * targets),
      pixels,
    };
    return { sums: sumBatch(image, spec), targets };
  });
}

/**
 * The loss of a batch of images; its Dice is over all of them.
 *
 * @param channels of the logits
 * @throws {RangeError} if the head has no such loss.
 */
export function lossOfBatch(
  images: readonly ImageLoss[],
  channels: number,
  options: BatchLossOptions = {},
): Loss {
  const targets = images.reduce((total, image) => total + image.targets, 0);
  const record = recordOf(addSums(images.map(({ sums }) => sums)), targets, lossSpec(channels, options));
  return { loss: record.loss, diceLoss: record.dice, bce: record.bce, accuracy: record.accuracy };
}

function lossSpec(channels: number, { loss = DEFAULT_LOSS, head = "sigmoid" }: BatchLossOptions): LossSpec {
  checkLossHead(loss, head);
  return { loss, head, classes: head === "softmax" ? channels - 1 : channels };
}

/**
 * The means over batches, each with its number of images.
 *
 * @throws {RangeError} for no batches.
 */
export function meanLoss(
  batches: readonly { readonly loss: Loss; readonly images: number }[],
): { weighted: Loss; batchMean: Loss } {
  if (batches.length === 0) throw new RangeError("Cannot take the mean loss of no batches");
  const mean = (weight: (images: number) => number): Loss => {
    const sum = batches.reduce((sum, { images }) => sum + weight(images), 0);
    const of = (name: keyof Loss) =>
      batches.reduce((total, { loss, images }) => total + loss[name] * weight(images), 0) / sum;
    return { loss: of("loss"), diceLoss: of("diceLoss"), bce: of("bce"), accuracy: of("accuracy") };
  };
  return { weighted: mean((images) => images), batchMean: mean(() => 1) };
}
