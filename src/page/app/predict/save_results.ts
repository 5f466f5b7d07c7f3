/**
 * Saves results of one image or of the whole queue. This module is browser compatible.
 *
 * @module
 */
import type { RgbImage } from "../../../image/image.ts";
import type { ImageNumbers } from "../../../prediction/image_report.ts";
import { storedZipParts } from "../../../weights/zip_writer.ts";
import type { QueueFile } from "./downloads_panel.ts";
import { resultNames } from "./names.ts";
import {
  cocoFiles,
  imageFiles,
  type NamedImage,
  type OutputFile,
  type OutputKind,
  type Provenance,
  summaryFile,
} from "./outputs.ts";
import { measure, type PredictedImage } from "./predicted_image.ts";
import { saveFile } from "./save_file.ts";

/** The name of the zip of everything. */
export const ZIP_FILE = "predictions.zip";

/** The images of a queue that are predicted, with the names of their results, and all images' names in COCO files. */
export interface NamedQueue {
  readonly images: readonly NamedImage[];
  readonly fileNames: readonly string[];
}

/** Names the images of a queue; also those that failed count, as for `predict`. */
export function nameImages(
  items: readonly { readonly path: string; readonly result: PredictedImage | null }[],
): NamedQueue {
  const names = resultNames(items.map(({ path }) => path));
  const images = items.flatMap(({ result }, index) =>
    result === null ? [] : [{ name: names[index]!, predicted: result }]
  );
  return { images, fileNames: names.map(({ fileName }) => fileName) };
}

/** Saves the file of a kind of one image; a zip, if each of several classes has one. */
export async function saveImage(
  image: NamedImage,
  kind: OutputKind,
  provenance: Provenance,
  pixels: RgbImage,
): Promise<void> {
  const files = await imageFiles(image, [kind], provenance, pixels);
  // Browsers ask before a page saves several files.
  if (files.length === 1) return save(files[0]!);
  saveZip(`${image.name.stem}_${kind}.zip`, files);
}

/**
 * Saves files of all images.
 *
 * @param pixelsOf the pixels of the image at an index
 * @param onStep is called with how far it is
 */
export async function saveQueue(
  kind: QueueFile,
  { images, fileNames }: NamedQueue,
  provenance: Provenance,
  pixelsOf: (index: number) => Promise<RgbImage>,
  onStep: (text: string) => void,
): Promise<void> {
  const numbers = () =>
    images.map(({ name, predicted }): ImageNumbers =>
      measure(name.image, predicted, provenance.state.model, provenance.settings).numbers
    );
  const table = () => summaryFile(numbers(), provenance.state.model);
  if (kind === "csv") return save(table());
  const coco = () => cocoFiles(images, fileNames, provenance);
  if (kind === "coco") return save(coco()[0]!);
  if (kind === "results") return save(coco()[1]!);
  const files: OutputFile[] = [];
  for (const [index, image] of images.entries()) {
    onStep(`Packing ${index + 1} of ${images.length}`);
    const pixels = await pixelsOf(index);
    const kinds = ["mask", "overlay", "probability", "json"] as const;
    files.push(...await imageFiles(image, kinds, provenance, pixels));
  }
  files.push(table(), ...coco());
  saveZip(ZIP_FILE, files);
}

/** Not compressed: PNGs are already. */
function saveZip(name: string, files: readonly OutputFile[]): void {
  const parts = storedZipParts(files) as Uint8Array<ArrayBuffer>[];
  saveFile(name, new Blob(parts, { type: "application/zip" }));
}

function save({ name, bytes }: OutputFile): void {
  saveFile(
    name,
    new Blob([bytes], { type: name.endsWith(".png") ? "image/png" : "application/octet-stream" }),
  );
}
