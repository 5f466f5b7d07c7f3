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
 * How the logits of a pixel become probabilities: each class's by a sigmoid of its own, or those of the background and
 * of all classes together by a softmax.
 */
export type Head = "sigmoid" | "softmax";

/** Names of the heads; the first is the default. */
export const HEADS: readonly Head[] = ["sigmoid", "softmax"];

/** The target of a pixel that nobody labelled: it has no share in any sum. */
export const IGNORED_TARGET = -1;

/** What a loss is computed of. */
export interface LossSpec {
  /** The loss. */
  readonly loss: LossName;
  /** How logits become probabilities. With a softmax the background's channel comes before those of the classes. */
  readonly head: Head;
  /** Number of classes, without the background. */
  readonly classes: number;
}

/**
 * Sums over the pixels of a batch for each class, in the order of the partial sums' rows. With `p` the probability, `t`
 * the truth and `r` the rounded probability: p t, p, t, the cross-entropy, r == t, r t, r, the loss's own term, and
 * ignored pixels. With a softmax, `r` is 1 for the most probable channel, and a pixel's cross-entropy and its share of
 * `correct` are counted under its true class; the first class also has those of background pixels and the ignored ones.
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
  "ignored",
] as const;

/** How a field of the record combines over batches: mean weighted by samples, sum, or not at all. */
export type Combination = "mean" | "sum" | "none";

/** Pixels of one class in a batch. */
export interface ClassCounts {
  /** Pixels that are predicted and true. */
  overlap: number;
  /** Pixels that are predicted. */
  predicted: number;
  /** Pixels that are true. */
  truth: number;
}

/** Names of the counts of a class, in the order of the record's floats. */
export const CLASS_FIELDS = ["overlap", "predicted", "truth"] as const satisfies (keyof ClassCounts)[];

/** Metrics of one batch; counts are summed over classes. */
export interface LossRecord {
  /** The loss that is trained on. */
  loss: number;
  /** 1 - the soft Dice coefficient of the whole batch, the mean over classes, for every loss. */
  dice: number;
  /** Mean cross-entropy, binary with a sigmoid, for every loss. */
  bce: number;
  /** Share of pixels whose rounded probability equals the mask, or whose most probable channel is the true one. */
  accuracy: number;
  /** Pixels that are predicted and true. */
  overlap: number;
  /** Pixels that are predicted. */
  predicted: number;
  /** Pixels that are true. */
  truth: number;
  /** Targets that are not ignored: pixels, with a sigmoid those of all classes. */
  pixels: number;
  /** The counts of each class; absent for a single one, whose counts are those above. */
  classes?: ClassCounts[];
}

/** Name of a field of the record that is one number. */
export type RecordField = Exclude<keyof LossRecord, "classes">;

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

/** Floats of the record of a batch. */
export function recordSize(classes: number): number {
  return RECORD_NAMES.length + (classes > 1 ? classes * CLASS_FIELDS.length : 0);
}

/** The sums of a class that gradients are computed from. */
export type BatchSums = Pick<LossSums, "overlap" | "positive" | "truth"> & {
  /** Targets that are not ignored, of all classes, divided by the number of classes. */
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
  /** The loss of a batch by the sums of one class; that of several classes is the mean. */
  readonly value: (sums: LossSums & BatchSums) => number;
  /** Whether it can be trained on with a softmax, too. */
  readonly softmax?: true;
  /** The derivative of the loss by a pixel's logit, with a sigmoid. */
  readonly gradient: (pixel: Pixel, sums: BatchSums) => number;
}

/** Weights of the combined loss. */
export const COMBINED = { DICE_WEIGHT: 0.6, BCE_WEIGHT: 0.4 };
const FOCAL = { ALPHA: 0.25, GAMMA: 2 };
const TVERSKY = { ALPHA: 0.3, BETA: 0.7 };

/** Name of a loss. */
export type LossName = "combined" | "focal" | "tversky";

/** The losses by name. */
export const LOSSES: Readonly<Record<LossName, LossDefinition>> = {
  combined: {
    summary: `${COMBINED.DICE_WEIGHT} Dice loss + ${COMBINED.BCE_WEIGHT} binary cross-entropy`,
    constants: COMBINED,
    softmax: true,
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
  // Lin et al. 2017, arXiv:1708.02002
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
  // Salehi et al. 2017, arXiv:1706.05721
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

/** The loss of the original network. */
export const ONE_CLASS: LossSpec = { loss: DEFAULT_LOSS, head: "sigmoid", classes: 1 };

/**
 * Checks that a loss can be trained on with a head.
 *
 * @throws {RangeError} naming both.
 */
export function checkLossHead(loss: LossName, head: Head): void {
  if (head === "sigmoid" || LOSSES[loss].softmax) return;
  const possible = LOSS_NAMES.filter((name) => LOSSES[name].softmax).join(" or ");
  throw new RangeError(
    `Cannot train with loss "${loss}" and head "${head}"\nhint: use --loss ${possible}, or --head sigmoid`,
  );
}

/** The WGSL constants of a loss: its own, and those of every loss. */
export function lossConstants({ loss, classes }: LossSpec): Record<string, number> {
  return { ...sharedConstants(classes), ...LOSSES[loss].constants };
}

/** The WGSL constants of every loss, those of `kernels/parts/loss.wgsl`. */
export function sharedConstants(classes: number): Record<string, number> {
  const places = (prefix: string, names: readonly string[]) =>
    Object.fromEntries(names.map((name, index) => [`${prefix}_${name.toUpperCase()}`, index]));
  return {
    SMOOTH,
    LEAST_LOGARITHM,
    SUMS: SUM_NAMES.length,
    ...places("SUM", SUM_NAMES),
    RECORD_SIZE: recordSize(classes),
    ...places("RECORD", RECORD_NAMES),
    CLASSES: classes,
  };
}

/** 1 - the soft Dice coefficient of a class. */
export function diceLoss(
  { overlap, positive, truth }: Pick<LossSums, "overlap" | "positive" | "truth">,
): number {
  return 1 - (2 * overlap + SMOOTH) / (positive + truth + SMOOTH);
}

/** The mean cross-entropy. */
export function meanEntropy({ entropy, count }: { entropy: number; count: number }): number {
  return entropy / count;
}

/** TP + alpha FP + beta FN + s, with TP = sum(p t), FP = sum p - TP and FN = sum t - TP. */
function tverskyTotal({ overlap, positive, truth }: BatchSums): number {
  return (1 - TVERSKY.ALPHA - TVERSKY.BETA) * overlap + TVERSKY.ALPHA * positive + TVERSKY.BETA * truth +
    SMOOTH;
}
