/**
 * Validation samples with their current masks: images of a run's records, and small files in its folder.
 *
 * @module
 */
import { OUTLINE_COLORS, outlineMask, overlayMask, scaleToFit } from "../image/draw.ts";
import { displayImage } from "../image/display.ts";
import { outlineClasses, outlineLabels } from "../image/draw_labels.ts";
import { encodeRgbPng } from "../image/encode.ts";
import type { RgbImage } from "../image/image.ts";
import { BACKGROUND, IGNORE, type LabelMap } from "../image/label_map.ts";
import type { Mask } from "../image/mask.ts";
import { classColors } from "../image/palette.ts";
import { type Normalization, normalizeImage } from "../image/normalize.ts";
import { classMasks } from "../prediction/class_masks.ts";
import type { Tensor } from "../tensor.ts";
import type { Metrics } from "../tracking/backend.ts";
import type { Tracker } from "../tracking/tracker.ts";
import type { Head } from "../unet/config.ts";
import { ORIGINAL_INPUT } from "../unet/model_format.ts";
import { SampleFiles } from "./sample_files.ts";
import type { Example } from "./train_data.ts";

/** Samples that are drawn unless another number is given. */
export const DEFAULT_SAMPLES = 8;

/** The largest width and height of a drawn sample. */
const LARGEST = 256;

/** What drawing may take of training: this share of its epochs, or this many seconds per epoch. */
const SHARE = 0.01, SECONDS = 0.05;

/**
 * Samples to predict together next to steps of so many images: their tensors then take less than an eighth of training's,
 * which also keeps those of the backward.
 */
export function samplesTogether(batch: number): number {
  return Math.min(Math.max(1, Math.floor(batch / 4)), DEFAULT_SAMPLES);
}

/** What {@linkcode SampleImages} needs. */
export interface SampleImagesOptions {
  /** The run's folder. */
  readonly folder: string;
  /** The metrics of all epochs before, if the run was resumed. */
  readonly history?: readonly Metrics[] | undefined;
  /** The samples, read when they are needed. */
  readonly examples: () => readonly Example[];
  /** How their inputs are normalized. */
  readonly normalize: Normalization;
  /** Whether classes exclude each other. */
  readonly head: Head;
  /** Computes the class probabilities of a batch, with the weights of the moment. */
  readonly predict: (images: Tensor) => Promise<Tensor>;
  /** Samples that are predicted together, which takes less time and more of the device's memory; defaults to 1. */
  readonly together?: number | undefined;
  /** Receives lines for the user. */
  readonly onNote?: ((message: string) => void) | undefined;
}

/** A sample with its masks, drawn. */
interface DrawnSample {
  /** From 1 on. */
  readonly number: number;
  readonly image: RgbImage;
  readonly caption: string;
}

/**
 * Draws samples after each epoch: outlines of the annotation and the prediction. On average this takes at most a
 * hundredth of training, or 50 ms per epoch. A best epoch draws all of them, unless it follows another too closely; any
 * other draws as many as its share allows, and the next one draws the others. Training continues without these
 * images if they fail.
 */
export class SampleImages {
  readonly #options: SampleImagesOptions;
  readonly #files: SampleFiles;
  #examples: readonly Example[] | undefined;
  #failed = false;
  /** Seconds that drawing may still take; below 0 it has to wait. The first time is free: kernels are compiled. */
  #allowance = 0;
  #isFirst = true;
  /** The sample that is drawn next. */
  #next = 0;
  /** Seconds that drawing took the last time, and drawing and recording of a sample. */
  #drawSeconds = 0;
  #sampleSeconds = Infinity;

  /** Reads nothing yet. */
  constructor(options: SampleImagesOptions) {
    this.#options = options;
    this.#files = new SampleFiles(options.folder, options.history);
  }

  /** Allows more drawing after an epoch that took so many seconds. */
  passEpoch(seconds: number): void {
    this.#allowance = Math.min(this.#allowance, 0) + Math.max(SECONDS, SHARE * seconds);
    this.#isFirst &&= this.#examples === undefined;
  }

  /** Predicts and draws samples with the weights of the moment; none if it is not yet their turn. */
  draw(best: boolean): Promise<readonly DrawnSample[]> {
    if (this.#allowance < 0) return Promise.resolve([]);
    const started = performance.now();
    return this.#attempt(async () => {
      const examples = this.#examples ??= this.#options.examples();
      // A best epoch has all samples, in their order.
      const first = best ? 0 : this.#next;
      const fit = Math.floor(this.#allowance / this.#sampleSeconds);
      const count = best || this.#isFirst ? examples.length : Math.min(Math.max(1, fit), examples.length);
      const drawn: DrawnSample[] = [];
      while (drawn.length < count) {
        const size = Math.min(this.#options.together ?? 1, count - drawn.length);
        const numbers = Array.from(
          { length: size },
          (_, at) => (first + drawn.length + at) % examples.length + 1,
        );
        drawn.push(
          ...await this.#drawTogether(numbers.map((number) => ({ number, ...examples[number - 1]! }))),
        );
      }
      this.#next = (first + count) % examples.length;
      this.#drawSeconds = (performance.now() - started) / 1000;
      return drawn;
    });
  }

  async #drawTogether(samples: readonly (Example & { readonly number: number })[]): Promise<DrawnSample[]> {
    const { normalize, head, predict } = this.#options;
    const [channels, height, width] = samples[0]!.input.shape as [number, number, number];
    const images = new Float32Array(samples.length * channels * height * width);
    samples.forEach(({ input }, at) => images.set(input.data, at * input.data.length));
    const { data } = await predict({ shape: [samples.length, channels, height, width], data: images });
    const length = data.length / samples.length;
    return samples.map(({ number, input, labels, deep }, at) => {
      const maps = Array.from({ length: length / (width * height) }, (_, label) => ({
        width,
        height,
        data: data.subarray(at * length + label * width * height, at * length + (label + 1) * width * height),
      }));
      const masks = classMasks(maps, head, head === "softmax" ? null : ORIGINAL_INPUT.threshold);
      return drawSample(inputToRgb(input, normalize, deep), labels, masks, number);
    });
  }

