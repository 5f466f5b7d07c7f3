/**
 * The loss of a batch in float64: its sums, its record, and its gradient, with the layouts of the kernels. The
 * evaluation reports it, and the self-tests compare the kernels with it. This module is browser compatible.
 *
 * @module
 */
import {
  type BatchSums,
  COMBINED,
  diceLoss,
  IGNORED_TARGET,
  LEAST_LOGARITHM,
  LOSSES,
  type LossName,
  type LossRecord,
  type LossSpec,
  type LossSums,
  meanEntropy,
  type Pixel,
  SMOOTH,
  SUM_NAMES,
} from "./definition.ts";

/** Logits of a batch, NCHW, and their targets. */
export interface LossBatch {
  /** [images, classes, pixels]; with a softmax [images, 1 + classes, pixels], the background's first. */
  readonly logits: ArrayLike<number>;
  /** [images, classes, pixels] of 0, 1 or -1; with a softmax [images, pixels] of class indices, 0 or -1. */
  readonly targets: ArrayLike<number>;
  /** Pixels of an image. */
  readonly pixels: number;
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

/** The sums over a batch's pixels for each class. */
export function sumBatch(batch: LossBatch, spec: LossSpec): LossSums[] {
  const sums = Array.from({ length: spec.classes }, noSums);
  const { logits, targets, pixels } = batch;
  if (spec.head === "softmax") {
    addSoftmax(sums, batch);
    return sums;
  }
  for (let index = 0; index < logits.length; index++) {
    addPixel(
      sums[Math.floor(index / pixels) % spec.classes]!,
      pixelOf(logits[index]!, targets[index]!),
      spec.loss,
    );
  }
  return sums;
}

/** The sums of several batches together. */
export function addSums(batches: readonly (readonly LossSums[])[]): LossSums[] {
  return batches[0]!.map((_, index) => {
    const sums = noSums();
    for (const name of SUM_NAMES) sums[name] = batches.reduce((total, each) => total + each[index]![name], 0);
    return sums;
  });
}

/** The sums that gradients are computed from, given those of each class and the number of targets. */
export function batchSums(sums: readonly LossSums[], targets: number): BatchSums[] {
  // A batch in which everything is ignored has no loss rather than 0 / 0.
  const count = Math.max(1, targets - totalOf(sums, "ignored")) / sums.length;
  return sums.map(({ overlap, positive, truth }) => ({ overlap, positive, truth, count }));
}

/** The record of a batch, given the sums of each class and the number of targets. */
export function recordOf(sums: readonly LossSums[], targets: number, { loss }: LossSpec): LossRecord {
  const pixels = targets - totalOf(sums, "ignored");
  const classes = batchSums(sums, targets).map((batch, index) => ({ ...sums[index]!, ...batch }));
  const mean = (value: (of: LossSums & BatchSums) => number) =>
    classes.reduce((total, of) => total + value(of), 0) / classes.length;
  return {
    loss: mean(LOSSES[loss].value),
    dice: mean(diceLoss),
    bce: mean(meanEntropy),
    accuracy: totalOf(sums, "correct") / Math.max(1, pixels),
    overlap: totalOf(sums, "rounded_overlap"),
    predicted: totalOf(sums, "rounded"),
    truth: totalOf(sums, "truth"),
    pixels,
    ...(sums.length > 1
      ? {
        classes: sums.map((of) => ({ overlap: of.rounded_overlap, predicted: of.rounded, truth: of.truth })),
      }
      : {}),
  };
}

/** The gradient of the loss by every logit, in the order of the logits. */
export function batchGradient(
  batch: LossBatch,
  sums: readonly BatchSums[],
  { loss, head, classes }: LossSpec,
): Float64Array {
  const { logits, targets, pixels } = batch;
  const gradient = new Float64Array(logits.length);
  if (head === "softmax") {
    setSoftmaxGradient(gradient, batch, sums);
    return gradient;
  }
  for (let index = 0; index < logits.length; index++) {
    if (targets[index]! === IGNORED_TARGET) continue;
    const pixel = pixelOf(logits[index]!, targets[index]!);
    const of = sums[Math.floor(index / pixels) % classes]!;
    gradient[index] = LOSSES[loss].gradient(pixel, of) / classes;
  }
  return gradient;
}

function noSums(): LossSums {
  return Object.fromEntries(SUM_NAMES.map((name) => [name, 0])) as LossSums;
}

function totalOf(sums: readonly LossSums[], name: keyof LossSums): number {
  return sums.reduce((total, of) => total + of[name], 0);
}

/** A probability of 1/2 rounds to the even 0. */
function addPixel(sums: LossSums, pixel: Pixel, loss: LossName): void {
  const { truth, p, logP, logQ } = pixel;
  if (truth === IGNORED_TARGET) {
    sums.ignored++;
    return;
  }
  const rounded = p > 0.5 ? 1 : 0;
  sums.overlap += p * truth;
  sums.positive += p;
  sums.truth += truth;
  sums.entropy -= truth * Math.max(LEAST_LOGARITHM, logP) + (1 - truth) * Math.max(LEAST_LOGARITHM, logQ);
  sums.correct += rounded === truth ? 1 : 0;
  sums.rounded_overlap += rounded * truth;
  sums.rounded += rounded;
  sums.term += LOSSES[loss].term?.(pixel) ?? 0;
}

/** The channels of a pixel under a softmax. One object is filled again and again: batches have millions of pixels. */
class SoftmaxPixel {
  /** Index of the logit of the first channel. */
  first = 0;
  /** The most probable channel; the first of several. */
  best = 0;
  /** exp(z - z of the most probable channel) of every channel: 1 for that one. */
  readonly powers: Float64Array;
  /** The sum of the powers of all channels but the most probable one. */
  rest = 0;
  readonly #batch: LossBatch;

