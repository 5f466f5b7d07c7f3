/**
 * From a split to its samples: an image file and its label map each.
 *
 * @module
 */
import { join } from "node:path";
import type { CocoId, Labeling } from "../coco/coco.ts";
import { type Problem, refuseProblems } from "../coco/problems.ts";
import type { Size } from "../image/image.ts";
import { type LabelMap, maskOf } from "../image/label_map.ts";
import type { Mask } from "../image/mask.ts";
import { annotationNotes, countOf } from "./annotation_notes.ts";
import { type ClassTable, labelingOf, plainTable } from "./classes.ts";
import { readListedFile } from "./listed_file.ts";
import type { ListedImage, Split, SplitListing } from "./dataset_source.ts";
import { openSplit } from "./source_registry.ts";

/**
 * How images without annotations are treated: `empty` takes them as background only, as the original training does;
 * `skip` leaves them out, since they may merely be unlabeled. Images that are `uncertain` are never taken as
 * background: `empty` refuses their split, `skip` leaves them out.
 */
export type Unannotated = "empty" | "skip";

/** The choices of {@linkcode Unannotated}. */
export const UNANNOTATED: readonly Unannotated[] = ["empty", "skip"];

/** How a split is read. */
export interface SplitOptions {
  /** How images without annotations are treated; defaults to `empty`. */
  readonly unannotated?: Unannotated;
  /** Whether any problem of the split is an Error; by default the affected images are skipped. */
  readonly strict?: boolean;
  /** The classes; by default all annotations are one. */
  readonly classes?: ClassTable;
  /** Whether pixels of several classes keep them all; by default the later annotation wins. */
  readonly overlapping?: boolean;
}

/** An image and its label map, not yet read. */
export interface Sample extends Size {
  /** The name of the split: `train`. */
  readonly split: string;
  /** The image's id in the annotations. */
  readonly imageId: CocoId;
  /** The image's path within the split's folder. */
  readonly fileName: string;
  /** The image's path as it can be opened. */
  readonly imagePath: string;
  /** Whether it has an annotation; if not, its label map is background only. */
  readonly annotated: boolean;
  /** Whether its label map is that of a corrections file. */
  readonly corrected?: boolean;
  /** Reads or rasterizes the annotations, on every call. */
  labelMap(): Promise<LabelMap>;
  /** A SHA-256 of everything that determines the label map: the same key, the same label map. */
  labelKey(): Promise<string>;
  /** The mask of the first class: the only one of a binary dataset. */
  mask(): Promise<Mask>;
}

/** A split and its samples. */
export interface SplitReading {
  /** The split. */
  readonly split: Split;
  /** Its annotations. */
  readonly listing: SplitListing;
  /** Its usable images, in the order of the annotations. */
  readonly samples: readonly Sample[];
  /** Every problem of the annotations and of the image files. */
  readonly problems: readonly Problem[];
  /** Lines for the user on what the samples do not show: images left out or annotated in part, merged categories. */
  readonly notes: readonly string[];
}

/**
 * Reads a split: its annotations, and the header of each image to detect missing, unreadable and differently sized
 * files. Affected images are skipped and listed in `problems`; with `strict`, any problem is an Error.
 *
 * Throws an Error with a hint if images without annotations would be taken as background although annotations of the
 * split may be theirs.
 */
export async function readSplit(split: Split, options: SplitOptions = {}): Promise<SplitReading> {
  return await readListing(split, await openSplit(split), options);
}

/** {@linkcode readSplit} of annotations that are open already. */
export async function readListing(
  split: Split,
  listing: SplitListing,
  options: SplitOptions = {},
): Promise<SplitReading> {
  const { unannotated = "empty", classes = plainTable(), overlapping } = options;
  const problems: Problem[] = [...listing.problems];
  const usable: ListedImage[] = [];
  for (const image of listing.images) {
    const file = await readListedFile(split, image);
    if (file instanceof Uint8Array) usable.push(image);
    else problems.push(file);
  }
  if (options.strict) refuseProblems(`split ${JSON.stringify(split.name)}`, problems);
  if (unannotated === "empty") refuseUncertain(split, listing, usable);
  const labeling = labelingOf(classes, listing.categories, overlapping);
  const samples = samplesOf(split, usable, { unannotated, labeling });
  const notes = annotationNotes(listing, usable, { unannotated, classes });
  return { split, listing, samples, problems, notes };
}

function refuseUncertain(split: Split, listing: SplitListing, images: readonly ListedImage[]): void {
  const count = countOf(images, "uncertain");
  if (count === 0) return;
  const name = JSON.stringify(split.name);
  if (countOf(images, "annotated") === 0) {
    throw new Error(
      `Cannot use split ${name}: none of its images is annotated: ${listing.uncertainty}\n` +
        "hint: deno task inspect lists the problems; --unannotated skip leaves these images out, and " +
        "deno task evaluate --audit ranks them",
    );
  }
  const which = count === 1 ? "1 image without annotations" : `${count} images without annotations`;
  throw new Error(
    `Cannot take ${which} of split ${name} as background: ${listing.uncertainty}\n` +
      "hint: deno task inspect lists the problems; --unannotated skip leaves these images out",
  );
}

/**
 * Throws an Error unless one of the samples is annotated: a split in which nothing is annotated does not tell what is
 * background. `action` is what the error says cannot be done, `hint` the way out.
 */
export function assertAnnotated(
  { split, listing }: SplitReading,
  samples: readonly Pick<Sample, "annotated">[],
  { action, hint }: { action: string; hint: string },
): void {
  if (samples.some(({ annotated }) => annotated)) return;
  const reason = listing.uncertainty === null ? "" : `: ${listing.uncertainty}`;
  throw new Error(
    `Cannot ${action} split ${
      JSON.stringify(split.name)
    }: none of its images is annotated${reason}\nhint: ${hint}`,
  );
}

/** The samples among `images`: annotated ones, and unannotated ones according to `unannotated`; no others. */
export function samplesOf(
  split: Split,
  images: readonly ListedImage[],
  { unannotated = "empty", labeling }: { unannotated?: Unannotated; labeling?: Labeling } = {},
): Sample[] {
  return images
    .filter(({ state }) => state === "annotated" || (state === "unannotated" && unannotated === "empty"))
    .map((image) => createSample(split, image, labeling));
}

/** The sample of a listed image. */
export function createSample(
  split: Pick<Split, "name" | "folder">,
  { id, fileName, width, height, state, corrected, labelMap, labelKey }: Omit<
    ListedImage,
    "categoryIds" | "partlyAnnotated"
  >,
  labeling?: Labeling,
): Sample {
  return {
    split: split.name,
    imageId: id,
    fileName,
    imagePath: join(split.folder, fileName),
    width,
    height,
    annotated: state === "annotated",
    ...(corrected === true ? { corrected } : {}),
    labelMap: () => labelMap(labeling),
    labelKey: () => labelKey(labeling),
    mask: async () => maskOf(await labelMap(labeling)),
  };
}
