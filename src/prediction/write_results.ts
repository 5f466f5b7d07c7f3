/**
 * Writes the results of one image: mask, probabilities, figure, numbers.
 *
 * @module
 */
import { basename, join } from "node:path";
import { writeFileAtomic } from "../fs/atomic_file.ts";
import type { ClassSpec } from "../image/class_spec.ts";
import { displayImage } from "../image/display.ts";
import { encodeGrayPng, encodeIndexedPng, encodeRgbPng } from "../image/encode.ts";
import type { DecodedRaster, SampleImage, Size, Spacing } from "../image/image.ts";
import type { Mask } from "../image/mask.ts";
import { colorOfHex } from "../image/palette.ts";
import type { Head } from "../unet/config.ts";
import type { ClassSegmentation } from "./coco_results.ts";
import { ClassFigure, drawPrediction, figureTitle } from "./figure.ts";
import { type ClassReport, type ImageReport, reportMask, reportUnion } from "./image_report.ts";
import type { SegmentOptions } from "./postprocess.ts";
import type { ProbabilityMap } from "./probability_map.ts";
import { classEnding, fileNames, OUTPUT_ENDINGS } from "./result_names.ts";
import { segmentClasses } from "./segment_classes.ts";

/** How results are written. */
export interface ResultOptions extends SegmentOptions {
  /** The output folder. */
  readonly output: string;
  /** Whether masks hold labels (0, 1, ...) as grayscale, for ITK-SNAP and 3D Slicer. */
  readonly labels?: boolean | undefined;
  /** Millimeters between rows and between columns. */
  readonly spacing?: Spacing | undefined;
  /** The description of model and settings in the JSON file of each image. */
  readonly provenance?: Readonly<Record<string, unknown>>;
}

/** The classes of the model. */
export interface ResultClasses {
  /** Names and colors. */
  readonly classes: readonly ClassSpec[];
  /** Whether they may overlap. */
  readonly head: Head;
}

