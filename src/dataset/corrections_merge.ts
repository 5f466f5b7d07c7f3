/**
 * Corrected masks in the place of a dataset's own: which images they are of, and which of them training may see.
 *
 * @module
 */
import { join } from "node:path";
import type { Labeling } from "../coco/coco.ts";
import type { CocoId } from "../coco/ids.ts";
import { showValue } from "../coco/problems.ts";
import { fillRuns, rleRuns } from "../coco/rle.ts";
import { readBounded } from "../fs/bounded_read.ts";
import { hashBytes } from "../fs/hash_bytes.ts";
import { requireLinkWithin } from "../fs/links.ts";
import { ifFound } from "../fs/paths.ts";
import { composeLabels } from "../image/compose_labels.ts";
import { FOREGROUND, type LabelMap } from "../image/label_map.ts";
import { MAX_BYTES } from "../image/limits.ts";
import { showNames } from "./class_names.ts";
import { categoryNames, type ClassTable } from "./classes.ts";
import type { OpenSplit } from "./class_overlaps.ts";
import { labelKey } from "./coco_source.ts";
import type { Correction, CorrectionImage } from "./corrections_format.ts";
import { readCorrections } from "./corrections.ts";
import { CorrectionCategories } from "./correction_categories.ts";
import type { ListedImage, Split, SplitListing } from "./dataset_source.ts";
import { HeldOut } from "./held_out.ts";

/** A corrections file to learn from. */
export interface CorrectionsFile {
  /** Its path. */
  readonly path: string;
  /** How many of its versions count: those of the time when a run began; by default all. */
  readonly records?: number;
}

/** An image and its newest corrected masks. */
export interface CorrectedMasks extends CorrectionImage {
  /** The version. */
  readonly correction: Correction;
}

/** The newest masks of all images in some files. */
export interface ReadCorrections {
  /** The images, in the order of the files. */
  readonly images: readonly CorrectedMasks[];
  /** The files, each with the number of versions that were counted. */
  readonly files: readonly Required<CorrectionsFile>[];
}

/**
 * Reads corrections files. If several correct an image, the version that was saved last counts.
 *
 * @throws {Error} as {@linkcode readCorrections}, and for a file that has fewer versions than are to count
 */
export async function readAllCorrections(files: readonly CorrectionsFile[]): Promise<ReadCorrections> {
  const newest = new Map<string, CorrectedMasks>();
  const read: Required<CorrectionsFile>[] = [];
  for (const { path, records } of files) {
    const content = await ifFound(readCorrections(path));
    if (content === null) {
      throw new Error(
        `Cannot read corrections from ${JSON.stringify(path)}: no such file\n` +
          "hint: deno task board saves them to dataset/corrections",
      );
    }
    if (records !== undefined && content.records < records) {
      throw new Error(
        `Cannot use the corrections of ${
          JSON.stringify(path)
        }: it has ${content.records} versions, the run ` +
          `was started with ${records}\nhint: restore the file, or start another run with --run`,
      );
    }
    read.push({ path, records: records ?? content.records });
    for (const { id: _, corrections, ...image } of content.images) {
      const known = corrections.filter(({ record }) => record < (records ?? Infinity));
      // The masks before the first correction are none.
      if (known.length < 2) continue;
      const correction = known.at(-1)!;
      const key = `${image.split}/${image.fileName}`;
      const other = newest.get(key);
      if (other !== undefined && Date.parse(other.correction.time) > Date.parse(correction.time)) continue;
      newest.set(key, { ...image, correction });
    }
  }
  return { images: [...newest.values()], files: read };
}

/** What a dataset makes of corrections. */
export interface CorrectionsReport {
  /** Images of the train split that have corrected masks. */
  readonly corrected: number;
  /** Images without annotations, elsewhere in the dataset, that join the train split. */
  readonly joined: number;
  /** Those of both in which nothing is to be seen. */
  readonly negatives: number;
  /** Corrections that are left out, by reason. */
  readonly leftOut: readonly { readonly reason: string; readonly files: readonly string[] }[];
}

/** A line for each reason why corrections are left out. */
export function describeLeftOut({ leftOut }: CorrectionsReport): string[] {
  return leftOut.map(({ reason, files }) => {
    const count = files.length === 1 ? "1 corrected image is" : `${files.length} corrected images are`;
    return `${count} left out, ${reason}: ${files[0]}${files.length > 1 ? ", ..." : ""}`;
  });
}

/** A train split with corrected masks. */
export interface MergedCorrections {
  /** The train split, with the corrected masks in the place of its own. */
  readonly train: OpenSplit;
  /** The corrected images of folders without annotations, which join it. */
  readonly joined: readonly OpenSplit[];
  /** The train split and those that join it with only the categories that classes may be chosen from: the dataset's. */
  readonly named: readonly OpenSplit[];
  /** How many there are. */
  readonly report: CorrectionsReport;
  /**
   * The table with what the dataset does not list: a correction may name a class of the run.
   *
   * @throws {RangeError} for a category that is neither the dataset's nor a class of the run
   */
  /** See {@linkcode MergedCorrections}. */
  tableFor(table: ClassTable): ClassTable;
}

/**
 * Puts corrected masks in the place of a train split's own. Images of folders without annotations join it. Those of any
 * other split are left out, and so are images whose files changed since they were corrected: the report counts them.
 *
 * @throws {RangeError} if none of the images is of this dataset
 */
