/**
 * What a dataset contains, its problems, and the images that its splits share.
 *
 * @module
 */
import { join } from "node:path";
import { ifFound } from "../fs/paths.ts";
import type { CocoId } from "../coco/coco.ts";
import type { Problem } from "../coco/problems.ts";
import type { ImageNote } from "../image/image.ts";
import { countOf, outlinedCategories } from "./annotation_notes.ts";
import {
  categoryNames,
  chooseClasses,
  type ClassOptions,
  type ClassTable,
  labelingOf,
  plainTable,
} from "./classes.ts";
import { type CorrectionsReport, mergeCorrections, readAllCorrections } from "./corrections_merge.ts";
import { type DepthReport, reportDepths } from "./depths.ts";
import { inspectImage } from "./inspect_image.ts";
import { mapConcurrently, READ_AHEAD } from "./map_concurrently.ts";
import { findNearDuplicates, type ImageSignature, type NearDuplicate } from "./near_duplicates.ts";
import { measureShares, type PixelShares } from "./pixel_shares.ts";
import type { SplitRole } from "./roles.ts";
import { samplesOf, type Unannotated } from "./samples.ts";
import type { ListedImage, Split, SplitListing } from "./dataset_source.ts";
import { openSplit } from "./source_registry.ts";
import { findSplits, listImageFiles, splitOf } from "./splits.ts";