  constructor(batch: LossBatch, channels: number) {
    this.#batch = batch;
    this.powers = new Float64Array(channels);
  }

  /** The logit of a channel, less that of the most probable one. */
  logit(channel: number): number {
    const { logits, pixels } = this.#batch;
    return logits[this.first + channel * pixels]! - logits[this.first + this.best * pixels]!;
  }

  /** Reads the pixel of a target. */
  read(place: number): void {
    const { logits, pixels } = this.#batch;
    const { powers } = this;
    const channels = powers.length;
    this.first = Math.floor(place / pixels) * channels * pixels + place % pixels;
    this.best = 0;
    for (let channel = 1; channel < channels; channel++) {
      if (logits[this.first + channel * pixels]! > logits[this.first + this.best * pixels]!) {
        this.best = channel;
      }
    }
    this.rest = 0;
    for (let channel = 0; channel < channels; channel++) {
      powers[channel] = Math.exp(this.logit(channel));
      if (channel !== this.best) this.rest += powers[channel]!;
    }
  }
}

function addSoftmax(sums: readonly LossSums[], batch: LossBatch): void {
  const { targets } = batch;
  const pixel = new SoftmaxPixel(batch, sums.length + 1);
  for (let place = 0; place < targets.length; place++) {
    const target = targets[place]!;
    if (target === IGNORED_TARGET) {
      sums[0]!.ignored++;
      continue;
    }
    pixel.read(place);
    const { best, powers, rest } = pixel;
    for (let channel = 1; channel <= sums.length; channel++) {
      const of = sums[channel - 1]!;
      const p = powers[channel]! / (1 + rest);
      of.positive += p;
      if (best === channel) of.rounded++;
      if (target !== channel) continue;
      of.overlap += p;
      of.truth++;
      if (best === channel) of.rounded_overlap++;
    }
    const own = sums[Math.max(0, target - 1)]!;
    own.entropy -= pixel.logit(target) - Math.log1p(rest);
    if (best === target) own.correct++;
  }
}

/**
 * With g the derivative of the mean Dice loss by the probabilities, that by the logit of channel c is
 * `p_c (g_c - sum_j p_j g_j)`; that of the cross-entropy is `p_c`, less 1 for the true channel.
 */
function setSoftmaxGradient(gradient: Float64Array, batch: LossBatch, sums: readonly BatchSums[]): void {
  const { targets, pixels } = batch;
  const classes = sums.length;
  const pixel = new SoftmaxPixel(batch, classes + 1);
  const slopeOf = (channel: number, target: number) => {
    if (channel === 0) return 0;
    const { overlap, positive, truth } = sums[channel - 1]!;
    const size = positive + truth + SMOOTH;
    return ((2 * overlap + SMOOTH) / size - (target === channel ? 2 : 0)) / size / classes;
  };
  for (let place = 0; place < targets.length; place++) {
    const target = targets[place]!;
    if (target === IGNORED_TARGET) continue;
    pixel.read(place);
    const { first, best, powers, rest } = pixel;
    const total = 1 + rest;
    let pull = 0;
    for (let channel = 0; channel <= classes; channel++) {
      if (channel !== best) pull += powers[channel]! * slopeOf(channel, target);
    }
    const bestSlope = slopeOf(best, target);
    for (let channel = 0; channel <= classes; channel++) {
      const power = powers[channel]!;
      const p = power / total;
      // The differences without what the most probable channel cancels.
      const dice = channel === best
        ? p * (bestSlope * rest - pull) / total
        : p * (slopeOf(channel, target) - (bestSlope + pull) / total);
      const others = channel === best ? rest : total - power;
      const entropy = channel === target ? -others / total : p;
      gradient[first + channel * pixels] = COMBINED.DICE_WEIGHT * dice +
        COMBINED.BCE_WEIGHT * entropy / (sums[0]!.count * classes);
    }
  }
}
