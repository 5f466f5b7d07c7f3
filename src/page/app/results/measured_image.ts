/**
 * What stored maps say of an image at any threshold, with the functions of the evaluation itself.
 * This module is browser compatible.
 *
 * @module
 */
import { scoreClasses, scoreImage } from "../../../evaluation/image_score.ts";
import { type MapEntry, type MapIndex, mapSizeOf } from "../../../evaluation/map_index.ts";
import { type MapSheet, readSheet, type SheetForm } from "../../../evaluation/map_sheet.ts";
import { networkSpacing } from "../../../evaluation/metrics.ts";
import { codedThresholds, decodeProbabilities } from "../../../evaluation/probability_codes.ts";
import type { Size } from "../../../image/image.ts";
import type { Mask } from "../../../image/mask.ts";
import type { ImageResult, ResultScore } from "../../api/results.ts";

/** The maps of an image. */
export class MeasuredImage {
  readonly entry: MapEntry;
  readonly #index: MapIndex;
  readonly #sheet: MapSheet;
  readonly #thresholds: Float64Array;

  /** Reads the stored file of an image. Throws a SyntaxError if it is damaged. */
  constructor(png: Uint8Array, entry: MapEntry, index: MapIndex) {
    this.entry = entry;
    this.#index = index;
    this.#thresholds = codedThresholds(index.threshold);
    this.#sheet = readSheet(png, formOf(index, entry), this.#thresholds);
  }

  /** Width and height of all maps and masks. */
  get size(): Size {
    return mapSizeOf(this.#index, this.entry);
  }

  /** The predicted mask of a class at a threshold; null takes the most probable class. */
  predicted(classIndex: number, threshold: number | null): Mask {
    return this.#sheet.predicted(classIndex, threshold);
  }

  /** The true mask of a class, as it was evaluated. */
  truth(classIndex: number): Mask {
    return this.#sheet.truth(classIndex);
  }

  /** Pixels that count in nothing; null for none. */
  ignored(): Mask | null {
    return this.#sheet.ignored();
  }

  /** The probabilities of a class, at most 0.0005 off. */
  probabilities(classIndex: number): Float32Array {
    return decodeProbabilities(this.#sheet.codes(classIndex), this.#thresholds);
  }

  /** The highest probability of any class in each pixel. */
  highest(): Float32Array {
    const [first, ...others] = this.#index.classes.map((_, index) => this.probabilities(index));
    for (const values of others) values.forEach((value, at) => first![at] = Math.max(first![at]!, value));
    return first!;
  }

  /** The scores at a threshold: with millimeters between rows and columns of the image file, distances are in them. */
  score(threshold: number | null, spacing: readonly [number, number] | null): ImageResult {
    const { name } = this.entry;
    const ignored = this.ignored() ?? undefined;
    const measure = {
      ignored,
      ...(spacing && { spacing: networkSpacing(spacing, this.entry, this.size) }),
    };
    const masks = this.#index.classes.map(({ name }, index) => ({
      name,
      predicted: this.predicted(index, threshold),
      truth: this.truth(index),
    }));
    const [only] = masks;
    const { classes, ...score } = masks.length === 1
      ? scoreImage(name, only!.predicted, only!.truth, measure)
      : scoreClasses(name, masks, measure);
    return classes
      ? { ...score, classes: Object.fromEntries(classes.map((each) => [each.name, each])) }
      : score;
  }
}

function formOf(index: MapIndex, entry: MapEntry): SheetForm {
  const { width, height } = mapSizeOf(index, entry);
  return { size: width, height, head: index.head, classCount: index.classes.length };
}

/** The scores of one class, or of the image as a whole for null. */
export function scoreOf(result: ImageResult, className: string | null): ResultScore {
  return className === null ? result : result.classes?.[className] ?? result;
}

/** Whether two scores are the same in every number: maps of another evaluation differ somewhere. */
export function sameScores(a: ImageResult, b: ImageResult): boolean {
  const same = (first: ResultScore, second: ResultScore) =>
    (["metrics", "pixels", "lesions"] as const).every((part) => {
      const left: Readonly<Record<string, number | null>> = { ...first[part] };
      const right: Readonly<Record<string, number | null>> = { ...second[part] };
      return Object.keys(left).every((name) => left[name] === right[name]);
    });
  return same(a, b) &&
    Object.keys(a.classes ?? {}).every((name) =>
      b.classes?.[name] && same(a.classes![name]!, b.classes[name])
    );
}