/** How a dataset is inspected. */
export interface InspectOptions {
  /** How images without annotations are treated; defaults to `empty`. */
  readonly unannotated?: Unannotated;
  /** Whether images are decoded, which finds damaged files and copies with other bytes; defaults to true. */
  readonly pixels?: boolean;
  /** The classes; by default every category that is outlined. */
  readonly classes?: ClassOptions;
  /** Corrections files: what training makes of them. */
  readonly corrections?: readonly string[] | undefined;
  /** Called after every image. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** What a split contains. */
export interface SplitReport extends PixelShares {
  /** The name of the split. */
  readonly name: string;
  /** What the split is for. */
  readonly role: SplitRole;
  /** The annotation file's path, or null if there is none; then only `files` is counted. */
  readonly annotationFile: string | null;
  /** Image files in the folder. */
  readonly files: number;
  /** Listed images whose file exists, is intact and has the listed size. */
  readonly images: number;
  /** Their annotations that can be drawn. */
  readonly annotations: number;
  /** Images with an annotation that can be drawn. */
  readonly annotated: number;
  /** Those of them with other annotations that cannot be drawn: what these show counts as background. */
  readonly partlyAnnotated: number;
  /** Images without annotations: nothing to annotate, or merely not labeled yet. */
  readonly unannotated: number;
  /** Listed images that are skipped because their entries are invalid or ambiguous. */
  readonly invalid: number;
  /** Images that are skipped because their annotations cannot be drawn or trusted. */
  readonly unusable: number;
  /** Images without annotations, in a split with annotations of unknown images: they are never taken as background. */
  readonly uncertain: number;
  /** Why they are uncertain: `the images of 3 annotations are unknown`; null if none is. */
  readonly uncertainty: string | null;
  /** Samples that a reader gets; images without annotations count according to the setting. */
  readonly samples: number;
  /** The categories and the number of annotations of each. */
  readonly categories: readonly { id: CocoId; name: string; annotations: number }[];
  /** Whether annotations of several categories are, as was asked for, one foreground class. */
  readonly mergesCategories: boolean;
  /** The image sizes, the most frequent first. */
  readonly sizes: readonly { width: number; height: number; images: number }[];
  /** The bit depths and what the samples use of them; none if the images were not decoded. */
  readonly depths: readonly DepthReport[];
  /** Every problem of the split. */
  readonly problems: readonly Problem[];
  /** What is worth knowing of image files that are used. */
  readonly notes: readonly SharedNote[];
}

/** A note on images of a split. */
export interface SharedNote extends ImageNote {
  /** The files, by their paths within the split's folder. */
  readonly files: readonly string[];
}

/** What a dataset contains. */
export interface DatasetReport {
  /** The folder, as it was given. */
  readonly folder: string;
  /** How images without annotations were treated. */
  readonly unannotated: Unannotated;
  /** Whether the images were decoded. */
  readonly pixels: boolean;
  /** The splits. */
  readonly splits: readonly SplitReport[];
  /** Why the outlined categories cannot all be classes, so that they are inspected as one; null if they can. */
  readonly classFault: string | null;
  /** Total number of problems. */
  readonly problems: number;
  /** Images that are in more than one split. */
  readonly nearDuplicates: NearDuplicateReport;
  /** What training makes of the corrections; absent if none were named. */
  readonly corrections?: CorrectionsReport;
}

/** Images that are in more than one split. */
export interface NearDuplicateReport {
  /** The pairs. */
  readonly pairs: readonly NearDuplicate[];
  /** False if there are more pairs than are listed. */
  readonly complete: boolean;
  /** How many images of each split are in a pair. */
  readonly images: { readonly [split: string]: number };
}

/** Inspects every annotation and image of a dataset; throws only if there is no dataset, an annotation file is unreadable, or `classes` names others. */
export async function inspectDataset(folder: string, options: InspectOptions = {}): Promise<DatasetReport> {
  const { unannotated = "empty", pixels = true, onProgress = () => {} } = options;
  const readings: { split: Split; listing: SplitListing | null }[] = [];
  for (const split of await findSplits(folder)) {
    readings.push({ split, listing: split.annotationFile === null ? null : await openSplit(split) });
  }
  const corrections = await reportCorrections(readings, options.corrections);
  const { table, classFault } = classesOf(readings.flatMap(({ listing }) => listing ?? []), options.classes);
  const total = readings.reduce((sum, { listing }) => sum + (listing?.images.length ?? 0), 0);
  let done = 0;
  const signatures: ImageSignature[] = [];
  const splits: SplitReport[] = [];
  for (const { split, listing } of readings) {
    const files = [...await listImageFiles(split), ...await nestedFiles(split, listing)];
    if (listing === null) {
      splits.push(describeFolder(split, files));
      continue;
    }
    const inspections = await mapConcurrently(listing.images, READ_AHEAD, async (image) => {
      const inspection = await inspectImage(split, image, { pixels });
      onProgress(++done, total);
      return inspection;
    });
    signatures.push(...inspections.flatMap(({ signature }) => signature ?? []));
    const problems = [
      ...listing.problems,
      ...inspections.flatMap(({ problem }) => problem ?? []),
      ...files.filter((name) => !listing.fileNames.has(name) && !listing.linkedFiles?.has(name)).map(
        unlistedFile,
      ),
    ];
    const intact = listing.images.filter((_, i) => inspections[i]!.signature !== null);
    splits.push({
      ...describeFolder(split, files),
      ...describeImages(listing, intact, table),
      ...await describeSamples(split, listing, intact, { unannotated, table }),
      depths: reportDepths(inspections.flatMap(({ levels }) => levels ?? [])),
      problems,
      notes: shareNotes(
        listing.images.map(({ fileName }, i) => ({ fileName, notes: inspections[i]!.notes })),
      ),
    });
  }
  const problems = splits.reduce((sum, report) => sum + report.problems.length, 0);
  return {
    folder,
    unannotated,
    pixels,
    splits,
    classFault,
    problems,
    nearDuplicates: reportNearDuplicates(signatures),
    ...(corrections === null ? {} : { corrections }),
  };
}

async function reportCorrections(
  readings: readonly { readonly split: Split; readonly listing: SplitListing | null }[],
  files: readonly string[] = [],
): Promise<CorrectionsReport | null> {
  if (files.length === 0) return null;
  const splits = readings.map(({ split }) => split);
  const open = (split: Split) => ({
    split,
    listing: readings.find((each) => each.split === split)!.listing!,
  });
  const valid = splits.find(({ role, annotationFile }) => role === "valid" && annotationFile !== null);
  const merged = await mergeCorrections(
    splits,
    { train: open(splitOf(splits, "train")), valid: valid ? open(valid) : null },
    await readAllCorrections(files.map((path) => ({ path }))),
  );
  return merged.report;
}

/** Too many categories are a fault that is reported, unless the user chose. */
function classesOf(
  listings: readonly SplitListing[],
  options: ClassOptions = {},
): { table: ClassTable; classFault: string | null } {
  const names = categoryNames(listings);
  try {
    return { table: chooseClasses(names, options), classFault: null };
  } catch (error) {
    if (Object.values(options).some((value) => value !== undefined)) throw error;
    return { table: plainTable(), classFault: (error as Error).message };
  }
}

/** The image files of the folders below a split's that its annotations name, by their path in it. */
async function nestedFiles({ folder, root }: Split, listing: SplitListing | null): Promise<string[]> {
  const names = [...listing?.fileNames ?? []];
  const folders = new Set(names.map((name) => name.slice(0, name.lastIndexOf("/") + 1)));
  const files: string[] = [];
  for (const inner of [...folders].sort()) {
    // Names that leave the folder are problems, and nothing is read by them.
    if (inner === "" || inner.startsWith("/") || /(^|[\\/])\.\.?[\\/]|[\\:\0]/.test(inner)) continue;
    const path = join(folder, inner);
    if (!(await ifFound(Deno.stat(path)))?.isDirectory) continue;
    const found = await listImageFiles({ folder: path, root: root ?? await Deno.realPath(folder) });
    files.push(...found.map((name) => inner + name));
  }
  return files;
}

function unlistedFile(name: string): Problem {
  const message = `${JSON.stringify(name)} is in the folder, but the annotation file does not list it`;
  return { kind: "unlisted-file", id: name, message, effect: "skipped" };
}

/** The report of a folder without annotations, which every other report extends. */
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
    partlyAnnotated: 0,
    invalid: 0,
    unusable: 0,
    uncertain: 0,
    uncertainty: null,
    samples: 0,
    categories: [],
    mergesCategories: false,
    sizes: [],
    depths: [],
    foregroundShare: null,
    allBackgroundAccuracy: null,
    classes: [],
    ignoredShare: 0,
    overlaps: [],
    problems: [],
    notes: [],
  };
}

