/**
 * YOLO's label files: a line per object, the class index followed by the outline's points, each as a share of the
 * image's width and height.
 *
 * @module
 */
import { showValue } from "../../coco/problems.ts";

/** An outline of a label file. */
export interface YoloOutline {
  /** The index of its class. */
  readonly classIndex: number;
  /** x, y, x, y, ... as shares of width and height. */
  readonly points: readonly number[];
}

/** What a label file holds. */
export interface YoloLabels {
  /** Its outlines. */
  readonly outlines: readonly YoloOutline[];
  /** Its lines that are boxes (center, width, height): they say where an object is, not which pixels it has. */
  readonly boxes: number;
}

/** The largest label file. */
export const MAX_LABEL_BYTES = 2 ** 26;

/** Class indices up to which names are looked for. */
const MAX_CLASSES = 100_000;

/** By how much points may leave the image; tools clip them only roughly. */
const MARGIN = 0.05;

/**
 * Parses a label file; `isLabels` false probes a text file that may be something else. Throws a SyntaxError with the
 * line for anything that is not a class index with numbers, and a RangeError for points outside the image, which are in
 * pixels or of another image.
 */
export function parseYoloLabels(text: string): YoloLabels {
  const outlines: YoloOutline[] = [];
  let boxes = 0;
  for (const [at, line] of text.split("\n").entries()) {
    const words = line.trim().split(/\s+/);
    if (words[0] === "") continue;
    const fail = (reason: string) => new SyntaxError(`line ${at + 1} of its labels ${reason}`);
    const [classIndex, ...points] = words.map(parseNumber);
    const bad = words.find((_, i) => (i === 0 ? classIndex : points[i - 1]) === null);
    if (bad !== undefined) throw fail(`has ${showValue(bad)} where a number was expected`);
    if (!Number.isInteger(classIndex) || classIndex! < 0 || classIndex! > MAX_CLASSES) {
      throw fail(`has the class ${classIndex}, expected an index from 0 on`);
    }
    if (points.length === 4) {
      boxes++;
      continue;
    }
    if (points.length < 6 || points.length % 2 === 1) {
      throw fail(`has ${points.length} numbers after the class, expected pairs of at least three points`);
    }
    const outside = points.find((value) => value! < -MARGIN || value! > 1 + MARGIN);
    if (outside !== undefined) {
      throw new RangeError(
        `line ${at + 1} of its labels has the coordinate ${outside}, expected shares in 0..1`,
      );
    }
    outlines.push({ classIndex: classIndex!, points: points as number[] });
  }
  return { outlines, boxes };
}

/** A decimal number, or null. */
function parseNumber(word: string): number | null {
  return /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(word) ? Number(word) : null;
}
