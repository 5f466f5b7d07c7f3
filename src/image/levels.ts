/**
 * How the samples of an image fill their range.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { windowOf } from "./display.ts";
import type { ImageNote, SampleImage, SampleRange } from "./image.ts";
import { extremesOf } from "./sample_range.ts";

/** Nearly all samples of an image in at most this share of its range are worth a note. */
const FEW = 1 / 4;

/**
 * A note for samples of more than 8 bits that are read with 8, or that nearly all lie in a quarter of their range or less, as with burnt-in text
 * or values that are stored with an offset: scaled by its range, such an image has little contrast.
 */
export function levelsNote({ data, bits, range }: SampleImage): ImageNote[] {
  if (range === null) {
    if (bits <= 8) return [];
    const message = `the ${bits}-bit samples of this color model or compression are read with 8 bits`;
    return [{ kind: "levels", message }];
  }
  const [low, high] = windowOf(data);
  if (high - low > FEW * (range[1] - range[0])) return [];
  const message =
    `nearly all samples lie in a quarter or less of the range from ${range[0]} to ${range[1]}; ` +
    "a model trained with --normalize picture adapts to each image";
  return [{ kind: "levels", message }];
}

/** A note for samples of more than 8 bits and a model that states no range for them. */
export function rangeNote(
  { range }: SampleImage,
  model: { readonly normalize: string; readonly range?: SampleRange | null | undefined },
): ImageNote[] {
  if (range === null || model.range || model.normalize === "picture") return [];
  const message =
    `the model states no range for samples of more than 8 bits: ${range[0]} to ${range[1]}, which holds ` +
    "those of this image, become 0 to 1; --range LOW,HIGH sets one for all images";
  return [{ kind: "levels", message }];
}

/** The samples of an image, as `inspect` states them. */
export interface SampleLevels {
  /** Bits per sample in the file, at least 8. */
  readonly bits: number;
  /** Whether samples may be fractions. */
  readonly fractional: boolean;
  /** The lowest and the highest sample. */
  readonly extremes: SampleRange;
  /** How many different values the samples have; of floating-point ones, at most 65,536 are counted. */
  readonly levels: number;
  /** {@linkcode SampleImage.range}. */
  readonly range: SampleRange | null;
}

/** Most values of floating-point samples that are counted. */
const MAX_LEVELS = 2 ** 16;

/** Counts the levels of an image. */
export function measureLevels({ data, bits, range }: SampleImage): SampleLevels {
  const fractional = data instanceof Float32Array && data.some((value) => !Number.isInteger(value));
  return { bits, fractional, extremes: extremesOf(data), levels: countLevels(data), range };
}

function countLevels(data: SampleImage["data"]): number {
  if (data instanceof Float32Array) {
    const seen = new Set<number>();
    for (const value of data) if (seen.add(value).size === MAX_LEVELS) break;
    return seen.size;
  }
  const seen = new Uint8Array(data instanceof Uint16Array ? 2 ** 16 : 2 ** 8);
  for (const value of data) seen[value] = 1;
  return seen.reduce((sum, one) => sum + one, 0);
}
