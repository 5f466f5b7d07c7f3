/**
 * Several models as one: the mean of their probabilities.
 * This module is browser compatible.
 *
 * @module
 */
import type { ImageAppearance } from "../appearance/appearance.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { RgbImage, SampleImage } from "../image/image.ts";
import type { Tensor } from "../tensor.ts";
import { classCount, headOf } from "../unet/config.ts";
import type { Model, ModelDescription } from "../unet/model_format.ts";
import { type InputForm, inputForm, sameForm, showSame } from "./input_form.ts";
import { meanDescription } from "./mean_description.ts";
import { meanLogits } from "./flips.ts";
import { NetworkSlot } from "./network_slot.ts";
import {
  classMaps,
  type ImageName,
  type PredictOptions,
  Predictor,
  type PredictorOptions,
} from "./predictor.ts";
import { type ProbabilityMap, resizeProbabilities } from "./probability_map.ts";
import { logitsOfMaps, pickImages } from "./pool_maps.ts";
import { scaleLogits } from "./temperature.ts";

/** The prepared images of a dataset in the form that some models take, by their names. */
export type PreparedInputs = (of: readonly ImageName[]) => Promise<Tensor>;

/** Which of the models predict an image: their indices; null for all of them. */
export type ChooseModels = (image: ImageName) => readonly number[] | null;

/** Options of {@linkcode Ensemble.over}. */
export interface DatasetBinding {
  /** Images for the models that take another form than the first one. */
  readonly inputs: readonly { readonly form: InputForm; readonly read: PreparedInputs }[];
  /** Leaves out models that have seen an image. */
  readonly choose?: ChooseModels | undefined;
}

/** A model of an ensemble. */
interface Member {
  readonly predictor: Predictor;
  readonly form: InputForm;
}

/** An image's maps by each model, and how far the models disagree. */
export interface PooledMaps {
  /** The mean probabilities of each class, calibrated, at the size of the first model. */
  readonly maps: ProbabilityMap[];
  /** The same of each model, not calibrated. */
  readonly members: readonly (readonly ProbabilityMap[])[];
}

/**
 * Several models of the same classes. Each pixel's probability is the mean of theirs, to which the mean temperature of
 * their calibrations is applied; inputs may differ in size and normalization. Models of the same network share its memory
 * on the device and take turns, batch by batch.
 */
export class Ensemble {
  /** The description of the first model, with the calibration of all. */
  readonly description: ModelDescription;
  readonly #members: readonly Member[];
  readonly #slots: readonly NetworkSlot[];
  readonly #binding: DatasetBinding;

  private constructor(
    members: readonly Member[],
    slots: readonly NetworkSlot[],
    description: ModelDescription,
    binding: DatasetBinding,
  ) {
    this.#members = members;
    this.#slots = slots;
    this.description = description;
    this.#binding = binding;
  }

  /**
   * Uploads models to a device.
   *
   * @throws {RangeError} if there are none, their classes or heads differ, or they do not fit the device
   * @throws {TypeError} if weights do not match their network
   */
  static async create(
    gpu: Gpu,
    models: readonly Model[],
    options: PredictorOptions = {},
  ): Promise<Ensemble> {
    const description = meanDescription(models.map(({ description }) => description));
    const slots = new Map<string, NetworkSlot>();
    const members: Member[] = [];
    for (const { state, description } of models) {
      const occupant = { state };
      const key = JSON.stringify(description.network, Object.keys(description.network).sort());
      const slot = slots.get(key) ?? await NetworkSlot.create(gpu, description.network, { state }, occupant);
      slots.set(key, slot);
      members.push({
        predictor: Predictor.inSlot(slot, occupant, description, options),
        form: inputForm(description),
      });
    }
    return new Ensemble(members, [...slots.values()], description, { inputs: [] });
  }

  /** Number of classes. */
  get classes(): number {
    return classCount(this.description.network);
  }

  /** Their names. */
  get classNames(): string[] {
    return this.#members[0]!.predictor.classNames;
  }

  /** By the first model, whose form of input it is. */
  appearanceOf(input: Tensor): ImageAppearance | null {
    return this.#members[0]!.predictor.appearanceOf(input);
  }

  /** By the first model. */
  imageAppearance(image: RgbImage | SampleImage): ImageAppearance | null {
    return this.#members[0]!.predictor.imageAppearance(image);
  }

  /** Number of models. */
  get size(): number {
    return this.#members.length;
  }

