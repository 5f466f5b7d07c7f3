/**
 * COCO's run-length encoding of masks: alternating runs of 0 and 1 in column-major order, starting with a possibly
 * empty run of zeros. Files store the runs as a list of numbers or as COCO's compressed text.
 *
 * After `rleEncode`, `rleDecode`, `rleToString` and `rleFrString` of COCO's mask code (maskApi.c).
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Size } from "../image/image.ts";
import { createMask, type Mask } from "../image/mask.ts";
import { type Coverage, NO_COVERAGE } from "./coverage.ts";
import { showValue } from "./problems.ts";

/** A run-length encoded mask as COCO files store it. */
export interface Rle {
  /** Height and width, in this order. */
  readonly size: readonly [number, number];
  /** COCO's compressed text, or the run lengths. */
  readonly counts: string | readonly number[];
}

/** Seven digits of five bits exceed 2^32; no run of a mask is longer. */
const MAX_DIGITS = 7;

/** Encodes a mask in COCO's compressed form, character for character as COCO's own code does. */
export function encodeRle(mask: Mask): { size: [number, number]; counts: string } {
  return { size: [mask.height, mask.width], counts: formatRuns(maskRuns(mask)) };
}

/**
 * Decodes a run-length encoded mask, compressed or not.
 *
 * Throws a TypeError for `counts` or `size` of the wrong kind, a SyntaxError for a text that is not COCO's compressed
 * form, and a RangeError if the size is out of bounds or the runs do not add up to it.
 */
export function decodeRle(
  rle: { size: readonly [number, number]; counts: string | readonly number[] },
): Mask {
  if (!Array.isArray(rle.size) || rle.size.length !== 2) {
    throw new TypeError(
      `Cannot decode an RLE: expected a size [height, width], got ${showValue(rle.size)}`,
    );
  }
  const [height, width] = rle.size;
  const mask = createMask({ width, height });
  fillRuns(mask, rleRuns(rle.counts, width * height));
  return mask;
}

/** The checked run lengths of `counts` for a mask of `pixels` pixels; the errors are those of {@linkcode decodeRle}. */
export function rleRuns(counts: unknown, pixels: number): number[] {
  if (typeof counts === "string") return checkRuns(parseRuns(counts), pixels);
  if (Array.isArray(counts)) return checkRuns(counts, pixels);
  throw new TypeError(`Cannot decode an RLE: expected counts as a string or a list, got ${typeof counts}`);
}

function checkRuns(runs: number[], pixels: number): number[] {
  let sum = 0;
  for (let i = 0; i < runs.length; i++) {
    const run = runs[i];
    if (!Number.isInteger(run) || run! < 0) {
      throw new RangeError(`Cannot decode an RLE: run ${i} is ${showValue(run)}, expected an integer >= 0`);
    }
    sum += run!;
  }
  if (sum !== pixels) {
    throw new RangeError(`Cannot decode an RLE: its runs add up to ${sum}, the mask has ${pixels} pixels`);
  }
  return runs;
}

/** Sets the pixels of the runs of ones to `label`; `runs` must have been checked against the size of the mask. */
export function fillRuns(mask: Mask, runs: readonly number[], label = 1): void {
  const { width, height, data } = mask;
  let start = 0;
  for (let i = 0; i < runs.length; i++) {
    const end = start + runs[i]!;
    if (i % 2 === 1) {
      let x = Math.floor(start / height);
      let y = start - x * height;
      for (let left = runs[i]!; left > 0; x++) {
        const stop = Math.min(height, y + left);
        left -= stop - y;
        for (let at = y * width + x; y < stop; y++, at += width) data[at] = label;
        y = 0;
      }
    }
    start = end;
  }
}

