/**
 * The training loss in float64, as reported when a trained model is evaluated.
 *
 * @module
 */
import {
  DEFAULT_LOSS,
  LOSS_NAMES,
  type LossName,
  type Pixel,
  pixelOf,
  recordOf,
  sumPixels,
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

/**
 * The loss of logits against masks of 0 and 1, of equal shapes; `kernels/loss/definition.ts` has the formulas.
 *
 * @throws {TypeError} if the shapes differ.
 */
export function batchLoss(logits: Tensor, masks: Tensor, loss: LossName = DEFAULT_LOSS): Loss {
  const count = logits.data.length;
  if (masks.data.length !== count) {
    throw new TypeError(
      `Cannot compute a loss of logits [${logits.shape}] against masks [${masks.shape}]: the shapes differ`,
    );
  }
  const record = recordOf(sumPixels(pixelsOf(logits.data, masks.data), loss), count, loss);
  return { loss: record.loss, diceLoss: record.dice, bce: record.bce, accuracy: record.accuracy };
}

function* pixelsOf(logits: Float32Array, masks: Float32Array): Generator<Pixel> {
  for (let index = 0; index < logits.length; index++) yield pixelOf(logits[index]!, masks[index]!);
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
