/**
 * A model on a device: from images to logits.
 * This module is browser compatible.
 *
 * @module
 */
import type { Gpu } from "../gpu/gpu.ts";
import type { RgbImage } from "../image/image.ts";
import { normalizeImage } from "../image/normalize.ts";
import { resizeImage } from "../image/resize.ts";
import { sigmoid } from "../math.ts";
import type { Tensor } from "../tensor.ts";
import type { Model, ModelDescription } from "../unet/model_format.ts";
import { UNet } from "../unet/unet.ts";
import { meanLogits, mirror, MIRRORINGS } from "./flips.ts";
import type { ProbabilityMap } from "./probability_map.ts";

/** Options of {@linkcode Predictor.create}. */
export interface PredictorOptions {
  /** Whether to average over the image mirrored left-right, up-down, and both ways: four times the work. */
  readonly flips?: boolean;
}

/** A model on a device. */
export class Predictor {
  /** The description of the model in its file. */
  readonly description: ModelDescription;
  readonly #unet: UNet;
  readonly #flips: boolean;

  private constructor(description: ModelDescription, unet: UNet, flips: boolean) {
    this.description = description;
    this.#unet = unet;
    this.#flips = flips;
  }

  /**
   * Uploads a model to a device.
   *
   * @throws {TypeError} if the weights do not match the network
   * @throws {RangeError} if they do not fit the device, or are not finite
   */
  static async create(gpu: Gpu, model: Model, options: PredictorOptions = {}): Promise<Predictor> {
    const { state, description } = model;
    const unet = await UNet.create(gpu, description.network, { state });
    return new Predictor(description, unet, options.flips ?? false);
  }

  /** An image as input of the network: `[3, size, size]`, resized and normalized as in training. */
  prepare(image: RgbImage): Tensor {
    const { size, normalize } = this.description;
    return normalizeImage(resizeImage(image, { width: size, height: size }), normalize);
  }

  /**
   * Computes logits.
   *
   * @param images [N, 3, H, W], normalized; H and W multiples of 32
   * @returns [N, 1, H, W]; with flips, those of the mean probability
   * @throws {TypeError} if the shape is not that of a batch of images
   * @throws {Error} if a logit is NaN
   */
  async logits(images: Tensor): Promise<Tensor> {
    const views: Tensor[] = [];
    for (const mirroring of this.#flips ? MIRRORINGS : MIRRORINGS.slice(0, 1)) {
      views.push(mirror(await this.#unet.logits(mirror(images, mirroring)), mirroring));
    }
    const logits = this.#flips ? meanLogits(views) : views[0]!;
    const bad = logits.data.findIndex((value) => Number.isNaN(value));
    if (bad >= 0) {
      throw new Error(
        `Cannot predict: the logit at index ${bad} is NaN\n` +
          "hint: check for weights that are too large; --kernels strict computes with higher precision",
      );
    }
    return logits;
  }

  /**
   * The foreground probability of each pixel of each image, at the network's size.
   *
   * @throws as {@linkcode Predictor.logits}
   */
  async predict(images: readonly RgbImage[]): Promise<ProbabilityMap[]> {
    return probabilityMaps(await this.logits(stack(images.map((image) => this.prepare(image)))));
  }

  /** Frees the network's memory; the device stays open. */
  close(): void {
    this.#unet.close();
  }
}

/** The probabilities of a batch of logits, `[N, 1, H, W]`: one map per image. */
export function probabilityMaps({ shape, data }: Tensor): ProbabilityMap[] {
  const [count, , height, width] = shape as [number, number, number, number];
  const pixels = width * height;
  return Array.from({ length: count }, (_, index) => ({
    width,
    height,
    data: data.subarray(index * pixels, (index + 1) * pixels).map(sigmoid),
  }));
}

/** Tensors of the same shape as a batch. */
function stack(tensors: readonly Tensor[]): Tensor {
  const [first] = tensors;
  if (first === undefined) throw new TypeError("Cannot make a batch of no images");
  const data = new Float32Array(tensors.length * first.data.length);
  tensors.forEach((tensor, index) => data.set(tensor.data, index * first.data.length));
  return { shape: [tensors.length, ...first.shape], data };
}
