/**
 * The losses of logits against targets of 0 and 1, their gradients and the accuracy, as plain float64 loops.
 *
 * With `p = 1 / (1 + exp(-z))`, over the whole batch flattened:
 * - combined: `0.6 dice + 0.4 bce`, `dice = 1 - (2 sum(p t) + 1e-6) / (sum p + sum t + 1e-6)`, `bce` the mean of
 *   `-(t log p + (1 - t) log(1 - p))` with logarithms not below -100;
 * - focal: the mean of `-0.25 t (1 - p)^2 log p - 0.75 (1 - t) p^2 log(1 - p)`;
 * - tversky: `1 - (TP + 1e-6) / (TP + 0.3 FP + 0.7 FN + 1e-6)`.
 *
 * @module
 */

const DICE_WEIGHT = 0.6;
const BCE_WEIGHT = 0.4;
const SMOOTH = 1e-6;
const LEAST_LOGARITHM = -100;
const FOCAL_ALPHA = 0.25;
const FOCAL_GAMMA = 2;
const TVERSKY_ALPHA = 0.3;
const TVERSKY_BETA = 0.7;

/** The combined loss and its terms. */
export interface LossParts {
  /** `0.6 * dice + 0.4 * bce`. */
  loss: number;
  /** The Dice loss, 0 if prediction and target agree. */
  dice: number;
  /** The mean binary cross-entropy. */
  bce: number;
  /** The share of values whose probability, rounded half to even, equals the target. */
  accuracy: number;
}

type Values = ArrayLike<number>;

/** Value and gradient of each loss by name. */
export const LOSSES: Record<
  "combined" | "focal" | "tversky",
  { value(logits: Values, targets: Values): number; gradient(logits: Values, targets: Values): Float64Array }
> = {
  combined: {
    value: (logits, targets) => combinedLoss(logits, targets).loss,
    gradient: combinedLossGradient,
  },
  focal: { value: focalLoss, gradient: focalLossGradient },
  tversky: { value: tverskyLoss, gradient: tverskyLossGradient },
};

/** The combined loss of logits against targets of 0 and 1. */
export function combinedLoss(logits: Values, targets: Values): LossParts {
  const { count, both, sum } = sums(logits, targets);
  let crossEntropy = 0;
  let correct = 0;
  for (let index = 0; index < count; index++) {
    const z = logits[index]!;
    const t = targets[index]!;
    crossEntropy -= t * Math.max(logSigmoid(z), LEAST_LOGARITHM) +
      (1 - t) * Math.max(logSigmoid(-z), LEAST_LOGARITHM);
    // A probability lies in [0, 1], where rounding half to even is 1 from just above one half on.
    if ((probability(z) > 0.5 ? 1 : 0) === t) correct++;
  }
  const dice = 1 - (2 * both + SMOOTH) / (sum + SMOOTH);
  const bce = crossEntropy / count;
  return { loss: DICE_WEIGHT * dice + BCE_WEIGHT * bce, dice, bce, accuracy: correct / count };
}

/** The gradient of the combined loss by each logit. */
export function combinedLossGradient(logits: Values, targets: Values): Float64Array {
  const { count, both, sum } = sums(logits, targets);
  const gradient = new Float64Array(count);
  for (let index = 0; index < count; index++) {
    const z = logits[index]!;
    const t = targets[index]!;
    const p = probability(z);
    // By the quotient rule; p (1 - p) is dp/dz.
    const dice = -(2 * t * (sum + SMOOTH) - (2 * both + SMOOTH)) / (sum + SMOOTH) ** 2 * p * probability(-z);
    // A clamped logarithm has no slope.
    const ofOne = logSigmoid(z) > LEAST_LOGARITHM ? -t * probability(-z) : 0;
    const ofZero = logSigmoid(-z) > LEAST_LOGARITHM ? (1 - t) * p : 0;
    gradient[index] = DICE_WEIGHT * dice + BCE_WEIGHT * (ofOne + ofZero) / count;
  }
  return gradient;
}

/** The binary focal loss. */
export function focalLoss(logits: Values, targets: Values): number {
  let sum = 0;
  for (let index = 0; index < logits.length; index++) {
    const [z, one] = [logits[index]!, targets[index] === 1];
    const ofTruth = one ? logSigmoid(z) : logSigmoid(-z);
    const alpha = one ? FOCAL_ALPHA : 1 - FOCAL_ALPHA;
    sum -= alpha * (one ? probability(-z) : probability(z)) ** FOCAL_GAMMA * ofTruth;
  }
  return sum / logits.length;
}

/** The gradient of the binary focal loss by each logit. */
export function focalLossGradient(logits: Values, targets: Values): Float64Array {
  return Float64Array.from(logits, (z, index) => {
    const one = targets[index] === 1;
    // Both classes are one formula in the logit of the true class.
    const u = one ? z : -z;
    const [p, q] = [probability(u), probability(-u)];
    const slope = q ** FOCAL_GAMMA * (FOCAL_GAMMA * p * logSigmoid(u) - q);
    return (one ? FOCAL_ALPHA : FOCAL_ALPHA - 1) * slope / logits.length;
  });
}

/** The Tversky loss. */
export function tverskyLoss(logits: Values, targets: Values): number {
  const { hits, weighted } = tverskySums(logits, targets);
  return 1 - (hits + SMOOTH) / (weighted + SMOOTH);
}

/** The gradient of the Tversky loss by each logit. */
export function tverskyLossGradient(logits: Values, targets: Values): Float64Array {
  const { hits, weighted } = tverskySums(logits, targets);
  return Float64Array.from(logits, (z, index) => {
    const one = targets[index] === 1;
    // One more p is a hit and a false negative less, or a false positive more.
    const byWeighted = one ? 1 - TVERSKY_BETA : TVERSKY_ALPHA;
    const byP = (hits + SMOOTH) / (weighted + SMOOTH) ** 2 * byWeighted - (one ? 1 / (weighted + SMOOTH) : 0);
    return byP * probability(z) * probability(-z);
  });
}

function tverskySums(logits: Values, targets: Values) {
  let [hits, falsePositives, falseNegatives] = [0, 0, 0];
  for (let index = 0; index < logits.length; index++) {
    const p = probability(logits[index]!);
    const t = targets[index]!;
    hits += p * t;
    falsePositives += p * (1 - t);
    falseNegatives += probability(-logits[index]!) * t;
  }
  return { hits, weighted: hits + TVERSKY_ALPHA * falsePositives + TVERSKY_BETA * falseNegatives };
}

function sums(logits: Values, targets: Values) {
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
