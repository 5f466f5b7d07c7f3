/**
 * The training's loss of a batch, in float64: what a model is measured by after it was trained.
 *
 * @module
 */
import { sigmoid } from "../math.ts";
import type { Tensor } from "../tensor.ts";

/** Loss and accuracy of a batch, or their means over batches. */
export interface Loss {
  /** `0.6 diceLoss + 0.4 bce`. */
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
  /** Means over batches weighted by their images, so that a short last batch counts as what it is. */
  readonly weighted: Loss;
  /** Plain means over batches, as the original computes them. */
  readonly batchMean: Loss;
  /** Images of a batch; the soft Dice coefficient depends on it. */
  readonly batchSize: number;
}

const DICE_WEIGHT = 0.6;
const BCE_WEIGHT = 0.4;
/** Keeps the quotient of Dice finite where nothing is true and nothing predicted. */
const SMOOTH = 1e-6;
/** PyTorch's bound of the logarithms in the binary cross-entropy. */
const LEAST_LOGARITHM = -100;

/**
 * The loss of logits against masks of 0 and 1, of equal shapes: with `p` the sigmoid and `t` the mask,
 * `0.6 (1 - (2 sum p t + 1e-6) / (sum p + sum t + 1e-6)) + 0.4 mean(-t log p - (1 - t) log(1 - p))`, logarithms not
 * below -100.
 */
export function batchLoss(logits: Tensor, masks: Tensor): Loss {
  const count = logits.data.length;
  if (masks.data.length !== count) {
    throw new TypeError(
      `Cannot compute a loss of logits [${logits.shape}] against masks [${masks.shape}]: the shapes differ`,
    );
  }
  let overlap = 0;
  let total = 0;
  let entropy = 0;
  let right = 0;
  for (let i = 0; i < count; i++) {
    const logit = logits.data[i]!;
    const truth = masks.data[i]!;
    // log(p) or log(1 - p), whichever the mask asks for.
    const sign = truth === 1 ? logit : -logit;
    const logarithm = Math.min(sign, 0) - Math.log1p(Math.exp(-Math.abs(logit)));
    entropy -= Math.max(logarithm, LEAST_LOGARITHM);
    const probability = sigmoid(logit);
    overlap += probability * truth;
    total += probability + truth;
    if ((probability > 0.5 ? 1 : 0) === truth) right++;
  }
  const diceLoss = 1 - (2 * overlap + SMOOTH) / (total + SMOOTH);
  const bce = entropy / count;
  return { loss: DICE_WEIGHT * diceLoss + BCE_WEIGHT * bce, diceLoss, bce, accuracy: right / count };
}

/** The means over batches, each with its number of images. Throws a RangeError for no batches. */
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
