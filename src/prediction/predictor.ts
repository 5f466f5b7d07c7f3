/**
 * A model on a device: from images to logits.
 * This module is browser compatible.
 *
 * @module
 */
import { AppearanceJudge, type ImageAppearance } from "../appearance/appearance.ts";
import { keepMeasured } from "../appearance/encoder_weights.ts";
import type { Head } from "../unet/config.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { RgbImage, SampleImage, Size } from "../image/image.ts";
import { cropPlane, fillsFrame, frameOf, type InputExtents } from "../image/input_frame.ts";
import { firstNaN } from "../math.ts";
import { networkInput } from "../image/network_input.ts";
import type { Tensor } from "../tensor.ts";
import type { Model, ModelDescription } from "../unet/model_format.ts";
import type { WeightsSource } from "../unet/weights_source.ts";
import { classCount, headOf } from "../unet/config.ts";
import { probabilities } from "../unet/probabilities.ts";
import type { LogitsOptions, UNet } from "../unet/unet.ts";
import { type Adaptation, adaptLogits, usualShare } from "./adapt.ts";
import { meanLogits, mirror, MIRRORINGS } from "./flips.ts";
import { NetworkSlot, type Occupant } from "./network_slot.ts";
import type { ProbabilityMap } from "./probability_map.ts";
import { scaleLogits } from "./temperature.ts";
import { logitsByWindows } from "./windows.ts";

/** Options of {@linkcode Predictor.create}. */
export interface PredictorOptions {
  /** Whether to average over the image mirrored left-right, up-down, and both ways: four times the work. */
  readonly flips?: boolean;
  /**
   * Whether images that are far from the training images are predicted with inverted intensities, too, and the one kept
   * that is nearer or finds a more usual share of foreground. Of no effect if the model's file does not tell both.
   */
  readonly adapt?: boolean;
}

/** An image of a dataset, by the name of its split and its path there. */
export interface ImageName {
  /** The name of the split. */
  readonly split: string;
  /** The path. */
  readonly fileName: string;
}

/** Options of a prediction. */
export interface PredictOptions extends LogitsOptions {
  /** Which images of a dataset they are: several models may predict each by those that have not seen it. */
  readonly of?: readonly ImageName[] | undefined;
  /** Whether logits are those of the network, not divided by the temperature of the model's calibration. */
  readonly raw?: boolean | undefined;
  /** Called for each image of the batch that is adapted, with {@linkcode PredictorOptions.adapt}. */
  readonly onAdapted?: ((place: number, adaptation: Adaptation) => void) | undefined;
}

/** What predicts: a model, or several. */
export type ImagePredictor = Pick<
  Predictor,
  "description" | "classes" | "classNames" | "logits" | "predictClasses" | "appearanceOf" | "imageAppearance"
>;

/** A model on a device. */
export class Predictor {
  /** The description of the model in its file. */
  readonly description: ModelDescription;
  readonly #slot: NetworkSlot;
  readonly #occupant: Occupant;
  readonly #options: PredictorOptions;
  readonly #judge: AppearanceJudge | null;
  /** An image that is judged and predicted is resized once. */
  readonly #inputs = new WeakMap<RgbImage | SampleImage, Tensor>();

  private constructor(
    description: ModelDescription,
    slot: NetworkSlot,
    occupant: Occupant,
    options: PredictorOptions,
    judge: AppearanceJudge | null,
  ) {
    this.description = description;
    this.#slot = slot;
    this.#occupant = occupant;
    this.#options = options;
    this.#judge = judge;
  }

  /**
   * Uploads a model to a device.
   *
   * @throws {TypeError} if the weights do not match the network
   * @throws {RangeError} if they do not fit the device, or are not finite
   */
  static async create(
    gpu: Gpu,
    model: Model & { readonly source?: WeightsSource },
    options: PredictorOptions = {},
  ): Promise<Predictor> {
    const { description, source } = model;
    // The only one: its weights need not stay in this process's memory.
    const occupant = { state: null };
    // Of weights that are still in their file, those that measure appearance are kept on their way.
    const poured = source && (description.appearance ? keepMeasured(source) : { source, state: null });
    const slot = await NetworkSlot.create(gpu, description.network, poured ?? model, occupant);
    const state = poured ? poured.state : model.state;
    const judge = state && AppearanceJudge.of({ state, description });
    return new Predictor(description, slot, occupant, options, judge);
  }