  /** The forms of input that models take besides that of the first one. */
  get otherForms(): InputForm[] {
    const forms: InputForm[] = [this.#members[0]!.form];
    for (const { form } of this.#members) {
      if (!forms.some((known) => sameForm(known, form))) forms.push(form);
    }
    return forms.slice(1);
  }

  /** The same models for the images of a dataset; closing either closes both. */
  over(binding: DatasetBinding): Ensemble {
    return new Ensemble(this.#members, this.#slots, this.description, binding);
  }

  /**
   * Computes the logits of the mean probability.
   *
   * @param images [N, 3, H, W], in the form of the first model
   * @returns [N, C, H, W]
   * @throws {TypeError} if a model takes another form, and the ensemble is not {@linkcode Ensemble.over} such images
   * @throws as `Predictor.logits`
   */
  async logits(images: Tensor, options: PredictOptions = {}): Promise<Tensor> {
    const [count, , height, width] = images.shape as [number, number, number, number];
    const head = headOf(this.description.network);
    const [own] = this.#members;
    const views: { places: readonly number[]; logits: Tensor }[] = [];
    for (const [index, { predictor, form }] of this.#members.entries()) {
      const places = this.#placesOf(index, count, options.of);
      if (places.length === 0) continue;
      const input = sameForm(form, own!.form)
        ? pickImages(images, places)
        : await this.#read(form, places, options.of);
      const logits = await predictor.logits(input, { ...pickOptions(options, places), raw: true });
      const fits = logits.shape[2] === height && logits.shape[3] === width;
      views.push({ places, logits: fits ? logits : resized(logits, head, { width, height }) });
    }
    const pooled = pool(views, count, (each) => meanLogits(each, head));
    return options.raw ? pooled : scaleLogits(pooled, this.description.calibration?.temperature);
  }

  /**
   * For each image the probability maps of all classes, at the size of the first model.
   *
   * @throws as `Predictor.logits`
   */
  async predictClasses(
    images: readonly (RgbImage | SampleImage)[],
    options: PredictOptions = {},
  ): Promise<ProbabilityMap[][]> {
    return (await this.predictPooled(images, options)).map(({ maps }) => maps);
  }

  /**
   * The same, with the maps of each model.
   *
   * @throws as `Predictor.logits`
   */
  async predictPooled(
    images: readonly (RgbImage | SampleImage)[],
    options: PredictOptions = {},
  ): Promise<PooledMaps[]> {
    const head = headOf(this.description.network);
    const temperature = this.description.calibration?.temperature;
    const members: (readonly ProbabilityMap[])[][] = images.map(() => []);
    for (const [index, { predictor }] of this.#members.entries()) {
      const places = this.#placesOf(index, images.length, options.of);
      if (places.length === 0) continue;
      const own = places.map((place) => images[place]!);
      const all = await predictor.predictClasses(own, { ...pickOptions(options, places), raw: true });
      all.forEach((maps, at) => {
        const first = members[places[at]!]![0]?.[0];
        members[places[at]!]!.push(
          first === undefined ? maps : maps.map((map) => resizeProbabilities(map, first)),
        );
      });
    }
    return members.map((each) => {
      const logits = scaleLogits(logitsOfMaps(each, head), temperature);
      return { maps: classMaps(logits, head)[0]!, members: each };
    });
  }

  /** Frees the networks' memory; the device stays open. */
  close(): void {
    for (const slot of this.#slots) slot.close();
  }

  /** The places in a batch of the images that a model predicts. */
  #placesOf(member: number, count: number, of: readonly ImageName[] | undefined): number[] {
    return Array.from({ length: count }, (_, place) => place).filter((place) => {
      const image = of?.[place];
      return (image && this.#binding.choose?.(image))?.includes(member) ?? true;
    });
  }

  async #read(
    form: InputForm,
    places: readonly number[],
    of: readonly ImageName[] | undefined,
  ): Promise<Tensor> {
    if (!showSame(form, this.#members[0]!.form)) {
      throw new RangeError(
        "Cannot evaluate models together of which some pad images, or read windows of them, and others do not\n" +
          "hint: predict takes them together; evaluate each by itself",
      );
    }
    const input = this.#binding.inputs.find((input) => sameForm(input.form, form));
    if (input === undefined || of === undefined) {
      throw new TypeError(
        `Cannot predict prepared images by models of other inputs (${form.size} px, ${form.normalize} normalization)\n` +
          "hint: predict the images themselves with predictClasses()",
      );
    }
    return await input.read(places.map((place) => of[place]!));
  }
}

function pickOptions(
  { microBatches, of, onAdapted }: PredictOptions,
  places: readonly number[],
): PredictOptions {
  return {
    onAdapted: onAdapted && ((at, adaptation) => onAdapted(places[at]!, adaptation)),
    microBatches: microBatches && places.map((place) => microBatches[place]!),
    of: of && places.map((place) => of[place]!),
  };
}

/** Logits of the probabilities at another size. */
function resized(
  logits: Tensor,
  head: "sigmoid" | "softmax",
  size: { width: number; height: number },
): Tensor {
  const images = classMaps(logits, head).map((maps) =>
    logitsOfMaps([maps.map((map) => resizeProbabilities(map, size))], head)
  );
  const [, channels, height, width] = images[0]!.shape as [number, number, number, number];
  const data = new Float32Array(images.length * channels * height * width);
  images.forEach((image, at) => data.set(image.data, at * image.data.length));
  return { shape: [images.length, channels, height, width], data };
}

/** Means over the models that predicted each image. */
function pool(
  views: readonly { readonly places: readonly number[]; readonly logits: Tensor }[],
  count: number,
  mean: (views: readonly Tensor[]) => Tensor,
): Tensor {
  const [{ logits: { shape: [, ...shape] } }] = views as [(typeof views)[number]];
  const length = shape.reduce((product, extent) => product * extent, 1);
  const data = new Float32Array(count * length);
  for (let place = 0; place < count; place++) {
    const own = views.flatMap(({ places, logits }) => {
      const at = places.indexOf(place);
      return at < 0
        ? []
        : [{ shape: [1, ...shape], data: logits.data.subarray(at * length, (at + 1) * length) }];
    });
    data.set(own.length === 1 ? own[0]!.data : mean(own).data, place * length);
  }
  return { shape: [count, ...shape], data };
}
