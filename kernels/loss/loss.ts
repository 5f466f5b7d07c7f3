/**
 * The loss of a batch of logits, its gradient and the batch's metrics. `definition.ts` says what the losses are; each
 * has a WGSL part, which the kernels of the sigmoid head share. With a softmax, sums and gradient have kernels of their
 * own, because a pixel's channels depend on each other. This module is browser compatible.
 *
 * @module
 */
import { ceilDiv, flatGrid, grid } from "../grid.ts";
import { type Dispatch, type Kernel, kernel } from "../kernel.ts";
import { f32, packParams } from "../params.ts";
import { lossConstants, type LossSpec, ONE_CLASS, sharedConstants, SUM_NAMES } from "./definition.ts";
import gradientCode from "./gradient.wgsl" with { type: "text" };
import { LOSS_PARTS } from "./losses.ts";
import softmaxGradientCode from "./softmax_gradient.wgsl" with { type: "text" };
import softmaxPixelsCode from "./softmax_pixels.wgsl" with { type: "text" };
import softmaxSumsCode from "./softmax_sums.wgsl" with { type: "text" };
import sumsCode from "./sums.wgsl" with { type: "text" };
import totalCode from "./total.wgsl" with { type: "text" };

/** The part that the kernels name, in whose place another loss's is compiled. */
const NAMED_PART = "combined.wgsl";

const WORKGROUP = 64;

/** Sums kept for each class and band of logits. */
export const LOSS_SUMS = SUM_NAMES.length;

/** Floats of the batch sums of a class that gradients are computed from. */
export const BATCH_SUMS = 4;

/** Floats per pixel that the sums of a softmax need. */
export const SOFTMAX_PIXEL = 4;

/** See {@linkcode lossScale}. */
const SCALED_GRADIENT = 8;

/** Minimum logits per band of the partial sums. */
const LEAST_BAND = 256;

/** Maximum bands of a batch, apart from rounding up within each image. */
const MOST_BANDS = 4096;

/** How the logits of a class are cut for partial sums. */
export interface LossBands {
  /** Logits of a band; an image's last band may have fewer. */
  readonly size: number;
  /** Bands of an image. */
  readonly perImage: number;
  /** Bands of the batch. */
  readonly total: number;
}

/** Cuts a batch of images with `imageSize` pixels each into bands. */
export function lossBands(batch: number, imageSize: number): LossBands {
  const size = Math.max(LEAST_BAND, ceilDiv(batch * imageSize, MOST_BANDS));
  const perImage = ceilDiv(imageSize, size);
  return { size, perImage, total: batch * perImage };
}

/**
 * Partial sums of `images` images of `imageSize` pixels, the first of which is number `firstImage` of the micro-batch;
 * bindings logits, target_mask, partial, step, and with a softmax `pixels`, which {@linkcode softmaxPixels} writes.
 */
export function lossSums(
  images: number,
  imageSize: number,
  bands: LossBands,
  firstImage = 0,
  spec: LossSpec = ONE_CLASS,
): Dispatch {
  return {
    kernel: spec.head === "softmax"
      ? kernel("loss/softmax_sums", softmaxSumsCode, sharedConstants(spec.classes))
      : lossKernel("loss/sums", sumsCode, spec),
    params: packParams([images, imageSize, bands.size, bands.perImage, bands.total, firstImage]),
    workgroups: grid("loss/sums", images * bands.perImage * spec.classes, WORKGROUP),
  };
}

/** What the sums of a softmax need to know of `images` images' pixels; bindings logits, target_mask, pixels. */
export function softmaxPixels(images: number, imageSize: number, { classes }: LossSpec): Dispatch {
  const count = images * imageSize;
  return {
    kernel: kernel("loss/softmax_pixels", softmaxPixelsCode, { CLASSES: classes }),
    params: packParams([count, imageSize]),
    workgroups: flatGrid("loss/softmax_pixels", count, WORKGROUP),
  };
}

/** Totals and metrics of a batch of `count` targets; bindings partial, sums, history, step. */
export function lossTotal(bands: number, count: number, spec: LossSpec = ONE_CLASS): Dispatch {
  return {
    kernel: lossKernel("loss/total", totalCode, spec),
    params: packParams([bands, count]),
    workgroups: [1, 1, 1],
  };
}

/**
 * The power of two by which the loss of `count` targets is multiplied if gradients are stored as float16: a logit's
 * gradient is a few times `1 / count`, and this way becomes a few times {@linkcode SCALED_GRADIENT}. That leaves a
 * factor of thousands to float16's largest value, 65504, and of a hundred million to its smallest.
 */
export function lossScale(count: number): number {
  return SCALED_GRADIENT * 2 ** Math.floor(Math.log2(count));
}

/**
 * Gradient of the loss by the logits of `images` images of `imageSize` pixels, times `scale`; bindings logits,
 * target_mask, sums, gradient.
 */
export function lossGradient(
  images: number,
  imageSize: number,
  scale = 1,
  spec: LossSpec = ONE_CLASS,
): Dispatch {
  if (spec.head === "softmax") {
    const count = images * imageSize;
    return {
      kernel: kernel("loss/softmax_gradient", softmaxGradientCode, lossConstants(spec)),
      params: packParams([count, imageSize, f32(scale)]),
      workgroups: flatGrid("loss/softmax_gradient", count, WORKGROUP),
    };
  }
  const count = images * spec.classes * imageSize;
  return {
    kernel: lossKernel("loss/gradient", gradientCode, spec),
    params: packParams([count, imageSize, f32(scale / spec.classes)]),
    workgroups: flatGrid("loss/gradient", count, WORKGROUP),
  };
}

function lossKernel(label: string, code: string, spec: LossSpec): Kernel {
  return kernel(label, code, lossConstants(spec), { [NAMED_PART]: LOSS_PARTS[spec.loss] });
}