/** An image to write results for. */
export interface ResultImage {
  /** Its path as given. */
  readonly file: string;
  /** The name of its results in the output folder, without ending. */
  readonly name: string;
  /** Its pixels, and what is known of its file. */
  readonly decoded: DecodedRaster<SampleImage>;
  /** The probabilities of each class. */
  readonly maps: readonly ProbabilityMap[];
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

/**
 * Writes the results of an image, and returns its report. The JSON file is the last: if it exists, the others do.
 *
 * @param onClass is called with the segmentation of each class
 */
export async function writeResults(
  image: ResultImage,
  model: ResultClasses,
  options: ResultOptions,
  onClass: (segmentation: ClassSegmentation) => void,
): Promise<ImageReport> {
  const report = model.classes.length === 1
    ? await writeOneClass(image, model, options, onClass)
    : await writeClasses(image, model, options, onClass);
  await writeFileAtomic(
    report.files.json,
    `${JSON.stringify({ ...report, ...options.provenance }, null, 2)}\n`,
  );
  return report;
}

async function writeOneClass(
  { file, name, decoded: { raster, notes }, maps }: ResultImage,
  { classes: [only], head }: ResultClasses,
  options: ResultOptions,
  onClass: (segmentation: ClassSegmentation) => void,
): Promise<ImageReport> {
  const { output, spacing, labels } = options;
  const [{ mask, probabilities, ...rest }] = [...segmentClasses(maps, raster, { ...options, head })] as [
    ReturnType<typeof segmentClasses> extends Generator<infer T> ? T : never,
  ];
  onClass({ name: only!.name, ...rest });
  const numbers = reportMask(rest.summary, spacing);
  const path = (kind: keyof typeof OUTPUT_ENDINGS) => join(output, name + OUTPUT_ENDINGS[kind]);
  const files = {
    mask: path("mask"),
    probability: path("probability"),
    figure: path("figure"),
    json: path("json"),
  };
  await writeTogether([
    [files.mask, labels ? encodeGrayPng(mask) : grayPng(mask, mask.data)],
    [files.probability, grayPng(mask, probabilities.data)],
    [
      files.figure,
      drawPrediction(displayImage(raster), mask, figureTitle(basename(file), numbers)).then(encodeRgbPng),
    ],
  ]);
  return { image: file, ...spaced(spacing), ...numbers, notes, files };
}

async function writeClasses(
  { file, name, decoded: { raster, notes }, maps }: ResultImage,
  { classes, head }: ResultClasses,
  options: ResultOptions,
  onClass: (segmentation: ClassSegmentation) => void,
): Promise<ImageReport> {
  const { output, spacing, labels } = options;
  const { width, height } = raster;
  const merged = new MergedLabels(raster);
  const names = fileNames(classes.map(({ name }) => name));
  const path = (ending: string) => join(output, name + ending);
  const reports: ClassReport[] = [];
  const drawing = new ClassFigure(displayImage(raster));
  let index = 0;
  for (const { mask, probabilities, ...rest } of segmentClasses(maps, raster, { ...options, head })) {
    const spec = classes[index]!;
    const own = {
      probability: path(classEnding("probability", names[index]!)),
      ...(head === "sigmoid" ? { mask: path(classEnding("mask", names[index]!)) } : {}),
    };
    index++;
    merged.add(mask, probabilities, index);
    onClass({ name: spec.name, ...rest });
    const numbers = reportMask(rest.summary, spacing);
    drawing.add(mask, colorOfHex(spec.color)!, spec.name, numbers);
    reports.push({ name: spec.name, color: spec.color, label: index, ...numbers, files: own });
    await writeTogether([
      [own.probability, grayPng(mask, probabilities.data)],
      ...(own.mask ? [[own.mask, labels ? encodeGrayPng(mask) : grayPng(mask, mask.data)] as const] : []),
    ]);
  }
  const { mask: ending, figure, json } = OUTPUT_ENDINGS;
  const files = { mask: path(ending), figure: path(figure), json: path(json) };
  const map = { width, height, data: merged.labels };
  const palette = [[0, 0, 0] as const, ...classes.map(({ color }) => colorOfHex(color)!)];
  await writeTogether([
    [files.mask, labels ? encodeGrayPng(map) : encodeIndexedPng(map, palette)],
    [files.figure, drawing.draw(map, basename(file)).then(encodeRgbPng)],
  ]);
  const union = { width, height, data: map.data.map((label) => label === 0 ? 0 : 1) };
  const numbers = reportUnion(reports, union, spacing);
  return { image: file, ...spaced(spacing), ...numbers, classes: reports, notes, files };
}

/** One label per pixel: where classes overlap, that of the most probable one. */
class MergedLabels {
  readonly labels: Uint8Array<ArrayBuffer>;
  readonly #best: Float32Array;

  constructor({ width, height }: Size) {
    this.labels = new Uint8Array(width * height);
    this.#best = new Float32Array(width * height);
  }

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

function spaced(spacing: Spacing | undefined): { spacing?: Spacing } {
  return spacing === undefined ? {} : { spacing };
}

/** Values from 0 to 1 as gray from 0 to 255. */
function grayPng({ width, height }: Size, values: ArrayLike<number>): Promise<Uint8Array> {
  const data = new Uint8Array(values.length);
  for (let at = 0; at < data.length; at++) data[at] = Math.round(255 * values[at]!);
  return encodeGrayPng({ width, height, data });
}

/** Encodes files at the same time, and writes them in order. */
async function writeTogether(
  files: readonly (readonly [path: string, bytes: Promise<Uint8Array>])[],
): Promise<void> {
  const encoded = await Promise.all(files.map(([, bytes]) => bytes));
  for (const [index, [path]] of files.entries()) await writeFileAtomic(path, encoded[index]!);
}
