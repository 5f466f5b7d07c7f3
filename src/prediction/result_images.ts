/**
 * What the image files of a prediction hold, before it is encoded.
 * This module is browser compatible.
 *
 * @module
 */
import type { ClassSpec } from "../image/class_spec.ts";
import type { Color } from "../image/draw.ts";
import type { GrayImage, Size } from "../image/image.ts";
import type { LabelMap } from "../image/label_map.ts";
import type { Mask } from "../image/mask.ts";
import { colorOfHex } from "../image/palette.ts";
import type { Head } from "../unet/config.ts";
import type { ProbabilityMap } from "./probability_map.ts";
import { classEnding, fileNames, OUTPUT_ENDINGS } from "./result_files.ts";

/** The classes of the model. */
export interface ResultClasses {
  /** Names and colors. */
  readonly classes: readonly ClassSpec[];
  /** Whether they may overlap. */
  readonly head: Head;
}

/** The endings of all files of an image. */
export function resultEndings({ classes, head }: ResultClasses): string[] {
  if (classes.length === 1) return Object.values(OUTPUT_ENDINGS);
  const { probability: _, ...endings } = OUTPUT_ENDINGS;
  const names = fileNames(classes.map(({ name }) => name));
  const kinds = head === "sigmoid" ? ["probability", "mask"] as const : ["probability"] as const;
  return [
    ...Object.values(endings),
    ...kinds.flatMap((kind) => names.map((name) => classEnding(kind, name))),
  ];
}

/** One label per pixel: where classes overlap, that of the most probable one. */
export class MergedLabels {
  /** Row-major: 0 for the background. */
  readonly labels: Uint8Array<ArrayBuffer>;
  readonly #best: Float32Array;

  /** Without classes. */
  constructor({ width, height }: Size) {
    this.labels = new Uint8Array(width * height);
    this.#best = new Float32Array(width * height);
  }

  /** Adds a class of this label. */
  add(mask: Mask, probabilities: ProbabilityMap, label: number): void {
    for (let at = 0; at < this.labels.length; at++) {
      if (mask.data[at] === 0 || (this.labels[at] !== 0 && probabilities.data[at]! <= this.#best[at]!)) {
        continue;
      }
      this.labels[at] = label;
      this.#best[at] = probabilities.data[at]!;
    }
  }
}

/** The pixels of any class. */
export function unionOf({ width, height, data }: LabelMap): Mask {
  return { width, height, data: data.map((label) => label === 0 ? 0 : 1) };
}

/** The colors of labels: black, then those of the classes. */
export function labelPalette(classes: readonly ClassSpec[]): Color[] {
  return [[0, 0, 0], ...classes.map(({ color }) => colorOfHex(color)!)];
}

/** Values from 0 to 1 as gray from 0 to 255. */
export function grayLevels({ width, height, data: values }: Size & { data: ArrayLike<number> }): GrayImage {
  const data = new Uint8Array(values.length);
  for (let at = 0; at < data.length; at++) data[at] = Math.round(255 * values[at]!);
  return { width, height, data };
}
