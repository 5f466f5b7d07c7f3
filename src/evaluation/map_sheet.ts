/**
 * What an evaluation stores of an image to look at it again: probabilities, truth and decisions, one below the other in
 * one sheet of 16-bit samples. `probability_codes.ts` says what is exact.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Head } from "../unet/config.ts";
import { viewOf } from "../image/formats/image_format.ts";
import { PNG } from "../image/formats/png.ts";
import type { DecodedRaster, Size } from "../image/image.ts";
import { inputSize } from "../image/input_frame.ts";
import type { Mask } from "../image/mask.ts";
import type { ProbabilityMap } from "../prediction/probability_map.ts";
import { codedMask, cutOf, encodeProbabilities } from "./probability_codes.ts";

/** What determines the planes of a sheet. */
export interface SheetForm {
  /** Width of a plane in pixels, and its height unless that is given. */
  readonly size: number;
  /** Height of a plane in pixels; absent for that of a square. */
  readonly height?: number | undefined;
  /** The number of classes. */
  readonly classCount: number;
  /** How classes are told apart. */
  readonly head: Head;
}

/** The maps of an image, as an evaluation compares them. */
export interface ImageMaps {
  /** The probabilities of each class. */
  readonly maps: readonly ProbabilityMap[];
  /** The true mask of each class. */
  readonly truths: readonly Mask[];
  /** Pixels that count in nothing; absent for none. */
  readonly ignored?: Mask | undefined;
}

/** Codes are stored multiplied, so that a viewer of PNGs shows the probabilities. */
const SCALE = 64;

/** Members (ignored, class 1, class 2, ...) that a sample of 16 bits holds. */
const MEMBERS = 16;

/** Set in the plane of winners where the most probable class is more probable than the background. */
const WINS = 256;

/** Whether a sheet has a plane of winners: only exclusive classes need it. */
function hasWinners({ classCount, head }: SheetForm): boolean {
  return head === "softmax" && classCount > 1;
}

/** The planes of a sheet: a probability per class, the members of the truth, and perhaps the winners. */
export function planeCount(form: SheetForm): number {
  return form.classCount + Math.ceil((1 + form.classCount) / MEMBERS) + (hasWinners(form) ? 1 : 0);
}

/** The samples of a sheet, plane after plane: {@linkcode planeCount} planes. */
export function packSheet(image: ImageMaps, form: SheetForm, thresholds: Float64Array): Uint16Array {
  const pixels = pixelsOf(form);
  const samples = new Uint16Array(planeCount(form) * pixels);
  const plane = (index: number) => samples.subarray(index * pixels, (index + 1) * pixels);
  image.maps.forEach(({ data }, index) => {
    const codes = encodeProbabilities(data, thresholds, plane(index));
    for (let at = 0; at < pixels; at++) codes[at]! *= SCALE;
  });
  [image.ignored, ...image.truths].forEach((mask, member) => {
    if (mask === undefined) return;
    const members = plane(form.classCount + Math.floor(member / MEMBERS));
    const bit = 1 << member % MEMBERS;
    for (let at = 0; at < pixels; at++) if (mask.data[at] !== 0) members[at]! |= bit;
  });
  if (hasWinners(form)) writeWinners(image.maps, plane(planeCount(form) - 1));
  return samples;
}

/** The first class of the highest probability in each pixel, and whether the background's is lower. */
function writeWinners(maps: readonly ProbabilityMap[], winners: Uint16Array): void {
  for (let at = 0; at < winners.length; at++) {
    let [winner, best, sum] = [0, -1, 0];
    maps.forEach(({ data }, index) => {
      const value = data[at]!;
      sum += value;
      if (value > best) [winner, best] = [index + 1, value];
    });
    winners[at] = winner | (best > 1 - sum ? WINS : 0);
  }
}

/**
 * Reads the PNG of a sheet, which must have exactly its size: nothing is allocated for another.
 *
 * @throws {SyntaxError} if it is another kind of file, of another size, truncated or damaged
 */
export function readSheet(png: Uint8Array, form: SheetForm, thresholds: Float64Array): MapSheet {
  const { width, height } = sheetSize(form);
  const header = png.length > 32 && PNG.matches(png) ? PNG.readHeader(viewOf(png), png) : null;
  if (header === null || header.width !== width || header.height !== height || header.bits !== 16) {
    throw new SyntaxError(`Cannot read the maps: expected a PNG of ${width} x ${height} pixels of 16 bits`);
  }
  const { raster } = PNG.decode!(png) as DecodedRaster;
  if (raster.channels !== 1) throw new SyntaxError("Cannot read the maps: they have colors");
  return new MapSheet(raster.data as Uint16Array, form, thresholds);
}

/** The size of a sheet's image. */
export function sheetSize(form: SheetForm): Size {
  const { width, height } = inputSize(form);
  return { width, height: height * planeCount(form) };
}

function pixelsOf(form: SheetForm): number {
  const { width, height } = inputSize(form);
  return width * height;
}

/** A sheet whose planes are read one by one. */
export class MapSheet {
  /** Its form. */
  readonly form: SheetForm;
  readonly #samples: Uint16Array;
  readonly #thresholds: Float64Array;

  /** Throws a RangeError unless there are {@linkcode planeCount} planes of samples. */
  constructor(samples: Uint16Array, form: SheetForm, thresholds: Float64Array) {
    const expected = planeCount(form) * pixelsOf(form);
    if (samples.length !== expected) {
      throw new RangeError(`Cannot read a map of ${samples.length} samples: expected ${expected}`);
    }
    this.form = form;
    this.#samples = samples;
    this.#thresholds = thresholds;
  }

  #plane(index: number): Uint16Array {
    const pixels = pixelsOf(this.form);
    return this.#samples.subarray(index * pixels, (index + 1) * pixels);
  }

  /** The codes of a class, by its index from 0. */
  codes(index: number): Uint16Array {
    return this.#plane(index).map((sample) => Math.round(sample / SCALE));
  }

  /** The true mask of a class, by its index from 0. */
  truth(index: number): Mask {
    return this.#members(index + 1);
  }

  /** The pixels that count in nothing; null for none. */
  ignored(): Mask | null {
    const mask = this.#members(0);
    return mask.data.includes(1) ? mask : null;
  }

  /**
   * The predicted mask of a class at a threshold, or, for null, where it is the most probable: what an evaluation
   * compares with the truth, exactly so at its own threshold and at every multiple of 0.001.
   */
  predicted(index: number, threshold: number | null): Mask {
    const size = inputSize(this.form);
    if (!hasWinners(this.form)) return codedMask(this.codes(index), size, threshold ?? 0.5, this.#thresholds);
    const winners = this.#plane(planeCount(this.form) - 1);
    if (threshold === null) {
      return { ...size, data: Uint8Array.from(winners, (winner) => winner === (index + 1 | WINS) ? 1 : 0) };
    }
    const codes = this.codes(index);
    const cut = cutOf(threshold, this.#thresholds);
    const isHere = (winner: number, at: number) => (winner & 0xff) === index + 1 && codes[at]! >= cut;
    return { ...size, data: Uint8Array.from(winners, (winner, at) => isHere(winner, at) ? 1 : 0) };
  }

  #members(member: number): Mask {
    const { classCount } = this.form;
    const bit = member % MEMBERS;
    const data = Uint8Array.from(
      this.#plane(classCount + Math.floor(member / MEMBERS)),
      (members) => members >> bit & 1,
    );
    return { ...inputSize(this.form), data };
  }
}
