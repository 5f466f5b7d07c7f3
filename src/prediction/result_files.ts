/**
 * The files that `predict` writes for an image, and what their names end in.
 * This module is browser compatible.
 *
 * @module
 */

/** The files that are written for an image. */
export interface OutputFiles {
  /** The mask: 0 or 255, or the indices of several classes. */
  readonly mask: string;
  /** The probabilities of the only class, 0 to 255; each of several classes has its own file. */
  readonly probability?: string;
  /** Image, mask and overlay. */
  readonly figure: string;
  /** The numbers. */
  readonly json: string;
  /** The entropy of each pixel, 0 to 255; absent unless asked for. */
  readonly uncertainty?: string;
  /** How far several models disagree, 0 to 255; absent unless asked for. */
  readonly disagreement?: string;
}

/** The endings of the files for an image, after the name of the image. */
export const OUTPUT_ENDINGS = {
  mask: "_mask.png",
  probability: "_probability.png",
  figure: "_figure.png",
  json: ".json",
} as const;

/** The endings of the files of uncertainty. */
export const UNCERTAINTY_ENDINGS = {
  uncertainty: "_uncertainty.png",
  disagreement: "_disagreement.png",
} as const;

/** The ending of a class's own file: `_probability_left-lung.png`. */
export function classEnding(kind: "mask" | "probability", className: string): string {
  return OUTPUT_ENDINGS[kind].replace(".png", `_${className}.png`);
}

/** Most characters of a class's name in the name of a file. */
const MOST_LETTERS = 60;

/** The names of classes as parts of file names: other characters than letters and digits become `-`, each is unique. */
export function fileNames(classes: readonly string[]): string[] {
  const taken = new Set<string>();
  return classes.map((name) => {
    const plain = [...name.replace(/[^\p{L}\p{M}\p{N}]+/gu, "-")].slice(0, MOST_LETTERS).join("") || "-";
    let unique = plain;
    for (let number = 2; taken.has(unique.toLowerCase()); number++) unique = `${plain}-${number}`;
    taken.add(unique.toLowerCase());
    return unique;
  });
}
