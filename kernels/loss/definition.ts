/**
 * The losses as data: constants, the sums over a batch that they are computed from, and the record of metrics. Kernels
 * get the constants through `specialize()`; the trainer, the evaluation and the self-tests read the same tables and
 * compute in float64. This module is browser compatible.
 *
 * @module
 */

/** Keeps the quotients of Dice and Tversky finite if nothing is predicted and nothing is true. */
export const SMOOTH = 1e-6;

/** PyTorch's lower bound of the logarithms in the binary cross-entropy. */
export const LEAST_LOGARITHM = -100;

/**
 * Sums over the pixels of a batch, in the order of the partial sums' rows. With `p` the probability, `t` the truth and
 * `r` the rounded probability: p t, p, t, the binary cross-entropy, r == t, r t, r, and the loss's own term.
 */
export const SUM_NAMES = [
  "overlap",
  "positive",
  "truth",
  "entropy",
  "correct",
  "rounded_overlap",
  "rounded",
  "term",
] as const;

/** How a field of the record combines over batches: mean weighted by samples, sum, or not at all. */
export type Combination = "mean" | "sum" | "none";

/** Metrics of one batch. */
export interface LossRecord {
  /** The loss that is trained on. */
  loss: number;
  /** 1 - the soft Dice coefficient of the whole batch, for every loss. */
  dice: number;
  /** Mean binary cross-entropy, for every loss. */
  bce: number;
  /** Share of pixels whose rounded probability equals the mask. */
  accuracy: number;
  /** Pixels that are predicted and true. */
  overlap: number;
  /** Pixels that are predicted. */
  predicted: number;
  /** Pixels that are true. */
  truth: number;
  /** Pixels. */
  pixels: number;
}

/** Name of a field of the record. */
export type RecordField = keyof LossRecord;

/** How each field of the record combines over batches; the order is that of the record's floats. */
export const RECORD_FIELDS: Readonly<Record<RecordField, Combination>> = {
  loss: "mean",
  dice: "mean",
  bce: "mean",
  accuracy: "mean",
  overlap: "sum",
  predicted: "sum",
  truth: "sum",
  pixels: "none",
};

/** Names of the record's fields, in order. */
export const RECORD_NAMES = Object.keys(RECORD_FIELDS) as readonly RecordField[];

/** Sums over the pixels of a batch by name. */
export type LossSums = Record<typeof SUM_NAMES[number], number>;

/** The sums that gradients are computed from. */
export type BatchSums = Pick<LossSums, "overlap" | "positive" | "truth"> & {
  /** Pixels. */
  readonly count: number;
};

/** One pixel: its logit, its truth of 0 or 1, and what follows from them. */
export interface Pixel {
  /** The network's output. */
  readonly logit: number;
  /** 1 for the foreground, else 0. */
  readonly truth: number;
  /** The probability p, the sigmoid of the logit. */
  readonly p: number;
  /** 1 - p, without cancellation. */
  readonly q: number;
  /** log p, without overflow. */
  readonly logP: number;
  /** log(1 - p), without overflow. */
  readonly logQ: number;
}

/** A loss: the formulas of its WGSL part in float64. */
export interface LossDefinition {
  /** What it is, for help texts. */
  readonly summary: string;
  /** The constants of its WGSL part. */
  readonly constants: Readonly<Record<string, number>>;
  /** A pixel's share of the sum `term`; absent for a loss that needs no sum of its own. */
  readonly term?: (pixel: Pixel) => number;
  /** The loss of a batch. */
  readonly value: (sums: LossSums & BatchSums) => number;
  /** The derivative of the loss by a pixel's logit. */
  readonly gradient: (pixel: Pixel, sums: BatchSums) => number;
}

const COMBINED = { DICE_WEIGHT: 0.6, BCE_WEIGHT: 0.4 };
const FOCAL = { ALPHA: 0.25, GAMMA: 2 };
const TVERSKY = { ALPHA: 0.3, BETA: 0.7 };

/** Name of a loss. */
export type LossName = "combined" | "focal" | "tversky";

