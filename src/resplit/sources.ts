/**
 * The images of a dataset's annotated folders, read for being dealt anew.
 *
 * @module
 */
import { join } from "node:path";
import { lookAtImage } from "../dataset/inspect.ts";
import { parseJson } from "../coco/json.ts";
import type { Fingerprint } from "../dataset/near_duplicates.ts";
import { mapConcurrently } from "../dataset/map_concurrently.ts";
import type { Problem } from "../coco/problems.ts";
import { AnnotationMerger, type RegroupedImage } from "./annotations.ts";
import { uniqueNames } from "./names.ts";
import { readSplitAnnotations } from "../dataset/samples.ts";
import { listImageFiles, type Split } from "../dataset/splits.ts";

/** An image that is dealt, and where its file is. */
export interface SourceImage extends RegroupedImage {
  /** The file's path as it can be opened. */
  readonly path: string;
}

/** All images that are dealt, and what is needed to write them elsewhere. */
export interface RegroupSources {
  /** Every listed image whose file is sound and of the listed size, in the order of the splits and their files. */
  readonly images: readonly SourceImage[];
  /** What they are compared by, in the same order. */
  readonly prints: readonly Fingerprint[];
  /** Their annotations. */
  readonly annotations: AnnotationMerger;
  /** Everything wrong. */
  readonly problems: readonly Problem[];
  /** Image files that no annotation file lists. */
  readonly unlisted: number;
}

/** Reads the annotation files of `splits` and looks at every listed image. */
export async function readSources(
  splits: readonly Split[],
  onProgress: (done: number, total: number) => void,
): Promise<RegroupSources> {
  const annotations = new AnnotationMerger();
  const problems: Problem[] = [];
  const listed: { split: Split; image: { id: number; fileName: string; width: number; height: number } }[] =
    [];
  let unlisted = 0;
  for (const split of splits) {
    const dataset = await readSplitAnnotations(split);
    const path = split.annotationFile!;
    annotations.add(split.name, parseJson(await Deno.readTextFile(path), JSON.stringify(path)));
    problems.push(...dataset.problems);
    listed.push(...dataset.images.map((image) => ({ split, image })));
    unlisted += (await listImageFiles(split.folder)).filter((name) => !dataset.fileNames.has(name)).length;
  }
  let done = 0;
  const looks = await mapConcurrently(
    listed,
    2 * navigator.hardwareConcurrency,
    async ({ split, image }) => {
      const look = await lookAtImage(split, image);
      onProgress(++done, listed.length);
      return look;
    },
  );
  problems.push(...looks.flatMap(({ problem }) => problem ?? []));
  const sound = listed.filter((_, at) => looks[at]!.print !== null).map(({ split, image }) => ({
    split: split.name,
    fileName: image.fileName,
    imageId: image.id,
    path: join(split.folder, image.fileName),
  }));
  const names = uniqueNames(sound);
  return {
    images: sound.map((image, at) => ({ ...image, newName: names[at]! })),
    prints: looks.flatMap(({ print }) => print ?? []),
    annotations,
    problems,
    unlisted,
  };
}
