/**
 * Writes the results of one image: mask, probabilities, figure, numbers.
 *
 * @module
 */
import { basename, join } from "node:path";
import type { ImageAppearance } from "../appearance/appearance.ts";
import { writeFileAtomic } from "../fs/atomic_file.ts";
import { displayImage } from "../image/display.ts";
import { encodeGrayPng, encodeIndexedPng, encodeRgbPng } from "../image/encode.ts";
import type { Panel } from "../image/draw_figure.ts";
import type { DecodedRaster, SampleImage, Spacing } from "../image/image.ts";
import { colorOfHex } from "../image/palette.ts";
import { addPngTexts } from "../image/png_text.ts";
import type { Adaptation } from "./adapt.ts";
import type { ClassSegmentation } from "./coco_results.ts";
import { ClassFigure, drawPrediction, figureTitle } from "./figure.ts";
import { type ClassReport, type ImageReport, reportMask, reportUnion } from "./image_report.ts";
import type { SegmentOptions } from "./postprocess.ts";
import type { ProbabilityMap } from "./probability_map.ts";
import { classEnding, fileNames, OUTPUT_ENDINGS } from "./result_files.ts";
import { grayLevels, labelPalette, MergedLabels, type ResultClasses, unionOf } from "./result_images.ts";
import { segmentClasses } from "./segment_classes.ts";
import { writeUncertainty } from "./write_uncertainty.ts";

/** How results are written. */
export interface ResultOptions extends SegmentOptions {
  /** The output folder. */
  readonly output: string;
  /** Whether masks hold labels (0, 1, ...) as grayscale, for ITK-SNAP and 3D Slicer. */
  readonly labels?: boolean | undefined;
  /** Millimeters between rows and between columns. */
  readonly spacing?: Spacing | undefined;
  /** Whether to write how uncertain the prediction is; defaults to false. */
  readonly uncertainty?: boolean | undefined;
  /** The description of model and settings in the JSON file of each image. */
  readonly provenance?: Readonly<Record<string, unknown>>;
  /** SHA-256 of the model's file, of several models each; written into every PNG. */
  readonly modelHashes?: readonly string[] | undefined;
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
  /** How far it is from the training images, if the model tells. */
  readonly appearance?: ImageAppearance | null;
  /** What was done to its intensities. */
  readonly adapted?: Adaptation | undefined;
  /** The same of each of several models. */
  readonly members?: readonly (readonly ProbabilityMap[])[] | undefined;
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
  const { name, decoded: { raster: size } } = image;
  const uncertain = options.uncertainty
    ? await writeUncertainty(image, model.head, {
      output: options.output,
      name,
      size,
      write: (files) => writeTogether(options.modelHashes, files),
    })
    : null;
  const panels = uncertain?.panels ?? [];
  const { files, ...numbers } = model.classes.length === 1
    ? await writeOneClass(image, model, options, onClass, panels)
    : await writeClasses(image, model, options, onClass, panels);
  const report: ImageReport = uncertain === null
    ? { ...numbers, files }
    : { ...numbers, uncertainty: uncertain.uncertainty, files: { ...files, ...uncertain.files } };
  await writeFileAtomic(
    report.files.json,
    `${JSON.stringify({ ...report, ...options.provenance }, null, 2)}\n`,
  );
  return report;
}

async function writeOneClass(
  { file, name, decoded: { raster, notes }, maps, ...look }: ResultImage,
  { classes: [only], head }: ResultClasses,
  options: ResultOptions,
  onClass: (segmentation: ClassSegmentation) => void,
  panels: readonly Panel[],
): Promise<ImageReport> {
  const { output, spacing, labels, modelHashes } = options;
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
  await writeTogether(modelHashes, [
    [files.mask, labels ? encodeGrayPng(mask) : encodeGrayPng(grayLevels(mask))],
    [files.probability, encodeGrayPng(grayLevels(probabilities))],
    [
      files.figure,
      drawPrediction(displayImage(raster), mask, figureTitle(basename(file), numbers), panels).then(
        encodeRgbPng,
      ),
    ],
  ]);
  return { image: file, ...spaced(spacing), ...numbers, ...judged(look), notes, files };
}

async function writeClasses(
  { file, name, decoded: { raster, notes }, maps, ...look }: ResultImage,
  { classes, head }: ResultClasses,
  options: ResultOptions,
  onClass: (segmentation: ClassSegmentation) => void,
  panels: readonly Panel[],
): Promise<ImageReport> {
  const { output, spacing, labels, modelHashes } = options;
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
    await writeTogether(modelHashes, [
      [own.probability, encodeGrayPng(grayLevels(probabilities))],
      ...(own.mask
        ? [[own.mask, labels ? encodeGrayPng(mask) : encodeGrayPng(grayLevels(mask))] as const]
        : []),
    ]);
  }
  const { mask: ending, figure, json } = OUTPUT_ENDINGS;
  const files = { mask: path(ending), figure: path(figure), json: path(json) };
  const map = { width, height, data: merged.labels };
  await writeTogether(modelHashes, [
    [files.mask, labels ? encodeGrayPng(map) : encodeIndexedPng(map, labelPalette(classes))],
    [files.figure, drawing.draw(map, basename(file), panels).then(encodeRgbPng)],
  ]);
  const numbers = reportUnion(reports, unionOf(map), spacing);
  return {
    image: file,
    ...spaced(spacing),
    ...numbers,
    classes: reports,
    ...judged(look),
    notes,
    files,
  };
}

function spaced(spacing: Spacing | undefined): { spacing?: Spacing } {
  return spacing === undefined ? {} : { spacing };
}

function judged(
  { appearance, adapted }: Pick<ResultImage, "appearance" | "adapted">,
): Pick<ImageReport, "appearance" | "adapted"> {
  return { ...(appearance ? { appearance } : {}), ...(adapted ? { adapted } : {}) };
}

/** The keyword of the model's hash in PNGs. */
export const MODEL_KEYWORD = "Model SHA-256";

/** Encodes PNGs at the same time, and writes them in order. */
async function writeTogether(
  modelHashes: ResultOptions["modelHashes"] = [],
  files: readonly (readonly [path: string, bytes: Promise<Uint8Array>])[],
): Promise<void> {
  const encoded = await Promise.all(files.map(([, bytes]) => bytes));
  const texts = modelHashes.length === 0 ? {} : { [MODEL_KEYWORD]: modelHashes.join(" ") };
  for (const [index, [path]] of files.entries()) {
    await writeFileAtomic(path, addPngTexts(encoded[index]!, texts));
  }
}
