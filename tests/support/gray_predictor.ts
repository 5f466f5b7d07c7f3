/**
 * A predictor of several classes without a network: it knows the gray of each class of class_dataset.ts, so that what
 * it predicts is known, and needs no GPU.
 *
 * @module
 */
import { displayImage } from "../../src/image/display.ts";
import type { Raster } from "../../src/image/image.ts";
import { classColors, colorToHex } from "../../src/image/palette.ts";
import { IMAGENET_DEVIATION, IMAGENET_MEAN, normalizeImage } from "../../src/image/normalize.ts";
import { resizeImage } from "../../src/image/resize.ts";
import { classMaps, type Predictor } from "../../src/prediction/predictor.ts";
import type { Tensor } from "../../src/tensor.ts";
import type { ModelDescription } from "../../src/unet/model_format.ts";
import type { Head } from "../../src/unet/config.ts";
import { CLASS_NAMES } from "./class_dataset.ts";

/** How {@linkcode grayPredictor} predicts. */
export interface GrayPredictorOptions {
  /** Defaults to `softmax`. */
  readonly head?: Head;
  /** Width and height of its input; defaults to 32. */
  readonly size?: number;
  /** A class that it takes for background, by its index. */
  readonly blind?: number;
  /** The names of its classes; default to those of the dataset. */
  readonly names?: readonly string[];
}

/** Predicts class `i` where the gray is near `20 + 70 i`. */
export function grayPredictor(options: GrayPredictorOptions = {}): Predictor {
  const { head = "softmax", size = 32, blind, names = CLASS_NAMES } = options;
  const colors = classColors(names.length);
  const description: ModelDescription = {
    network: {
      inChannels: 3,
      outChannels: names.length + (head === "softmax" ? 1 : 0),
      filters: 1,
      dropout: 0,
      norm: "none",
      ...(head === "softmax" && { head }),
    },
    size,
    normalize: "imagenet",
    threshold: 0.5,
    classes: names.map((name, index) => ({ name, color: colorToHex(colors[index]!) })),
  };
  const logits = (images: Tensor): Promise<Tensor> => {
    const [count, , height, width] = images.shape as [number, number, number, number];
    const pixels = width * height;
    const first = head === "softmax" ? 0 : 1;
    const channels = description.network.outChannels;
    const data = new Float32Array(count * channels * pixels);
    for (let image = 0; image < count; image++) {
      for (let at = 0; at < pixels; at++) {
        const red = images.data[3 * image * pixels + at]! * IMAGENET_DEVIATION[0]! + IMAGENET_MEAN[0]!;
        const nearest = Math.round((255 * red - 24) / 70);
        const label = nearest - 1 === blind ? 0 : nearest;
        for (let channel = 0; channel < channels; channel++) {
          data[(image * channels + channel) * pixels + at] = label === channel + first ? 4 : -4;
        }
      }
    }
    return Promise.resolve({ shape: [count, channels, height, width], data });
  };
  const predictClasses = async (images: readonly Raster[]) => {
    const inputs = images.map((image) =>
      normalizeImage(resizeImage(displayImage(image), { width: size, height: size }))
    );
    const data = new Float32Array(3 * size * size * inputs.length);
    inputs.forEach((input, index) => data.set(input.data, index * input.data.length));
    return classMaps(await logits({ shape: [inputs.length, 3, size, size], data }), head);
  };
  const none = () => null;
  const predictor = {
    description,
    classes: names.length,
    classNames: [...names],
    logits,
    predictClasses,
    appearanceOf: none,
    imageAppearance: none,
  };
  return predictor as unknown as Predictor;
}