  /** A model whose weights come into `slot` when it is its turn; closing it closes the slot. */
  static inSlot(
    slot: NetworkSlot,
    occupant: Occupant,
    description: ModelDescription,
    options: PredictorOptions = {},
  ): Predictor {
    const { state } = occupant;
    const judge = state && AppearanceJudge.of({ state, description });
    return new Predictor(description, slot, occupant, options, judge);
  }

  /** The same network with other options; closing either closes both. */
  with(
    { flips = this.#options.flips ?? false, adapt = this.#options.adapt ?? false, range }:
      & PredictorOptions
      & Pick<ModelDescription, "range">,
  ): Predictor {
    const description = range === undefined ? this.description : { ...this.description, range };
    return new Predictor(description, this.#slot, this.#occupant, { flips, adapt }, this.#judge);
  }

  /** Number of classes. */
  get classes(): number {
    return classCount(this.description.network);
  }

  /** Their names, by default `class 1`, `class 2`, ... */
  get classNames(): string[] {
    const { classes } = this.description;
    return Array.from({ length: this.classes }, (_, index) => classes?.[index]?.name ?? `class ${index + 1}`);
  }

  /** An image as input of the network: `[3, height, width]`, resized and normalized as in training. */
  prepare(image: RgbImage | SampleImage): Tensor {
    let input = this.#inputs.get(image);
    if (input === undefined) this.#inputs.set(image, input = networkInput(image, this.description));
    return input;
  }

  /** {@linkcode Predictor.appearanceOf} of an image. */
  imageAppearance(image: RgbImage | SampleImage): ImageAppearance | null {
    return this.#judge && this.#judge.judge(this.prepare(image));
  }

  /** How far a network's input, `[3, h, w]`, is from the training images; null if the model's file does not tell. */
  appearanceOf(input: Tensor): ImageAppearance | null {
    return this.#judge?.judge(input) ?? null;
  }

  /**
   * Computes logits.
   *
   * @param images [N, 3, H, W], normalized; H and W multiples of the network's step, or, if it reads windows, of any size
   * @returns [N, C, H, W] of the network's channels; with flips, those of the mean probability. Divided by the
   * temperature of the model's calibration, if it has one.
   * @throws {TypeError} if the shape is not that of a batch of images
   * @throws {Error} if a logit is NaN
   */
  async logits(images: Tensor, options: PredictOptions = {}): Promise<Tensor> {
    const { microBatches, onAdapted } = options;
    const plain = await this.#viewed(images, { microBatches });
    const { normalize, calibration } = this.description;
    const share = this.#options.adapt ? usualShare(this.description) : null;
    const logits = this.#judge === null || share === null ? plain : await adaptLogits(images, plain, {
      judge: this.#judge,
      share,
      normalize,
      predict: (image, place) =>
        this.#viewed(image, { microBatches: microBatches && [microBatches[place]!] }),
      onAdapted,
    });
    return options.raw ? logits : scaleLogits(logits, calibration?.temperature);
  }

