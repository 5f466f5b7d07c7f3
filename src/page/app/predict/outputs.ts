/**
 * The files of results: those that `predict` writes, with the same names and content.
 * This module is browser compatible.
 *
 * @module
 */
import { joinBytes } from "../../../bytes.ts";
import type { RgbImage } from "../../../image/image.ts";
import { colorOfHex } from "../../../image/palette.ts";
import { outlineClasses } from "../../../image/draw_labels.ts";
import type { Mask } from "../../../image/mask.ts";
import { countedIds } from "../../../prediction/coco_ids.ts";
import { type ClassSegmentation, CocoResults } from "../../../prediction/coco_results.ts";
import type { ImageNumbers } from "../../../prediction/image_report.ts";
import { classEnding, fileNames, OUTPUT_ENDINGS } from "../../../prediction/result_files.ts";
import { grayLevels, labelPalette } from "../../../prediction/result_images.ts";
import { SUMMARY_FILE, summaryTable } from "../../../prediction/summary_table.ts";
import { png } from "./encode_png.ts";
import type { EngineModel, EngineState } from "./engine.ts";
import type { ResultName } from "./names.ts";
import { measure, type PredictedImage, thresholdOf } from "./predicted_image.ts";
import type { Settings } from "./settings.ts";

/** A file to download. */
export interface OutputFile {
  /** Its name, with the folders below the one that was dropped. */
  readonly name: string;
  /** Its content. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Which outputs of an image are chosen. */
export type OutputKind = "mask" | "overlay" | "probability" | "json";

/** An image with its names. */
export interface NamedImage {
  readonly name: ResultName;
  readonly predicted: PredictedImage;
}

/** The model and the settings, for the head of files. */
export interface Provenance {
  readonly state: EngineState;
  /** The name of the model's file, without its path. */
  readonly file: string;
  readonly settings: Settings;
}

/** The COCO files of a queue. */
export const COCO_FILES = { dataset: "predictions.json", results: "predictions_results.json" } as const;

/** The ending of an image's outlines; `predict` has them within its figure. */
export const OVERLAY_ENDING = "_overlay.png";

const encoder = new TextEncoder();

/** The files of an image. The overlay needs its pixels. */
export async function imageFiles(
  { name, predicted }: NamedImage,
  kinds: readonly OutputKind[],
  provenance: Provenance,
  image: RgbImage | null = predicted.image,
): Promise<OutputFile[]> {
  const { state: { model }, settings } = provenance;
  const { classes, head } = model;
  const parts = fileNames(classes.map(({ name }) => name));
  const masks: Mask[] = [];
  const pending: Promise<OutputFile>[] = [];
  const add = (ending: string, bytes: Promise<Uint8Array<ArrayBuffer>>) =>
    pending.push(bytes.then((bytes) => ({ name: name.stem + ending, bytes })));
  const { numbers, labels } = measure(name.image, predicted, model, settings, ({ mask, probabilities }) => {
    const part = parts[masks.length]!;
    const single = classes.length === 1;
    masks.push(mask);
    if (kinds.includes("probability")) {
      const ending = single ? OUTPUT_ENDINGS.probability : classEnding("probability", part);
      add(ending, png.gray(grayLevels(probabilities)));
    }
    if (kinds.includes("mask") && (single || head === "sigmoid")) {
      add(single ? OUTPUT_ENDINGS.mask : classEnding("mask", part), png.gray(grayLevels(mask)));
    }
  });
  if (kinds.includes("mask") && classes.length > 1) {
    add(OUTPUT_ENDINGS.mask, png.indexed(labels, labelPalette(classes)));
  }
  if (kinds.includes("overlay") && image !== null) {
    add(OVERLAY_ENDING, png.rgb(drawOutlines(image, masks, model)));
  }
  const files = await Promise.all(pending);
  if (kinds.includes("json")) {
    const text = `${JSON.stringify({ ...numbers, ...describe(provenance) }, null, 2)}\n`;
    files.push({ name: name.stem + OUTPUT_ENDINGS.json, bytes: encoder.encode(text) });
  }
  return files;
}

/** An image with the outlines of all classes in their colors. */
export function drawOutlines(image: RgbImage, masks: readonly Mask[], { classes }: EngineModel): RgbImage {
  return outlineClasses(image, masks, classes.map(({ color }) => colorOfHex(color)!));
}

/** `summary.csv`: a row per image and class. */
export function summaryFile(images: readonly ImageNumbers[], { classes }: EngineModel): OutputFile {
  return { name: SUMMARY_FILE, bytes: encoder.encode(summaryTable(images, classes[0]!.name)) };
}

/**
 * The dataset and the list of results, as `predict --coco predictions.json` writes them.
 *
 * @param fileNames those of all images, in order: ids are counted with those that could not be read
 */
export function cocoFiles(
  images: readonly NamedImage[],
  fileNames: readonly string[],
  provenance: Provenance,
): [dataset: OutputFile, results: OutputFile] {
  const { state: { model }, settings } = provenance;
  const classes = model.classes.map(({ name }) => name);
  const results = new CocoResults(countedIds(fileNames, classes));
  for (const { name, predicted } of images) {
    const segmentations: ClassSegmentation[] = [];
    measure(name.image, predicted, model, settings, ({ name, lesionMap, summary }) => {
      segmentations.push({ name, lesionMap, summary });
    });
    results.add(name.fileName, predicted.size, segmentations);
  }
  const { dataset, results: list } = results.documents(classes, describe(provenance));
  return [
    { name: COCO_FILES.dataset, bytes: joinBytes(dataset) },
    { name: COCO_FILES.results, bytes: joinBytes(list) },
  ];
}

/** Model and settings, as `predict` describes them. */
function describe({ state, file, settings }: Provenance): Record<string, unknown> {
  const { model, kernels, adapter } = state;
  const { recipe, epoch, network, size, normalize } = model.description;
  const { largest, minArea } = settings;
  const origin = {
    file,
    sha256: model.sha256,
    recipe: recipe ?? null,
    epoch: epoch ?? null,
    network,
    size,
    normalize,
    described: model.described,
  };
  const threshold = thresholdOf(model, settings);
  return {
    model: origin,
    settings: { threshold, largest, minArea, flips: false, kernels, adapter: adapter.description },
  };
}
