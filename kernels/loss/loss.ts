/**
 * The loss 0.6 dice + 0.4 binary cross-entropy of logits, its gradient, and the batch's metrics.
 *
 * @module
 */
import { ceilDiv, flatGrid, grid } from "../grid.ts";
import { type Dispatch, kernel } from "../kernel.ts";
import { f32, packParams } from "../params.ts";
import gradientCode from "./gradient.wgsl" with { type: "text" };
import sumsCode from "./sums.wgsl" with { type: "text" };
import totalCode from "./total.wgsl" with { type: "text" };

const WORKGROUP = 64;

/** Sums kept for each band of logits. */
export const LOSS_SUMS = 7;

/** See {@linkcode lossScale}. */
const SCALED_GRADIENT = 8;

/** Floats of one record in the history of metrics: loss, dice, bce, accuracy, then sums over the
 * batch of rounded p times t, rounded p, t, and elements. */
export const RECORD_SIZE = 8;

/** Logits of one band of the partial sums, at least. */
const LEAST_BAND = 256;

/** Bands of a batch, at most, but for what every image rounds up. */
const MOST_BANDS = 4096;

/** How the logits of a batch are cut for partial sums. */
export interface LossBands {
  /** Logits of a band; an image's last may have fewer. */
  readonly size: number;
  /** Bands of an image. */
  readonly perImage: number;
  /** Bands of the batch. */
  readonly total: number;
}

/** Cuts a batch of images with `imageSize` logits each. */
export function lossBands(batch: number, imageSize: number): LossBands {
  const size = Math.max(LEAST_BAND, ceilDiv(batch * imageSize, MOST_BANDS));
  const perImage = ceilDiv(imageSize, size);
  return { size, perImage, total: batch * perImage };
}

/**
 * Partial sums of `images` images from `firstImage` on, among those of the batch; bindings logits, target_mask,
 * partial, step.
 */
export function lossSums(images: number, imageSize: number, bands: LossBands, firstImage = 0): Dispatch {
  return {
    kernel: kernel("loss/sums", sumsCode),
    params: packParams([images, imageSize, bands.size, bands.perImage, bands.total, firstImage]),
    workgroups: grid("loss/sums", images * bands.perImage, WORKGROUP),
  };
}

/** Totals and metrics of a batch of `count` logits; bindings partial, sums, history, step. */
export function lossTotal(bands: number, count: number): Dispatch {
  return {
    kernel: kernel("loss/total", totalCode),
    params: packParams([bands, count]),
    workgroups: [1, 1, 1],
  };
}

/**
 * The power of two that the loss of `count` logits is multiplied by where its gradients are stored as float16: a
 * logit's gradient is a few times `1 / count`, and becomes a few times {@linkcode SCALED_GRADIENT} this way. That
 * leaves a factor of thousands to float16's largest value, 65504, and of a hundred million to its smallest.
 */
export function lossScale(count: number): number {
  return SCALED_GRADIENT * 2 ** Math.floor(Math.log2(count));
}

/** Gradient of the loss by `count` logits, times `scale`; bindings logits, target_mask, sums, gradient. */
export function lossGradient(count: number, scale = 1): Dispatch {
  return {
    kernel: kernel("loss/gradient", gradientCode),
    params: packParams([count, f32(scale)]),
    workgroups: flatGrid("loss/gradient", count, WORKGROUP),
  };
}
