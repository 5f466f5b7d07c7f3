/**
 * The loss of a batch of logits, its gradient and the batch's metrics. `definition.ts` says what the losses are; each
 * has a WGSL part, which the three kernels share. This module is browser compatible.
 *
 * @module
 */
import { ceilDiv, flatGrid, grid } from "../grid.ts";
import { type Dispatch, type Kernel, kernel } from "../kernel.ts";
import { f32, packParams } from "../params.ts";
import { DEFAULT_LOSS, lossConstants, type LossName, RECORD_NAMES, SUM_NAMES } from "./definition.ts";
import gradientCode from "./gradient.wgsl" with { type: "text" };
import { LOSS_PARTS } from "./losses.ts";
import sumsCode from "./sums.wgsl" with { type: "text" };
import totalCode from "./total.wgsl" with { type: "text" };

/** The part that the kernels name, in whose place another loss's is compiled. */
const NAMED_PART = "combined.wgsl";

const WORKGROUP = 64;

/** Sums kept for each band of logits. */
export const LOSS_SUMS = SUM_NAMES.length;

/** Floats of the batch sums that gradients are computed from. */
export const BATCH_SUMS = 4;

/** Floats of one batch's record in the history. */
export const RECORD_SIZE = RECORD_NAMES.length;

/** See {@linkcode lossScale}. */
const SCALED_GRADIENT = 8;

/** Minimum logits per band of the partial sums. */
const LEAST_BAND = 256;

/** Maximum bands of a batch, apart from rounding up within each image. */
const MOST_BANDS = 4096;

/** How the logits of a batch are cut for partial sums. */
export interface LossBands {
  /** Logits of a band; an image's last band may have fewer. */
  readonly size: number;
  /** Bands of an image. */
  readonly perImage: number;
  /** Bands of the batch. */
  readonly total: number;
}

/** Cuts a batch of images with `imageSize` logits each into bands. */
export function lossBands(batch: number, imageSize: number): LossBands {
  const size = Math.max(LEAST_BAND, ceilDiv(batch * imageSize, MOST_BANDS));
  const perImage = ceilDiv(imageSize, size);
  return { size, perImage, total: batch * perImage };
}

/**
 * Partial sums of `images` images, the first of which is number `firstImage` of the micro-batch; bindings logits,
 * target_mask, partial, step.
 */
export function lossSums(
  images: number,
  imageSize: number,
  bands: LossBands,
  firstImage = 0,
  loss: LossName = DEFAULT_LOSS,
): Dispatch {
  return {
    kernel: lossKernel("loss/sums", sumsCode, loss),
    params: packParams([images, imageSize, bands.size, bands.perImage, bands.total, firstImage]),
    workgroups: grid("loss/sums", images * bands.perImage, WORKGROUP),
  };
}

/** Totals and metrics of a batch of `count` logits; bindings partial, sums, history, step. */
export function lossTotal(bands: number, count: number, loss: LossName = DEFAULT_LOSS): Dispatch {
  return {
    kernel: lossKernel("loss/total", totalCode, loss),
    params: packParams([bands, count]),
    workgroups: [1, 1, 1],
  };
}

/**
 * The power of two by which the loss of `count` logits is multiplied if its gradients are stored as float16: a logit's
 * gradient is a few times `1 / count`, and this way becomes a few times {@linkcode SCALED_GRADIENT}. That leaves a
 * factor of thousands to float16's largest value, 65504, and of a hundred million to its smallest.
 */
export function lossScale(count: number): number {
  return SCALED_GRADIENT * 2 ** Math.floor(Math.log2(count));
}

/** Gradient of the loss by `count` logits, times `scale`; bindings logits, target_mask, sums, gradient. */
export function lossGradient(count: number, scale = 1, loss: LossName = DEFAULT_LOSS): Dispatch {
  return {
    kernel: lossKernel("loss/gradient", gradientCode, loss),
    params: packParams([count, f32(scale)]),
    workgroups: flatGrid("loss/gradient", count, WORKGROUP),
  };
}

function lossKernel(label: string, code: string, loss: LossName): Kernel {
  return kernel(label, code, lossConstants(loss), { [NAMED_PART]: LOSS_PARTS[loss] });
}
