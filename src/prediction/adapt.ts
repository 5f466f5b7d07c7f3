/**
 * Prediction of images that are far from the training images: as they are and with inverted intensities, of which one
 * is kept. What was measured of this choice: docs/results/domain_shift.md.
 * This module is browser compatible.
 *
 * @module
 */
import type { AppearanceJudge } from "../appearance/appearance.ts";
import { invertInput, isPadding } from "../appearance/invert.ts";
import type { Tensor } from "../tensor.ts";
import { classCount, headOf } from "../unet/config.ts";
import type { ModelDescription } from "../unet/model_format.ts";

/** What is done to an image before it is predicted. */
export type Adaptation = "inverted";

/** The distance up to which images are predicted as they are: of usual images, some exceed 1, and few 1.5. */
export const FAR = 2;

/** By this the inverted image must be nearer to be kept whatever it finds. */
const MUCH_NEARER = 0.5;

/** How images are adapted. */
export interface AdaptOptions {
  /** Tells how far images are from the training images. */
  readonly judge: AppearanceJudge;
  /** The share of foreground that is usual, as of {@linkcode usualShare}. */
  readonly share: number;
  /** How inputs are normalized. */
  readonly normalize: ModelDescription["normalize"];
  /** Predicts one image, `[1, 3, h, w]`, that is at a place of the batch. */
  readonly predict: (image: Tensor, place: number) => Promise<Tensor>;
  /** Called for each image that is adapted. */
  readonly onAdapted?: ((place: number, adaptation: Adaptation) => void) | undefined;
}

/**
 * The share of foreground in the validation of a model, the mean of what is true and what was predicted: with the
 * accuracy a, of which all errors are missing, and the Dice score d of the pooled pixels, (1 - a) / (2 (1 - d)). Null if
 * the model's file does not tell, and for several classes, whose metrics are means.
 */
export function usualShare(
  { network, metrics }: Pick<ModelDescription, "network" | "metrics">,
): number | null {
  if (classCount(network) !== 1 || headOf(network) !== "sigmoid") return null;
  const { "valid/accuracy": accuracy, "valid/dice": dice } = metrics ?? {};
  if (typeof accuracy !== "number" || typeof dice !== "number") return null;
  const share = (1 - accuracy) / (2 * (1 - dice));
  return share > 0 && share < 1 ? share : null;
}

/** Why images of a model cannot be adapted, as the end of a sentence; null if they can. */
export function whyNotAdapted(description: ModelDescription): string | null {
  if (!description.appearance) return "the model's file does not keep what its training images look like";
  if (usualShare(description) !== null) return null;
  return classCount(description.network) > 1
    ? "the model has several classes"
    : "the model's file does not tell how much foreground is usual";
}

/**
 * The logits of a batch, `[N, 1, h, w]`, in which those of images that are far from the training images may be of
 * inverted ones: if inverting halves the distance, or else if the share of foreground is nearer to the usual one.
 */
export async function adaptLogits(images: Tensor, logits: Tensor, options: AdaptOptions): Promise<Tensor> {
  const { judge, share, normalize, predict, onAdapted } = options;
  const [count, ...shape] = images.shape as [number, number, number, number];
  const [inputs, outputs] = [images.data.length / count, logits.data.length / count];
  let adapted: Tensor | null = null;
  for (let place = 0; place < count; place++) {
    const image = { shape, data: images.data.subarray(place * inputs, (place + 1) * inputs) };
    const { distance } = judge.judge(image);
    if (distance <= FAR) continue;
    const plain = logits.data.subarray(place * outputs, (place + 1) * outputs);
    // Color may be of the other look as well.
    const [other] = [false, true].map((gray) => {
      const input = invertInput(image, normalize, { gray });
      return { input, distance: judge.judge(input).distance };
    }).sort((a, b) => a.distance - b.distance) as [{ input: Tensor; distance: number }];
    const { data: inverted } = await predict({ shape: [1, ...shape], data: other.input.data }, place);
    const isNearer = other.distance < MUCH_NEARER * distance;
    const surplus = (values: Float32Array) => Math.abs(foundShare(image, values) - share);
    if (!isNearer && surplus(inverted) >= surplus(plain)) continue;
    adapted ??= { shape: logits.shape, data: logits.data.slice() };
    adapted.data.set(inverted, place * outputs);
    onAdapted?.(place, "inverted");
  }
  return adapted ?? logits;
}

/** The share of an image, without padding, that logits make foreground. */
export function foundShare({ data }: Tensor, logits: Float32Array): number {
  const plane = data.length / 3;
  let [found, pixels] = [0, 0];
  for (let at = 0; at < plane; at++) {
    if (isPadding(data, plane, at)) continue;
    pixels++;
    if (logits[at]! > 0) found++;
  }
  return found / Math.max(1, pixels);
}
