/**
 * The pictures of a dataset's annotated folders, read for being dealt anew.
 *
 * @module
 */
import { join } from "node:path";
import { lookAtPicture } from "./inspect.ts";
import { parseJson } from "./json.ts";
import type { Fingerprint } from "./leaks.ts";
import { mapConcurrently } from "./map_concurrently.ts";
import type { Problem } from "./problems.ts";
import { AnnotationMerger, type RegroupedPicture } from "./regroup_annotations.ts";
import { uniqueNames } from "./regroup_names.ts";
import { readSplitAnnotations } from "./samples.ts";
import { listImageFiles, type Split } from "./splits.ts";

/** A picture that is dealt, and where its file is. */
export interface SourcePicture extends RegroupedPicture {
  /** The file's path as it can be opened. */
  readonly path: string;
}

/** All pictures that are dealt, and what is needed to write them elsewhere. */
export interface RegroupSources {
  /** Every listed picture whose file is sound and of the listed size, in the order of the splits and their files. */
  readonly pictures: readonly SourcePicture[];
  /** What they are compared by, in the same order. */
  readonly prints: readonly Fingerprint[];
  /** Their annotations. */
  readonly annotations: AnnotationMerger;
  /** Everything wrong. */
  readonly problems: readonly Problem[];
  /** Picture files that no annotation file lists. */
  readonly unlisted: number;
}

/** Reads the annotation files of `splits` and looks at every listed picture. */
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
      const look = await lookAtPicture(split, image);
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
    pictures: sound.map((picture, at) => ({ ...picture, newName: names[at]! })),
    prints: looks.flatMap(({ print }) => print ?? []),
    annotations,
    problems,
    unlisted,
  };
}