  /** The logits of the network; with flips, those of the mean probability. */
  async #viewed(images: Tensor, options: LogitsOptions): Promise<Tensor> {
    const views: Tensor[] = [];
    const unet = this.#slot.with(this.#occupant);
    const { patch } = this.description;
    const { flips = false } = this.#options;
    for (const mirroring of flips ? MIRRORINGS : MIRRORINGS.slice(0, 1)) {
      const mirrored = mirror(images, mirroring);
      const view = patch === undefined
        ? await unet.logits(mirrored, options)
        : await logitsOfWhole(unet, mirrored, patch);
      views.push(mirror(view, mirroring));
    }
    const logits = flips ? meanLogits(views, headOf(this.description.network)) : views[0]!;
    const bad = firstNaN(logits.data);
    if (bad >= 0) {
      throw new Error(
        `Cannot predict: the logit at index ${bad} is NaN\n` +
          "hint: check for weights that are too large; --kernels strict computes with higher precision",
      );
    }
    return logits;
  }

  /**
   * The foreground probability of each pixel of each image, at the network's size without padding, by a model of one
   * class.
   *
   * @throws {TypeError} if the model has several classes, and as {@linkcode Predictor.logits}
   */
  async predict(images: readonly (RgbImage | SampleImage)[]): Promise<ProbabilityMap[]> {
    if (this.classes !== 1) {
      throw new TypeError(
        `Cannot predict one probability per pixel: the model has ${this.classes} classes\nhint: use predictClasses()`,
      );
    }
    return (await this.predictClasses(images)).map(([map]) => map!);
  }

  /**
   * For each image the probability maps of all classes, at the network's size without padding. With a softmax the
   * background's is what they leave to 1.
   *
   * @throws as {@linkcode Predictor.logits}
   */
  async predictClasses(
    images: readonly (RgbImage | SampleImage)[],
    options: PredictOptions = {},
  ): Promise<ProbabilityMap[][]> {
    if (this.description.patch !== undefined && images.length > 1) {
      // They may differ in size.
      const each: ProbabilityMap[][] = [];
      for (const [place, image] of images.entries()) {
        const onAdapted = options.onAdapted &&
          ((_: number, how: Adaptation) => options.onAdapted!(place, how));
        each.push(...await this.predictClasses([image], { ...options, onAdapted }));
      }
      return each;
    }
    const logits = await this.logits(stack(images.map((image) => this.prepare(image))), options);
    const maps = classMaps(logits, headOf(this.description.network));
    return images.map((image, index) => cropMaps(maps[index]!, this.description, image));
  }

  /** Frees the network's memory; the device stays open. */
  close(): void {
    this.#slot.close();
  }
}

/** The probabilities of a batch of logits, `[N, C, H, W]`: for each image a map per class, of memory of its own. */
export function classMaps(logits: Tensor, head: Head): ProbabilityMap[][] {
  const { shape, data } = probabilities(logits, head);
  const [count, classes, height, width] = shape as [number, number, number, number];
  const pixels = width * height;
  const map = (plane: number) => ({
    width,
    height,
    data: data.slice(plane * pixels, (plane + 1) * pixels),
  });
  return Array.from(
    { length: count },
    (_, image) => Array.from({ length: classes }, (_, index) => map(image * classes + index)),
  );
}

/** The part of an image's maps that shows the image, without padding. */
export function cropMaps(
  maps: readonly ProbabilityMap[],
  extents: InputExtents,
  image: Size,
): ProbabilityMap[] {
  const frame = frameOf(extents, image);
  if (fillsFrame(frame)) return [...maps];
  return maps.map(({ data }) => ({ ...frame.inner, data: cropPlane(data, frame) }));
}

/** The logits of each image of a batch by windows. */
async function logitsOfWhole(unet: UNet, { shape, data }: Tensor, side: number): Promise<Tensor> {
  const [count, ...image] = shape as [number, number, number, number];
  const values = data.length / count;
  const each: Tensor[] = [];
  for (let index = 0; index < count; index++) {
    const part = { shape: image, data: data.subarray(index * values, (index + 1) * values) };
    const { shape, data: logits } = await logitsByWindows(unet, part, side);
    each.push({ shape: shape.slice(1), data: logits });
  }
  return each.length === 1 ? { shape: [1, ...each[0]!.shape], data: each[0]!.data } : stack(each);
}

/** Tensors of the same shape as a batch. */
function stack(tensors: readonly Tensor[]): Tensor {
  const [first] = tensors;
  if (first === undefined) throw new TypeError("Cannot make a batch of no images");
  const data = new Float32Array(tensors.length * first.data.length);
  tensors.forEach((tensor, index) => data.set(tensor.data, index * first.data.length));
  return { shape: [tensors.length, ...first.shape], data };
}
