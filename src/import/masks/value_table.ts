/**
 * What the values of masks mean: the background, classes, pixels that nobody labeled, or objects that are counted.
 *
 * @module
 */
import { isBackgroundName } from "../../dataset/class_names.ts";
import type { ClassNames, NameOf } from "./name_table.ts";
import type { CodeSpace } from "./mask_codes.ts";
import { colorDistance, colorPeaks, grayPeaks } from "./peaks.ts";
import type { ValueScan } from "./value_scan.ts";

/** A class of values. */
export interface ValueClass {
  /** Its name. */
  readonly name: string;
  /** Its color in the source, `#rrggbb`. */
  readonly color?: string;
}

/** What the values of the masks of one channel mean. */
export interface ValueTable {
  /** What the values are. */
  readonly space: CodeSpace;
  /** The classes. */
  readonly classes: readonly ValueClass[];
  /** Whether each value from 1 on is an object of the only class. */
  readonly counts: boolean;
  /** The index of a value's class plus 1; 0 for the background. */
  labelOf(code: number): number;
  /** What was understood, in sentences. */
  readonly lines: readonly string[];
}

/** The name of the only class of a mask. */
export const FOREGROUND_NAME = "foreground";

/** The name of the category of pixels that nobody labeled. */
const IGNORE_NAME = "ignore";

/** More different values are exact only if single files have few of them. */
const FEW_VALUES = 32;

/** Most classes. */
const MAX_VALUES = 254;

/** The color of the borders of objects in Pascal VOC's masks. */
const VOC_BORDER = 0xe0e0c0;

/** Decides what the values mean; throws a SyntaxError in words if they are no masks'. */
export function decideValues(scan: ValueScan, names: ClassNames): ValueTable {
  const { space, counts } = scan;
  const values = [...counts.keys()].sort((a, b) => a - b);
  const blurred = values.length > FEW_VALUES || values.length > 2 && scan.lossyFiles > 0 ||
    values.length > 4 && space === "gray" && scan.isBlurred;
  if (!blurred) {
    return countsObjects(scan, values) ? objectTable(space, values) : exactTable(scan, values, names);
  }
  const fewPerFile = scan.distinct / scan.files <= FEW_VALUES && !scan.isBlurred;
  if (scan.lossyFiles === 0 && (fewPerFile || space !== "color")) {
    if (countsObjects(scan, values)) return objectTable(space, values);
    if (space === "color" && fewPerFile && values.length > MAX_VALUES) return objectTable(space, values);
    if (fewPerFile && values.length <= MAX_VALUES) return exactTable(scan, values, names);
  }
  return nearestTable(scan, names);
}

/** More different values than an image has classes that are numbered without a gap. */
const COUNTED = 8;

/** Whether values number the objects of each image: most files have 1 to n without a gap, with several n. */
function countsObjects({ space, files, counting, lengths }: ValueScan, values: readonly number[]): boolean {
  return space !== "color" && values.length > COUNTED && lengths.size > 3 && counting >= 0.8 * files;
}

function objectTable(space: CodeSpace, values: readonly number[]): ValueTable {
  return {
    space,
    classes: [{ name: FOREGROUND_NAME }],
    counts: true,
    labelOf: (code) => code === 0 ? 0 : 1,
    lines: [`${values.length - 1} values number the objects of each image: one class`],
  };
}

function exactTable(scan: ValueScan, values: readonly number[], table: ClassNames): ValueTable {
  const { space } = scan;
  const nameOf = table.namesFor(space, values);
  const white = hasWhiteBackground(scan, values);
  const background = white ? 255 : backgroundOf(space, values, nameOf);
  const lines: string[] = [];
  if (white) lines.push("the background is 255: it is in the corners of the masks, and 0 in none");
  if (background !== 0 && space === "color" && background !== null) {
    lines.push(`the background is ${showCode(space, background)}: no mask has black`);
  }
  const ignored = ignoredOf(scan, values);
  if (ignored !== null) {
    lines.push(
      `value ${showCode(space, ignored)} next to classes: pixels that nobody labeled (${IGNORE_NAME})`,
    );
  }
  const labels = new Map<number, number>();
  const classes: ValueClass[] = [];
  const foreground = values.filter((code) => code !== background && code !== ignored);
  // Some files with 0 and 1, others with 0 and 255: both are masks of one class.
  const same = foreground.length === 2 && foreground[0] === 1 && foreground[1] === 255;
  if (same) lines.push("some masks have 0 and 1, others 0 and 255: both mean one class");
  for (const code of [...foreground, ...ignored === null ? [] : [ignored]]) {
    if (!same || classes.length === 0) classes.push(classOf(scan, code, foreground, ignored, nameOf, same));
    labels.set(code, classes.length);
  }
  return { space, classes, counts: false, labelOf: (code) => labels.get(code) ?? 0, lines };
}