/** Each different note once, with the files that it is about. */
function shareNotes(images: readonly { fileName: string; notes: readonly ImageNote[] }[]): SharedNote[] {
  const all = images.flatMap(({ fileName, notes }) => notes.map((note) => ({ ...note, fileName })));
  const shared = Map.groupBy(all, ({ kind, message }) => `${kind} ${message}`).values();
  return [...shared].map((same) => {
    const { kind, message } = same[0]!;
    return { kind, message, files: same.map(({ fileName }) => fileName) };
  });
}

function describeImages(listing: SplitListing, images: readonly ListedImage[], { isPlain }: ClassTable) {
  const categoryIds = images.filter(({ state }) => state === "annotated")
    .flatMap((image) => image.categoryIds);
  const uncertain = countOf(images, "uncertain");
  const sizes = Map.groupBy(images, ({ width, height }) => `${width} x ${height}`);
  return {
    images: images.length,
    annotations: categoryIds.length,
    annotated: countOf(images, "annotated"),
    partlyAnnotated: images.filter(({ partlyAnnotated }) => partlyAnnotated).length,
    unannotated: countOf(images, "unannotated"),
    invalid: listing.fileNames.size - listing.images.length,
    unusable: countOf(images, "unusable"),
    uncertain,
    uncertainty: uncertain === 0 ? null : listing.uncertainty,
    mergesCategories: isPlain && outlinedCategories(listing, images).length > 1,
    categories: listing.categories.map(({ id, name }) => ({
      id,
      name,
      annotations: categoryIds.filter((categoryId) => categoryId === id).length,
    })),
    sizes: [...sizes.values()]
      .map((same) => ({ width: same[0]!.width, height: same[0]!.height, images: same.length }))
      .sort((a, b) => b.images - a.images),
  };
}

async function describeSamples(
  split: Split,
  listing: SplitListing,
  images: readonly ListedImage[],
  { unannotated, table }: { unannotated: Unannotated; table: ClassTable },
) {
  const labeling = labelingOf(table, listing.categories, true);
  const samples = samplesOf(split, images, { unannotated, labeling });
  return { samples: samples.length, ...await measureShares(samples, table) };
}

function reportNearDuplicates(signatures: readonly ImageSignature[]): NearDuplicateReport {
  const { pairs, complete } = findNearDuplicates(signatures);
  const images: { [split: string]: Set<string> } = {};
  for (const { split, fileName } of pairs.flatMap(({ files }) => files)) {
    (images[split] ??= new Set()).add(fileName);
  }
  const counts = Object.entries(images).map(([split, names]) => [split, names.size]);
  return { pairs, complete, images: Object.fromEntries(counts) };
}