  /** Writes what was drawn to the run's folder; a best epoch is also recorded as images. */
  async record(tracker: Tracker, epoch: number, drawn: readonly DrawnSample[], best: boolean): Promise<void> {
    if (drawn.length === 0) return;
    const started = performance.now();
    await this.#attempt(async () => {
      for (const { number, image, caption } of drawn) {
        const png = await encodeRgbPng(image);
        await this.#files.write(epoch, number, png, best);
        if (best) await tracker.image(`samples/${number}`, epoch, png, image.width, image.height, caption);
      }
      return [];
    });
    const seconds = this.#drawSeconds + (performance.now() - started) / 1000;
    if (!this.#isFirst) this.#sampleSeconds = seconds / drawn.length;
  }

  /** Measures `work`; its first failure is a note, and the last attempt. */
  async #attempt(work: () => Promise<readonly DrawnSample[]>): Promise<readonly DrawnSample[]> {
    if (this.#failed) return [];
    const started = performance.now();
    try {
      return await work();
    } catch (error) {
      this.#failed = true;
      const reason = (error as Error).message.split("\n")[0];
      this.#options.onNote?.(`validation samples are not drawn, training continues: ${reason}`);
      return [];
    } finally {
      if (!this.#isFirst) this.#allowance -= (performance.now() - started) / 1000;
    }
  }
}

/** Several classes have their colors, dashed lines for the annotation. No file name: it may name a patient, and records may go to a server. */
function drawSample(
  image: RgbImage,
  labels: LabelMap,
  masks: readonly Mask[],
  number: number,
): DrawnSample {
  const { width, height } = image;
  const truth: Mask = {
    width,
    height,
    data: labels.data.map((label) => label === BACKGROUND || label === IGNORE ? 0 : 1),
  };
  const predicted: Mask = { width, height, data: new Uint8Array(width * height) };
  for (const { data } of masks) {
    data.forEach((value, at) => {
      if (value !== 0 && labels.data[at] !== IGNORE) predicted.data[at] = 1;
    });
  }
  const colors = classColors(masks.length);
  const outlined = masks.length > 1
    ? outlineClasses(outlineLabels(image, labels, colors, { dashed: true }), masks, colors)
    : outlineMask(
      overlayMask(image, truth, { color: OUTLINE_COLORS.annotated, opacity: 0 }),
      predicted,
      OUTLINE_COLORS.predicted,
    );
  const side = Math.min(LARGEST, Math.max(width, height));
  return {
    number,
    image: scaleToFit(outlined, { width: side, height: side }),
    caption: `validation sample ${number}, ${diceOf(truth, predicted)}`,
  };
}

function diceOf(truth: Mask, predicted: Mask): string {
  let [both, sum] = [0, 0];
  truth.data.forEach((value, at) => {
    both += value & predicted.data[at]!;
    sum += value + predicted.data[at]!;
  });
  return sum === 0 ? "both empty" : `Dice ${(2 * both / sum).toFixed(3)}`;
}

/** A normalized image as it is displayed: its darkest value black, its brightest white; a deep one is windowed. */
export function inputToRgb({ shape, data }: Tensor, normalize: Normalization, deep = false): RgbImage {
  const [, height, width] = shape as [number, number, number];
  const plane = height * width;
  // Black and white, normalized, tell what undoes it per channel; an image's own moments are the same for all.
  const ends = normalize === "imagenet"
    ? normalizeImage({ shape: [3, 1, 2], data: Float32Array.of(0, 1, 0, 1, 0, 1) }, normalize).data
    : Float32Array.of(0, 1, 0, 1, 0, 1);
  const values = data.map((value, at) => {
    const channel = Math.floor(at / plane);
    return (value - ends[2 * channel]!) / (ends[2 * channel + 1]! - ends[2 * channel]!);
  });
  const place = (at: number) => 3 * (at % plane) + Math.floor(at / plane);
  if (deep) {
    const samples = new Float32Array(values.length);
    values.forEach((value, at) => samples[place(at)] = value);
    return displayImage({ width, height, channels: 3, data: samples });
  }
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  const scale = 255 / Math.max(most - least, Number.EPSILON);
  const rgb = new Uint8Array(3 * plane);
  values.forEach((value, at) => {
    rgb[place(at)] = Math.round((value - least) * scale);
  });
  return { width, height, data: rgb };
}
