/**
 * The images and annotations of the dataset that is re-split.
 *
 * @module
 */
import { join } from "node:path";
import { readCocoText } from "../coco/coco_file.ts";
import { parseCoco } from "../coco/ids.ts";
import type { Problem } from "../coco/problems.ts";
import { countOf } from "../dataset/annotation_notes.ts";
import { inspectImage } from "../dataset/inspect_image.ts";
import { mapConcurrently, READ_AHEAD } from "../dataset/map_concurrently.ts";
import type { ImageSignature } from "../dataset/near_duplicates.ts";
import type { ListedImage, Split } from "../dataset/dataset_source.ts";
import { openSplit } from "../dataset/source_registry.ts";
import { listImageFiles } from "../dataset/splits.ts";
import { AnnotationMerger, type RenamedImage } from "./annotations.ts";
import { uniqueNames } from "./names.ts";

/** An image and its file. */
export interface SourceImage extends RenamedImage {
  /** The file's path as it can be opened. */
  readonly path: string;
}

/** All images of a dataset, and what is needed to write them elsewhere. */
export interface SourceImages {
  /**
   * Every listed image whose annotations can be trusted and whose file is intact and of the listed size, in the order
   * of the splits and their files.
   */
  readonly images: readonly SourceImage[];
  /** What they are compared by, in the same order. */
  readonly signatures: readonly ImageSignature[];
  /** Their annotations. */
  readonly annotations: AnnotationMerger;
  /** Every problem. */
  readonly problems: readonly Problem[];
  /** Image files that no annotation file lists. */
  readonly unlisted: number;
  /** The listed images that are left out: in another annotation file they would pass for background. */
  readonly leftOut: readonly LeftOut[];
}

/** Images that are left out for one reason. */
export interface LeftOut {
  /** How many. */
  readonly images: number;
  /** Why, in words. */
  readonly reason: string;
}

/** Reads the annotation files of COCO splits and inspects every listed image. */
export async function readSourceImages(
  splits: readonly Split[],
  onProgress: (done: number, total: number) => void,
): Promise<SourceImages> {
  const annotations = new AnnotationMerger();
  const problems: Problem[] = [];
  const listed: { split: Split; image: ListedImage }[] = [];
  let unlisted = 0;
  const leftOut: LeftOut[] = [];
  const leaveOut = (images: number, reason: string) => {
    if (images > 0) leftOut.push({ images, reason });
  };
  for (const split of splits) {
    const { images, fileNames, problems: found, uncertainty } = await openSplit(split);
    const path = split.annotationFile!;
    annotations.add(split.name, parseCoco(await readCocoText(path), JSON.stringify(path)));
    problems.push(...found);
    const trusted = images.filter(({ state }) => state === "annotated" || state === "unannotated");
    listed.push(...trusted.map((image) => ({ split, image })));
    leaveOut(fileNames.size - images.length, `${split.name}: their entries are invalid or ambiguous`);
    leaveOut(countOf(images, "unusable"), `${split.name}: their annotations cannot be used`);
    leaveOut(countOf(images, "uncertain"), `${split.name}: not annotated, but ${uncertainty}`);
    unlisted += (await listImageFiles(split)).filter((name) => !fileNames.has(name)).length;
  }
  let done = 0;
  const inspections = await mapConcurrently(listed, READ_AHEAD, async ({ split, image }) => {
    const inspection = await inspectImage(split, image);
    onProgress(++done, listed.length);
    return inspection;
  });
  problems.push(...inspections.flatMap(({ problem }) => problem ?? []));
  const intact = listed.filter((_, at) => inspections[at]!.signature !== null).map(({ split, image }) => ({
    split: split.name,
    fileName: image.fileName,
    imageId: image.id,
    path: join(split.folder, image.fileName),
  }));
  leaveOut(listed.length - intact.length, "all: their files are missing, damaged or of another size");
  const names = uniqueNames(intact);
  return {
    images: intact.map((image, at) => ({ ...image, newName: names[at]! })),
    signatures: inspections.flatMap(({ signature }) => signature ?? []),
    annotations,
    problems,
    unlisted,
    leftOut,
  };
}