function classOf(
  scan: ValueScan,
  code: number,
  foreground: readonly number[],
  ignored: number | null,
  nameOf: NameOf,
  same: boolean,
): ValueClass {
  const { space } = scan;
  const color = space === "color" ? code : space === "index" ? scan.paletteColor(code) : undefined;
  const colored = color === undefined ? {} : { color: showCode("color", color) };
  if (code === ignored) return { name: IGNORE_NAME, ...colored };
  const named = nameOf(code);
  if (named !== null) return { name: named, ...colored };
  const full = space === "color" ? [0xffffff] : [0, 1, 255, 65535];
  const only = same || foreground.length === 1 && full.includes(code);
  return { name: only ? FOREGROUND_NAME : showCode(space, code), ...colored };
}

/** Black, 0, or what a table of names calls the background; white if there is no black; null if all are classes. */
function backgroundOf(space: CodeSpace, values: readonly number[], nameOf: NameOf): number | null {
  const named = values.find((code) => isBackgroundName(nameOf(code) ?? ""));
  if (named !== undefined) return named;
  if (values.includes(0)) {
    const name = nameOf(0);
    return name === null || /^(void|unlabell?ed|none|clear)$/i.test(name) ? 0 : null;
  }
  return space === "color" && values.includes(0xffffff) ? 0xffffff : null;
}

/** Masks that are needed to tell that a background is white. */
const LEAST_WHITE = 3;

/** Whether 0 and other levels are drawn on white: nearly all corners are 255, and none is 0. */
function hasWhiteBackground(scan: ValueScan, values: readonly number[]): boolean {
  const { space, files, corners } = scan;
  // Some formats have a palette of grays for gray levels.
  const isGray = space === "gray" ||
    space === "index" && values.every((value) => scan.paletteColor(value) === 0x010101 * value);
  return isGray && files >= LEAST_WHITE && values.includes(0) && values.at(-1) === 255 &&
    // Not indices of classes, next to which 255 means ignored pixels.
    values.every((value) => value === 0 || value > 2 * FEW_VALUES) &&
    corners.black === 0 && corners.white >= 0.95 * corners.all;
}

/** 255 next to indices of classes, and the color of VOC's borders. */
function ignoredOf({ space, mixes255 }: ValueScan, values: readonly number[]): number | null {
  if (space === "color") return values.includes(VOC_BORDER) ? VOC_BORDER : null;
  const others = values.filter((code) => code !== 0 && code !== 255);
  const indices = others.length > 0 && others.every((code) => code <= 2 * FEW_VALUES) && mixes255;
  return values.includes(255) && indices ? 255 : null;
}

/** Values that compression or resizing blurred: each pixel gets the nearest of those that stand out. */
function nearestTable(scan: ValueScan, names: ClassNames): ValueTable {
  const { space, counts } = scan;
  if (space === "index") throw new SyntaxError(describeMany(counts.size, "palette indices"));
  const pixels = scan.solid;
  const most = [...counts.keys()].reduce((a, b) => Math.max(a, b), 0);
  const peaks = space === "color"
    ? scan.overflow ? null : colorPeaks(pixels)
    : most > 0xff
    ? null
    : grayPeaks(Array.from({ length: most + 1 }, (_, level) => pixels.get(level) ?? 0));
  if (peaks === null) {
    throw new SyntaxError(describeMany(counts.size, space === "color" ? "colors" : "gray levels"));
  }
  const cleaned = peaks.map((peak) => space === "gray" ? cleanLevel(peak) : peak).sort((a, b) => a - b);
  const exact = exactTable(scan, cleaned, names);
  const distance = space === "color" ? colorDistance : (a: number, b: number) => Math.abs(a - b);
  const nearest = new Map<number, number>();
  const shown = cleaned.map((code) => showCode(space, code)).join(", ");
  const why = scan.lossyFiles > 0 ? "compression" : "resizing";
  return {
    ...exact,
    labelOf: (code) => {
      let label = nearest.get(code);
      if (label === undefined) {
        label = exact.labelOf(cleaned.reduce((a, b) => distance(b, code) < distance(a, code) ? b : a));
        nearest.set(code, label);
      }
      return label;
    },
    lines: [
      ...exact.lines,
      `${counts.size} values, blurred by ${why}: each pixel was snapped to the nearest of ${shown}`,
    ],
  };
}

/** A level next to an end of the scale is that end. */
function cleanLevel(level: number): number {
  return level <= 1 ? 0 : level >= 254 ? 255 : level;
}

function describeMany(count: number, what: string): string {
  return `they have ${count} ${what} of which none stand out: these are images, not masks`;
}

/** A value in words: `150`, `#ff0000`. */
export function showCode(space: CodeSpace, code: number): string {
  return space === "color" ? `#${code.toString(16).padStart(6, "0")}` : String(code);
}