export async function mergeCorrections(
  splits: readonly Split[],
  { train, valid }: { readonly train: OpenSplit; readonly valid: OpenSplit | null },
  { images }: ReadCorrections,
): Promise<MergedCorrections> {
  const heldOut = new HeldOut(splits.filter(({ role }) => role === "valid" || role === "test"));
  const leftOut = new Map<string, string[]>();
  const accepted: { split: Split; image: CorrectedMasks }[] = [];
  for (const image of images) {
    const split = splits.find(({ name }) => name === image.split);
    const reason = split === undefined
      ? "of no folder of this dataset"
      : reasonAgainst(split, train.split) ?? await fileFault(split, image, train.split, heldOut);
    if (reason === null) accepted.push({ split: split!, image });
    else leftOut.set(reason, [...leftOut.get(reason) ?? [], `${image.split}/${image.fileName}`]);
  }
  const known = images.filter(({ split }) => splits.some(({ name }) => name === split));
  if (images.length > 0 && known.length === 0) {
    throw new RangeError(
      `Cannot use the corrections: they are of ${
        showNames([...new Set(images.map(({ split }) => split))])
      }, ` +
        `the dataset has ${
          showNames(splits.map(({ name }) => name))
        }\nhint: name the dataset that was corrected ` +
        "with --data",
    );
  }
  const categories = new CorrectionCategories(
    train.listing,
    categoryNames([train, ...valid ? [valid] : []].map(({ listing }) => listing)).listed,
  );
  const ofTrain = accepted.filter(({ split }) => split === train.split);
  const others = Map.groupBy(accepted.filter(({ split }) => split !== train.split), ({ split }) => split);
  const listed = replaceImages(train.listing, ofTrain.map(({ image }) => image), categories);
  const joined = [...others].map(([split, members]) => ({
    split,
    listing: {
      images: members.map(({ image }, id) => listCorrected(id, image, categories)),
      fileNames: new Set(members.map(({ image }) => image.fileName)),
      problems: [],
      uncertainty: null,
    },
  }));
  const listing = (rest: Omit<SplitListing, "categories">): SplitListing => ({
    ...rest,
    // After all images have named theirs.
    categories: categories.all,
  });
  const merged = { split: train.split, listing: listing(listed) };
  const further = joined.map((each) => ({ split: each.split, listing: listing(each.listing) }));
  return {
    train: merged,
    joined: further,
    named: [merged, ...further].map(({ split, listing }) => ({
      split,
      listing: { ...listing, categories: categories.known },
    })),
    report: {
      corrected: ofTrain.length,
      joined: accepted.length - ofTrain.length,
      negatives: accepted.filter(({ image }) => image.correction.regions.length === 0).length,
      leftOut: [...leftOut].map(([reason, files]) => ({ reason, files })),
    },
    tableFor: (table) => categories.tableFor(table),
  };
}

/** Why no image of a split may be trained on; null if they may. */
function reasonAgainst({ name, role, annotationFile }: Split, train: Split): string | null {
  if (name === train.name) return null;
  if (role === "valid" || role === "test") return `of the ${role} split, which training must not see`;
  return annotationFile === null ? null : `of the split ${showValue(name)}, which is not trained on`;
}

/** Why an image is left out because of its file; null if it is not. */
async function fileFault(
  split: Split,
  { fileName, sha256 }: CorrectedMasks,
  train: Split,
  heldOut: HeldOut,
): Promise<string | null> {
  const path = join(split.folder, fileName);
  await requireLinkWithin(split.root ?? await Deno.realPath(split.folder), path);
  let bytes: Uint8Array | null;
  try {
    bytes = await ifFound(readBounded(path, MAX_BYTES));
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return "whose file cannot be read";
  }
  if (bytes === null) return "whose file is missing";
  if (hashBytes(bytes) !== sha256) return "whose file changed since it was corrected";
  if (split.name === train.name) return null;
  const copy = await heldOut.find(bytes.length, sha256);
  return copy === null ? null : `whose file is also in the ${copy} split, which training must not see`;
}

/** A listing whose images have the corrected masks; images that it does not list, or could not use, are added. */
function replaceImages(
  listing: SplitListing,
  corrected: readonly CorrectedMasks[],
  categories: CorrectionCategories,
): Omit<SplitListing, "categories"> {
  const byName = new Map(corrected.map((image) => [image.fileName, image]));
  const images = listing.images.map((image) => {
    const masks = byName.get(image.fileName);
    if (masks === undefined) return image;
    byName.delete(image.fileName);
    return listCorrected(image.id, masks, categories);
  });
  const lastId = images.reduce((most, { id }) => typeof id === "number" ? Math.max(most, id) : most, 0);
  const added = [...byName.values()].map((image, i) => listCorrected(lastId + 1 + i, image, categories));
  return {
    ...listing,
    images: [...images, ...added],
    fileNames: new Set([...listing.fileNames, ...byName.keys()]),
  };
}

/** A corrected image as a listed one: annotated even if its masks are empty, since somebody looked at it. */
function listCorrected(
  id: CocoId,
  { fileName, width, height, correction: { regions } }: CorrectedMasks,
  categories: CorrectionCategories,
): ListedImage {
  const size = { width, height };
  const annotations = regions.map(({ category, rle }) => ({
    categoryId: categories.idOf(category, `${fileName}`),
    segmentation: rle,
  }));
  const labelMap = (labeling?: Labeling): LabelMap =>
    composeLabels(
      size,
      annotations.map(({ categoryId, segmentation: { counts } }) => ({
        labels: labeling?.labelsOf(categoryId) ?? [FOREGROUND],
        fill: (map, label) => fillRuns(map, rleRuns(counts, width * height), label),
      })),
      labeling ?? { classCount: 1, overlapping: false },
    );
  return {
    id,
    fileName,
    ...size,
    state: "annotated",
    partlyAnnotated: false,
    corrected: true,
    categoryIds: annotations.map(({ categoryId }) => categoryId),
    labelMap: (labeling) => Promise.resolve(labelMap(labeling)),
    labelKey: (labeling) => Promise.resolve(labelKey(size, annotations, labeling)),
  };
}
