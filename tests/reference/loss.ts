/**
 * The loss `0.6 * dice + 0.4 * bce` of logits, its gradient and the accuracy, as plain float64 loops.
 *
 * `dice = 1 - (2 sum(p t) + 1e-6) / (sum p + sum t + 1e-6)` over the whole batch flattened, `bce` the mean of
 * `-(t log p + (1 - t) log(1 - p))` with logarithms not below -100, `p = 1 / (1 + exp(-z))`.
 *
 * @module
 */

const DICE_WEIGHT = 0.6;
const BCE_WEIGHT = 0.4;
const SMOOTH = 1e-6;
const LEAST_LOGARITHM = -100;

/** The loss and what it is made of. */
export interface LossParts {
  /** `0.6 * dice + 0.4 * bce`. */
  loss: number;
  /** The dice loss, 0 where prediction and target agree. */
  dice: number;
  /** The mean binary cross-entropy. */
  bce: number;
  /** The share of values whose probability, rounded half to even, equals the target. */
  accuracy: number;
}

/** The loss of logits against targets of 0 and 1. */
export function combinedLoss(logits: ArrayLike<number>, targets: ArrayLike<number>): LossParts {
  const { count, both, sum } = sums(logits, targets);
  let crossEntropy = 0;
  let right = 0;
  for (let index = 0; index < count; index++) {
    const z = logits[index]!;
    const t = targets[index]!;
    crossEntropy -= t * Math.max(logSigmoid(z), LEAST_LOGARITHM) +
      (1 - t) * Math.max(logSigmoid(-z), LEAST_LOGARITHM);
    // A probability lies in [0, 1], where rounding half to even is 1 from just above one half on.
    if ((probability(z) > 0.5 ? 1 : 0) === t) right++;
  }
  const dice = 1 - (2 * both + SMOOTH) / (sum + SMOOTH);
  const bce = crossEntropy / count;
  return { loss: DICE_WEIGHT * dice + BCE_WEIGHT * bce, dice, bce, accuracy: right / count };
}

/** The gradient of the loss by each logit. */
export function combinedLossGradient(logits: ArrayLike<number>, targets: ArrayLike<number>): Float64Array {
  const { count, both, sum } = sums(logits, targets);
  const gradient = new Float64Array(count);
  for (let index = 0; index < count; index++) {
    const z = logits[index]!;
    const t = targets[index]!;
    const p = probability(z);
    // By the quotient rule; p (1 - p) is dp/dz.
    const dice = -(2 * t * (sum + SMOOTH) - (2 * both + SMOOTH)) / (sum + SMOOTH) ** 2 * p * (1 - p);
    // A logarithm that is held at -100 does not move.
    const ofOne = logSigmoid(z) > LEAST_LOGARITHM ? -t * (1 - p) : 0;
    const ofZero = logSigmoid(-z) > LEAST_LOGARITHM ? (1 - t) * p : 0;
    gradient[index] = DICE_WEIGHT * dice + BCE_WEIGHT * (ofOne + ofZero) / count;
  }
  return gradient;
}

function sums(logits: ArrayLike<number>, targets: ArrayLike<number>) {
  let both = 0;
  let sum = 0;
  for (let index = 0; index < logits.length; index++) {
    const p = probability(logits[index]!);
    both += p * targets[index]!;
    sum += p + targets[index]!;
  }
  return { count: logits.length, both, sum };
}

function probability(z: number): number {
  return z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z));
}

/** log(1 / (1 + exp(-z))) without overflow or loss of digits. */
function logSigmoid(z: number): number {
  return Math.min(z, 0) - Math.log1p(Math.exp(-Math.abs(z)));
}