/** What the runs of ones cover in columns of `height` pixels; `runs` must be checked. */
export function runsCoverage(runs: readonly number[], height: number): Coverage {
  let { pixels, left, top, right, bottom } = NO_COVERAGE;
  let start = 0;
  for (let i = 0; i < runs.length; i++) {
    const end = start + runs[i]!;
    if (i % 2 === 1 && end > start) {
      const [first, last] = [Math.floor(start / height), Math.floor((end - 1) / height)];
      pixels += end - start;
      left = Math.min(left, first);
      right = last + 1;
      // A run that continues in the next column reaches the bottom of this one and the top of that one.
      top = first < last ? 0 : Math.min(top, start - first * height);
      bottom = first < last ? height : Math.max(bottom, end - last * height);
    }
    start = end;
  }
  return { pixels, left, top, right, bottom };
}

/** The run lengths of a mask in column-major order, starting with a possibly empty run of zeros. */
export function maskRuns(mask: Mask): number[] {
  const { width, height, data } = mask;
  const runs: number[] = [];
  let value = 0;
  let run = 0;
  for (let x = 0; x < width; x++) {
    for (let y = 0, at = x; y < height; y++, at += width) {
      const pixel = data[at] === 0 ? 0 : 1;
      if (pixel !== value) {
        runs.push(run);
        run = 0;
        value = pixel;
      }
      run++;
    }
  }
  runs.push(run);
  return runs;
}

/**
 * The run lengths of the pixels of each label from 1 to `count`, as {@linkcode maskRuns} has them of a mask: in one pass
 * for all, since a mask may have thousands of components. `labels` are row-major.
 */
export function labelRuns({ width, height }: Size, labels: Int32Array, count: number): number[][] {
  const runs = Array.from({ length: count }, (): number[] => []);
  const ends = new Int32Array(count);
  let label = 0;
  let start = 0;
  const close = (end: number) => {
    if (label === 0) return;
    runs[label - 1]!.push(start - ends[label - 1]!, end - start);
    ends[label - 1] = end;
  };
  for (let x = 0, place = 0; x < width; x++) {
    for (let y = 0, at = x; y < height; y++, at += width, place++) {
      if (labels[at] === label) continue;
      close(place);
      label = labels[at]!;
      start = place;
    }
  }
  const pixels = width * height;
  close(pixels);
  return runs.map((each, index) => ends[index]! < pixels ? [...each, pixels - ends[index]!] : each);
}

/**
 * Formats runs as COCO's compressed text: each number in digits of five bits, lowest first, one printable character
 * per digit; from the fourth run on, the difference to the run two places before.
 */
export function formatRuns(runs: readonly number[]): string {
  let text = "";
  for (let i = 0; i < runs.length; i++) {
    let rest = i > 2 ? runs[i]! - runs[i - 2]! : runs[i]!;
    for (let more = true; more;) {
      const digit = rest & 0x1f;
      rest >>= 5;
      // The number ends when the rest is only the sign that bit 0x10 of this digit already states.
      more = (digit & 0x10) !== 0 ? rest !== -1 : rest !== 0;
      text += String.fromCharCode(48 + (more ? digit | 0x20 : digit));
    }
  }
  return text;
}

/** Parses COCO's compressed text; throws a SyntaxError with the position of the invalid character. */
export function parseRuns(text: string): number[] {
  const runs: number[] = [];
  let at = 0;
  while (at < text.length) {
    let value = 0;
    let scale = 1;
    for (let digits = 1;; digits++) {
      const code = text.charCodeAt(at) - 48;
      if (Number.isNaN(code)) throw new SyntaxError(`Cannot read an RLE text: it ends within a number`);
      if (code < 0 || code > 63) {
        throw new SyntaxError(
          `Cannot read an RLE text: character ${
            JSON.stringify(text[at])
          } at position ${at} is outside its alphabet`,
        );
      }
      if (digits > MAX_DIGITS) {
        throw new SyntaxError(`Cannot read an RLE text: number too long at position ${at}`);
      }
      at++;
      value += (code & 0x1f) * scale;
      scale *= 32;
      if ((code & 0x20) === 0) {
        if ((code & 0x10) !== 0) value -= scale;
        break;
      }
    }
    runs.push(runs.length > 2 ? value + runs[runs.length - 2]! : value);
  }
  return runs;
}
