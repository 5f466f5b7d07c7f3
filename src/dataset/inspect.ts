/**
 * What is in a dataset, what is wrong with it, and which images stand in two splits.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { decodeImage } from "../image/decode.ts";
import type { Mask } from "../image/mask.ts";
import type { CocoDataset, CocoImage, ImageState } from "../coco/coco.ts";
import { findLeaks, type Fingerprint, type Leak } from "./near_duplicates.ts";
import { mapConcurrently } from "./map_concurrently.ts";
import type { Problem } from "../coco/problems.ts";
import {
  readImageFile,
  readSplitAnnotations,
  type Sample,
  samplesOf,
  type Unannotated,
  unreadableImage,
} from "./samples.ts";
import { findSplits, listImageFiles, type Split, type SplitRole } from "./splits.ts";
import { makeThumbnail } from "./thumbnail.ts";

/** How a dataset is inspected. */
export interface InspectOptions {
  /** What becomes of images without annotations; `empty` unless given. */
  readonly unannotated?: Unannotated;
  /** Whether images are decoded: finds damaged ones and copies with other bytes. True unless given. */
  readonly pixels?: boolean;
  /** Told after every image. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** What is in one split. */
export interface SplitReport {
  /** The folder's name. */
  readonly name: string;
  /** What the split is for. */
  readonly role: SplitRole;
  /** The annotation file's path, or null where there is none; the rest is then zero but for `files`. */
  readonly annotationFile: string | null;
  /** Image files in the folder. */
  readonly files: number;
  /** Listed images whose file is there, sound, and of the listed size. */
  readonly images: number;
  /** Annotations of them that can be drawn. */
  readonly annotations: number;
  /** Images with an annotation that can be drawn. */
  readonly annotated: number;
  /** Images without any annotation: free of tumors, or merely not labelled. */
  readonly unannotated: number;
  /** Images left out because none of their annotations can be drawn. */
  readonly unusable: number;
  /** Samples that a reader gets, with images without annotations as the setting says. */
  readonly samples: number;
  /** The categories and how many of the annotations are theirs. */
  readonly categories: readonly { id: number; name: string; annotations: number }[];
  /** The images' sizes, the most frequent first. */
  readonly sizes: readonly { width: number; height: number; images: number }[];
  /**
   * Share of tumor pixels of a sample: the mean over all samples (each counts the same, as after resizing to one
   * size), and least, median and largest over the annotated ones. Null without any.
   */
  readonly tumorShare: { mean: number; least: number; median: number; largest: number } | null;
  /** Pixel accuracy of calling every pixel background: what any model must beat. Null without samples. */
  readonly allBackgroundAccuracy: number | null;
  /** Everything wrong in the split. */
  readonly problems: readonly Problem[];
}

/** What is in a dataset. */
export interface DatasetReport {
  /** The folder, as it was named. */
  readonly folder: string;
  /** What was made of images without annotations. */
  readonly unannotated: Unannotated;
  /** Whether the images were decoded. */
  readonly pixels: boolean;
  /** The splits. */
  readonly splits: readonly SplitReport[];
  /** Problems in all. */
  readonly problems: number;
  /** What the splits share. */
  readonly leaks: LeakReport;
}

/** Images that stand in two splits. */
export interface LeakReport {
  /** The pairs. */
  readonly pairs: readonly Leak[];
  /** False where there are more pairs than are listed. */
  readonly complete: boolean;
  /** Of each split, how many images are in a pair. */
  readonly images: { readonly [split: string]: number };
}

/** Looks at a dataset's every annotation and image; throws only where there is no dataset or no COCO file. */
export async function inspectDataset(folder: string, options: InspectOptions = {}): Promise<DatasetReport> {
  const { unannotated = "empty", pixels = true, onProgress = () => {} } = options;
  const readings: { split: Split; dataset: CocoDataset | null }[] = [];
  for (const split of await findSplits(folder)) {
    readings.push({
      split,
      dataset: split.annotationFile === null ? null : await readSplitAnnotations(split),
    });
  }
  const total = readings.reduce((sum, { dataset }) => sum + (dataset?.images.length ?? 0), 0);
  let done = 0;
  const prints: Fingerprint[] = [];
  const splits: SplitReport[] = [];
  for (const { split, dataset } of readings) {
    const files = await listImageFiles(split.folder);
    if (dataset === null) {
      splits.push(describeFolder(split, files));
      continue;
    }
    const looks = await mapConcurrently(dataset.images, 2 * navigator.hardwareConcurrency, async (image) => {
      const look = await lookAtImage(split, image, { pixels });
      onProgress(++done, total);
      return look;
    });
    prints.push(...looks.flatMap(({ print }) => print ?? []));
    const problems = [
      ...dataset.problems,
      ...looks.flatMap(({ problem }) => problem ?? []),
      ...files.filter((name) => !dataset.fileNames.has(name)).map(unlistedFile),
    ];
    const sound = dataset.images.filter((_, i) => looks[i]!.print !== null);
    const samples = samplesOf(split, dataset, sound, unannotated);
    splits.push({
      ...describeFolder(split, files),
      ...describeImages(dataset, sound),
      ...describeMasks(samples),
      problems,
    });
  }
  const problems = splits.reduce((sum, report) => sum + report.problems.length, 0);
  return { folder, unannotated, pixels, splits, problems, leaks: describeLeaks(prints) };
}

/** An image's fingerprint, or what is wrong with its file: one of both is null. */
export interface ImageLook {
  /** What it is compared by. */
  readonly print: Fingerprint | null;
  /** Why it is left out. */
  readonly problem: Problem | null;
}

/** Reads a listed image and, unless `pixels` is false, decodes it. */
export async function lookAtImage(
  split: Split,
  image: CocoImage,
  { pixels = true }: { pixels?: boolean } = {},
): Promise<ImageLook> {
  const bytes = await readImageFile(split, image);
  if (!(bytes instanceof Uint8Array)) return { print: null, problem: bytes };
  try {
    const thumbnail = pixels ? makeThumbnail(await decodeImage(bytes)) : null;
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    return { print: { split: split.name, fileName: image.fileName, sha256, thumbnail }, problem: null };
  } catch (error) {
    return { print: null, problem: unreadableImage(split, image, error) };
  }
}

function unlistedFile(name: string): Problem {
  const message = `${JSON.stringify(name)} is in the folder, and the annotation file does not list it`;
  return { kind: "unlisted-file", id: name, message, effect: "skipped" };
}

/** The report of a folder without annotations, and the ground of every other. */
function describeFolder(split: Split, files: readonly string[]): SplitReport {
  return {
    name: split.name,
    role: split.role,
    annotationFile: split.annotationFile,
    files: files.length,
    images: 0,
    annotations: 0,
    annotated: 0,
    unannotated: 0,
    unusable: 0,
    samples: 0,
    categories: [],
    sizes: [],
    tumorShare: null,
    allBackgroundAccuracy: null,
    problems: [],
  };
}

function describeImages(dataset: CocoDataset, images: readonly CocoImage[]) {
  const annotations = images.flatMap((image) => dataset.annotationsOf(image.id));
  const count = (state: ImageState) => images.filter((image) => dataset.state(image.id) === state).length;
  const sizes = Map.groupBy(images, ({ width, height }) => `${width} x ${height}`);
  return {
    images: images.length,
    annotations: annotations.length,
    annotated: count("annotated"),
    unannotated: count("unannotated"),
    unusable: count("unusable"),
    categories: dataset.categories.map(({ id, name }) => ({
      id,
      name,
      annotations: annotations.filter((annotation) => annotation.categoryId === id).length,
    })),
    sizes: [...sizes.values()]
      .map((same) => ({ width: same[0]!.width, height: same[0]!.height, images: same.length }))
      .sort((a, b) => b.images - a.images),
  };
}

function describeMasks(samples: readonly Sample[]) {
  const shares = samples.map((sample) => sample.annotated ? shareOf(sample.mask()) : 0);
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  const marked = shares.filter((_, i) => samples[i]!.annotated).sort((a, b) => a - b);
  return {
    samples: samples.length,
    tumorShare: marked.length === 0
      ? null
      : { mean, least: marked[0]!, median: marked[marked.length >> 1]!, largest: marked.at(-1)! },
    allBackgroundAccuracy: samples.length === 0 ? null : 1 - mean,
  };
}

function shareOf(mask: Mask): number {
  return mask.data.reduce((sum, value) => sum + value, 0) / mask.data.length;
}

function describeLeaks(prints: readonly Fingerprint[]): LeakReport {
  const { leaks, complete } = findLeaks(prints);
  const images: { [split: string]: Set<string> } = {};
  for (const { split, fileName } of leaks.flatMap(({ files }) => files)) {
    (images[split] ??= new Set()).add(fileName);
  }
  const counts = Object.entries(images).map(([split, names]) => [split, names.size]);
  return { pairs: leaks, complete, images: Object.fromEntries(counts) };
}
