/**
 * COCO datasets as Roboflow exports them: a folder of images per split, with the annotation file in it.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { CocoAnnotation, CocoDataset, CocoImage, Labeling } from "../coco/coco.ts";
import { ANNOTATION_FILE, readCocoFile } from "../coco/coco_file.ts";
import type { Size } from "../image/image.ts";
import { FOREGROUND } from "../image/label_map.ts";
import { roleOf } from "./roles.ts";
import type { DatasetSource, ListedImage, Split } from "./dataset_source.ts";

/** Part of every label key: to be raised when the same annotation is rasterized differently. */
const RASTERIZER_VERSION = 1;

/** Folders of images with `_annotations.coco.json`. */
export const COCO_SOURCE: DatasetSource = {
  name: "coco",
  layout: `folder with ${ANNOTATION_FILE}`,

  isSplit: ({ files }) => files.includes(ANNOTATION_FILE),

  async detect(folder) {
    const splits: Split[] = [];
    for (const name of folder.folders) {
      const inner = await folder.child(name);
      if (!this.isSplit(inner)) continue;
      const annotationFile = join(inner.path, ANNOTATION_FILE);
      splits.push({ name, role: roleOf(name), folder: inner.path, annotationFile, source: this.name });
    }
    return splits;
  },

  async open({ annotationFile }) {
    const dataset = await readCocoFile(annotationFile!);
    const { fileNames, categories, problems, uncertainty } = dataset;
    return {
      images: dataset.images.map((image) => listImage(dataset, image)),
      fileNames,
      categories,
      problems,
      uncertainty,
    };
  },
};

function listImage(dataset: CocoDataset, image: CocoImage): ListedImage {
  return {
    ...image,
    state: dataset.state(image.id),
    partlyAnnotated: dataset.isPartlyAnnotated(image.id),
    categoryIds: dataset.annotationsOf(image.id).map(({ categoryId }) => categoryId),
    labelMap: (labeling) =>
      Promise.resolve(labeling ? dataset.labelMap(image.id, labeling) : dataset.mask(image.id)),
    labelKey: (labeling) => Promise.resolve(labelKey(image, dataset.annotationsOf(image.id), labeling)),
  };
}

/** The key of an image's label map; see `ListedImage`. */
export function labelKey(
  { width, height }: Size,
  annotations: readonly Pick<CocoAnnotation, "categoryId" | "segmentation">[],
  labeling: Labeling | undefined,
): string {
  const segmentations = annotations.map(({ segmentation }) => segmentation);
  const content: unknown[] = [RASTERIZER_VERSION, width, height, segmentations];
  const labels = annotations.map(({ categoryId }) => labeling?.labelsOf(categoryId) ?? [FOREGROUND]);
  // The union of all has the key that it had before there were classes: caches stay valid.
  if (!labels.every((each) => each.length === 1 && each[0] === FOREGROUND)) {
    content.push(labels, labeling!.overlapping ? labeling!.classCount : 0);
  }
  return createHash("sha256").update(JSON.stringify(content)).digest("hex");
}
