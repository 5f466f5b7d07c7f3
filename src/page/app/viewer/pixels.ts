/**
 * Masks and maps as pixels to draw, and the colors that mean the same everywhere.
 * This module is browser compatible.
 *
 * @module
 */
import { type Color, OUTLINE_COLORS } from "../../../image/draw.ts";
import type { RgbImage, Size } from "../../../image/image.ts";
import type { Mask } from "../../../image/mask.ts";
import { IGNORE_COLOR } from "../../../image/palette.ts";

/** Where a prediction is right and wrong: apart in hue with any color vision, and in luminance. */
export const ERROR_COLORS = {
  /** Predicted and true. */
  hit: [84, 174, 235],
  /** True, not predicted. */
  missed: [255, 222, 60],
  /** Predicted, not true. */
  false: [206, 24, 96],
  /** Counts in nothing. */
  ignored: IGNORE_COLOR,
} as const satisfies Record<string, Color>;

/** The borders of truth and prediction, as in all figures. */
export const MASK_COLORS = { truth: OUTLINE_COLORS.annotated, prediction: OUTLINE_COLORS.predicted } as const;

/** Something that can be drawn and has a size. */
export type Bitmap = HTMLCanvasElement;

/** A bitmap whose pixels `paint` writes: RGBA, row-major, transparent at first. */
export function paintBitmap({ width, height }: Size, paint: (rgba: Uint8ClampedArray) => void): Bitmap {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const image = new ImageData(width, height);
  paint(image.data);
  canvas.getContext("2d")!.putImageData(image, 0, 0);
  return canvas;
}

function set(rgba: Uint8ClampedArray, at: number, [red, green, blue]: Color, alpha: number): void {
  rgba[4 * at] = red;
  rgba[4 * at + 1] = green;
  rgba[4 * at + 2] = blue;
  rgba[4 * at + 3] = alpha;
}

/** The pixels of a mask in one color. */
export function maskBitmap(mask: Mask, color: Color, alpha = 255): Bitmap {
  return paintBitmap(mask, (rgba) => {
    mask.data.forEach((value, at) => value !== 0 && set(rgba, at, color, alpha));
  });
}

/**
 * Hits, missed and false pixels of classes, at least one, and ignored ones. Where classes differ, what is missed comes
 * first, then what is false.
 */
export function errorBitmap(
  classes: readonly { readonly predicted: Mask; readonly truth: Mask }[],
  ignored: Mask | null,
): Bitmap {
  return paintBitmap(classes[0]!.truth, (rgba) => {
    for (let at = 0; at < rgba.length / 4; at++) {
      if (ignored !== null && ignored.data[at] !== 0) set(rgba, at, ERROR_COLORS.ignored, 150);
      else {
        let [hit, missed, wrong] = [false, false, false];
        for (const { predicted, truth } of classes) {
          const [isTrue, isPredicted] = [truth.data[at] !== 0, predicted.data[at] !== 0];
          hit ||= isTrue && isPredicted;
          missed ||= isTrue && !isPredicted;
          wrong ||= !isTrue && isPredicted;
        }
        if (missed) set(rgba, at, ERROR_COLORS.missed, 255);
        else if (wrong) set(rgba, at, ERROR_COLORS.false, 255);
        else if (hit) set(rgba, at, ERROR_COLORS.hit, 255);
      }
    }
  });
}

/** Colors of probabilities 0, 0.25, 0.5, 0.75 and 1, from dark to light. */
const HEAT: readonly Color[] = [[8, 10, 14], [32, 58, 116], [52, 124, 142], [146, 186, 90], [255, 242, 178]];

/** The color of a probability. */
export function heatColor(probability: number): Color {
  const place = Math.min(Math.max(probability, 0), 1) * (HEAT.length - 1);
  const index = Math.min(Math.floor(place), HEAT.length - 2);
  const [low, high] = [HEAT[index]!, HEAT[index + 1]!];
  const blend = (channel: 0 | 1 | 2) => low[channel] + (high[channel] - low[channel]) * (place - index);
  return [blend(0), blend(1), blend(2)];
}

/** A map of probabilities as colors. */
export function heatBitmap(values: Float32Array, size: Size): Bitmap {
  const table = Array.from({ length: 256 }, (_, level) => heatColor(level / 255));
  return paintBitmap(size, (rgba) => {
    values.forEach((value, at) => set(rgba, at, table[Math.round(value * 255)]!, 255));
  });
}

/** An image that the library decoded. */
export function rgbBitmap({ data, ...size }: RgbImage): Bitmap {
  return paintBitmap(size, (rgba) => {
    for (let at = 0, from = 0; from < data.length; at++, from += 3) {
      set(rgba, at, [data[from]!, data[from + 1]!, data[from + 2]!], 255);
    }
  });
}