/** The losses by name. */
export const LOSSES: Readonly<Record<LossName, LossDefinition>> = {
  combined: {
    summary: `${COMBINED.DICE_WEIGHT} Dice loss + ${COMBINED.BCE_WEIGHT} binary cross-entropy`,
    constants: COMBINED,
    value: (sums) => COMBINED.DICE_WEIGHT * diceLoss(sums) + COMBINED.BCE_WEIGHT * meanEntropy(sums),
    gradient({ logit, truth, p, q }, { overlap, positive, truth: truths, count }) {
      // A clamped logarithm has no slope.
      const entropy = (logit < -LEAST_LOGARITHM ? (1 - truth) * p : 0) -
        (logit > LEAST_LOGARITHM ? truth * q : 0);
      const total = positive + truths + SMOOTH;
      const dice = ((2 * overlap + SMOOTH) / total - 2 * truth) / total;
      return COMBINED.DICE_WEIGHT * dice * p * q + COMBINED.BCE_WEIGHT * entropy / count;
    },
  },
  // Lin et al. 2017, https://arxiv.org/abs/1708.02002
  focal: {
    summary: `focal loss, alpha ${FOCAL.ALPHA}, gamma ${FOCAL.GAMMA}`,
    constants: FOCAL,
    term: ({ truth, logP, logQ }) =>
      -FOCAL.ALPHA * truth * Math.exp(FOCAL.GAMMA * logQ) * logP -
      (1 - FOCAL.ALPHA) * (1 - truth) * Math.exp(FOCAL.GAMMA * logP) * logQ,
    value: ({ term, count }) => term / count,
    gradient({ truth, p, q, logP, logQ }, { count }) {
      const ofOne = FOCAL.ALPHA * Math.exp(FOCAL.GAMMA * logQ) * (FOCAL.GAMMA * p * logP - q);
      const ofZero = (1 - FOCAL.ALPHA) * Math.exp(FOCAL.GAMMA * logP) * (p - FOCAL.GAMMA * q * logQ);
      return (truth * ofOne + (1 - truth) * ofZero) / count;
    },
  },
  // Salehi et al. 2017, https://arxiv.org/abs/1706.05721
  tversky: {
    summary: `Tversky loss, alpha (false positives) ${TVERSKY.ALPHA}, beta (false negatives) ${TVERSKY.BETA}`,
    constants: TVERSKY,
    value: (sums) => 1 - (sums.overlap + SMOOTH) / tverskyTotal(sums),
    gradient({ truth, p, q }, sums) {
      const total = tverskyTotal(sums);
      const totalSlope = TVERSKY.ALPHA + (1 - TVERSKY.ALPHA - TVERSKY.BETA) * truth;
      return ((sums.overlap + SMOOTH) / total * totalSlope - truth) / total * p * q;
    },
  },
};

/** Names of all losses; the first is the default. */
export const LOSS_NAMES = Object.keys(LOSSES) as readonly LossName[];

/** The loss of the original network, trained by unless another is named. */
export const DEFAULT_LOSS: LossName = "combined";

/** The WGSL constants of a loss: its own, and those of every loss. */
export function lossConstants(loss: LossName): Record<string, number> {
  const places = (prefix: string, names: readonly string[]) =>
    Object.fromEntries(names.map((name, index) => [`${prefix}_${name.toUpperCase()}`, index]));
  return {
    SMOOTH,
    LEAST_LOGARITHM,
    SUMS: SUM_NAMES.length,
    ...places("SUM", SUM_NAMES),
    RECORD_SIZE: RECORD_NAMES.length,
    ...places("RECORD", RECORD_NAMES),
    ...LOSSES[loss].constants,
  };
}

/** A pixel of logit and truth. */
export function pixelOf(logit: number, truth: number): Pixel {
  const e = Math.exp(-Math.abs(logit));
  const softplus = Math.log1p(e);
  return {
    logit,
    truth,
    p: (logit >= 0 ? 1 : e) / (1 + e),
    q: (logit >= 0 ? e : 1) / (1 + e),
    logP: Math.min(logit, 0) - softplus,
    logQ: Math.min(-logit, 0) - softplus,
  };
}

/** The sums over pixels; a probability of 1/2 rounds to the even 0. */
export function sumPixels(pixels: Iterable<Pixel>, loss: LossName): LossSums {
  const { term } = LOSSES[loss];
  const sums = Object.fromEntries(SUM_NAMES.map((name) => [name, 0])) as LossSums;
  for (const pixel of pixels) {
    const { truth, p, logP, logQ } = pixel;
    const rounded = p > 0.5 ? 1 : 0;
    sums.overlap += p * truth;
    sums.positive += p;
    sums.truth += truth;
    sums.entropy -= truth * Math.max(LEAST_LOGARITHM, logP) + (1 - truth) * Math.max(LEAST_LOGARITHM, logQ);
    sums.correct += rounded === truth ? 1 : 0;
    sums.rounded_overlap += rounded * truth;
    sums.rounded += rounded;
    sums.term += term?.(pixel) ?? 0;
  }
  return sums;
}

/** The record of a batch of `count` pixels. */
export function recordOf(sums: LossSums, count: number, loss: LossName): LossRecord {
  return {
    loss: LOSSES[loss].value({ ...sums, count }),
    dice: diceLoss(sums),
    bce: meanEntropy({ ...sums, count }),
    accuracy: sums.correct / count,
    overlap: sums.rounded_overlap,
    predicted: sums.rounded,
    truth: sums.truth,
    pixels: count,
  };
}

function diceLoss({ overlap, positive, truth }: Pick<LossSums, "overlap" | "positive" | "truth">): number {
  return 1 - (2 * overlap + SMOOTH) / (positive + truth + SMOOTH);
}

function meanEntropy({ entropy, count }: { entropy: number; count: number }): number {
  return entropy / count;
}

/** TP + alpha FP + beta FN + s, with TP = sum(p t), FP = sum p - TP and FN = sum t - TP. */
function tverskyTotal({ overlap, positive, truth }: BatchSums): number {
  return (1 - TVERSKY.ALPHA - TVERSKY.BETA) * overlap + TVERSKY.ALPHA * positive + TVERSKY.BETA * truth +
    SMOOTH;
}
