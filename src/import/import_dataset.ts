/**
 * Imports a dataset of any kind in `kinds.ts`: recognizes it, reads every image once, makes splits where there are none,
 * and writes the product's own form.
 *
 * @module
 */
import { basename, join, resolve, sep } from "node:path";
import type { ClassOptions } from "../dataset/classes.ts";
import { SPLIT_NAMES, type SplitName } from "../dataset/roles.ts";
import type { ImageSignature } from "../dataset/near_duplicates.ts";
import { writeOverview } from "../dataset/overview.ts";
import { writeFileAtomic } from "../fs/atomic_file.ts";
import { hashBytes } from "../fs/hash_bytes.ts";
import { OVERVIEW_FILE } from "../fs/layout.ts";
import { ifFound, removeTree } from "../fs/paths.ts";
import { targetsOf } from "../resplit/assign.ts";
import { counted } from "./counted.ts";
import { groupByName } from "./groups_by_name.ts";
import { type ImportClasses, resolveClasses } from "./import_classes.ts";
import type { ImportImage, LeftOutFiles, Recognition, RecognizeOptions } from "./import_kind.ts";
import { recognizeSource } from "./kinds.ts";
import { makeSplits } from "./make_splits.ts";
import { decodeInOrder } from "./map_in_order.ts";
import { openSource } from "./open_source.ts";
import { readImportImage, signatureOf } from "./read_image.ts";
import type { SourceTree } from "./source_tree.ts";
import { Spool, type SpooledImage } from "./spool.ts";
import { assertReplaceable, IMPORT_RECORD, readImportRecord, RECORD_KIND, Staging } from "./staging.ts";
import {
  nameImages,
  placeImage,
  type Placement,
  type SplitCounts,
  writeAnnotations,
} from "./write_dataset.ts";

/** Raised when the same source is written differently. */
const FORM_VERSION = 1;

/** The phases of an import. */
export type ImportPhase = "recognizing" | "reading images" | "writing images" | "drawing the overview";

/** Options of {@linkcode importDataset}. */
export interface ImportOptions extends Omit<RecognizeOptions, "onProgress">, ClassOptions {
  /** Share of the images for validation if the source has no splits; defaults to 0.15. */
  readonly valid?: number | undefined;
  /** Share of the images for testing if the source has no splits; defaults to 0.15. */
  readonly test?: number | undefined;
  /** A regular expression that names what images share (a patient, a source) in their paths; `none` for no guess. */
  readonly group?: string | undefined;
  /** The encoding of the names in a zip that are not UTF-8 and do not state theirs. */
  readonly names?: string | undefined;
  /** An integer that determines the order of groups of equal size; defaults to 0. */
  readonly seed?: number | undefined;
  /** Whether anything at the output is replaced; by default only an earlier import is. */
  readonly force?: boolean | undefined;
  /** Called after every file; aborts by throwing. */
  readonly onProgress?: ((phase: ImportPhase, done: number, total: number) => void) | undefined;
}

/** A split of the result. */
export interface ImportedSplit extends Readonly<SplitCounts> {
  /** Its name. */
  readonly name: SplitName;
}

/** What {@linkcode importDataset} did. */
export interface ImportReport {
  /** `present` if the same source was imported before in the same way. */
  readonly status: "imported" | "present";
  /** The source, as it was given. */
  readonly source: string;
  /** The output folder, as it was given. */
  readonly output: string;
  /** The kind of the source. */
  readonly kind: string;
  /** What it was recognized by. */
  readonly why: string;
  /** The classes in their order, each with the number of its annotations. */
  readonly classes: readonly { readonly name: string; readonly annotations: number }[];
  /** The splits. */
  readonly splits: readonly ImportedSplit[];
  /** The contact sheet: 24 images with the outlines of their classes. */
  readonly overview: string;
  /** What a user should know, a sentence each. */
  readonly lines: readonly string[];
  /** What is not imported. */
  readonly leftOut: readonly LeftOutFiles[];
}

/**
 * Imports the folder or zip `source` into `output`: a folder per split with `_annotations.coco.json`, masks as exact RLE,
 * images unchanged (hard-linked where file system and permissions allow it).
 *
 * The output appears as a whole or not at all; an interrupted import resumes, and a finished one is not repeated. The
 * splits of the source are kept; a source without splits gets some, with near-duplicates and groups kept together.
 *
 * @throws {Error} with a hint if the source is not recognized or ambiguous, if nothing in it can be used, or if the output
 * holds anything but an earlier import.
 * @throws {RangeError} for shares out of bounds.
 */
export async function importDataset(
  source: string,
  output: string,
  options: ImportOptions = {},
): Promise<ImportReport> {
  const {
    valid = DEFAULT_SHARE,
    test = DEFAULT_SHARE,
    seed = 0,
    force = false,
    onProgress = () => {},
    ...understood
  } = options;
  targetsOf(1, { valid, test }); // rejects shares out of bounds before any work
  const goal = output.replace(/(?<=.)[\\/]+$/, "");
  await assertApart(source, goal);
  if (!force) await assertReplaceable(goal);
  using tree = await openSource(source, { output: goal, names: options.names });
  const fingerprint = fingerprintOf([FORM_VERSION, tree.stamp, {
    ...understood,
    valid: options.valid,
    test,
    seed,
  }]);
  const earlier = await readImportRecord(goal);
  if (!force && earlier?.fingerprint === fingerprint && await isComplete(goal, earlier.report)) {
    return { ...earlier.report as ImportReport, status: "present" };
  }
  using staging = await Staging.open(goal);
  const ofReading = fingerprintOf([FORM_VERSION, tree.stamp, reading(options)]);
  using spool = await Spool.open(staging.spool, ofReading);
  try {
    const { about, classes, placements, licences } = await readSource({ tree, spool }, options, onProgress);
    const splits = await writeResult(
      { tree, spool, placements, classes, licences },
      staging.result,
      onProgress,
    );
    const report: ImportReport = {
      status: "imported",
      source,
      output,
      ...about,
      classes: classes.names.map((name) => ({ name, annotations: splits.annotations.get(name) ?? 0 })),
      splits: splits.counts,
      overview: join(goal, OVERVIEW_FILE),
    };
    await writeOverview(staging.result, join(staging.result, OVERVIEW_FILE), {
      name: basename(resolve(goal)),
      onProgress: (done, total) => onProgress("drawing the overview", done, total),
    });
    const record = { kind: RECORD_KIND, fingerprint, report };
    await writeFileAtomic(join(staging.result, IMPORT_RECORD), `${JSON.stringify(record, null, 2)}\n`);
    await staging.commit();
    return report;
  } catch (error) {
    // What was read serves a later run if this one was stopped or the disk failed, not if the source is refused.
    if (spool.isEmpty || isRefusal(error)) await staging.discard();
    throw error;
  }
}

/** Whether an error is about the source or the options, not about this run. */
function isRefusal(error: unknown): boolean {
  return error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError ||
    error instanceof Error && error.message.startsWith("Cannot import ");
}

/** The options that what is read of an image depends on. */
function reading({ images, masks, pairs, observer, channel, names }: ImportOptions): unknown {
  return [images, masks, pairs, observer, channel, names];
}

/** What is written: the source's annotations, which may fill much memory, are not kept any longer. */
interface ReadSource {
  readonly about: Pick<ImportReport, "kind" | "why" | "lines" | "leftOut">;
  readonly classes: ImportClasses;
  readonly placements: readonly (Placement & { path: string } | null)[];
  readonly licences: Recognition["licences"];
}

/** Recognizes a source, reads its images into the spool, and says where each goes. */
async function readSource(
  { tree, spool }: { tree: SourceTree; spool: Spool },
  options: ImportOptions,
  onProgress: (phase: ImportPhase, done: number, total: number) => void,
): Promise<ReadSource> {
  const { valid = DEFAULT_SHARE, test = DEFAULT_SHARE, seed = 0, group } = options;
  const recognition = await recognizeSource(tree, {
    ...options,
    onProgress: (done, total) => onProgress("recognizing", done, total),
  });
  // Refuses names of classes that do not exist before the images are read.
  resolveClasses(recognition.categories, new Set(recognition.categories.map(({ name }) => name)), options);
  const none = recognition.images.every(({ split }) => split === null);
  const own = new Set(recognition.images.map(({ split }) => split));
  // A split of the source is kept, unless its owner asks for a part of it.
  const divides = options.valid !== undefined && valid > 0 && own.has("train") && !own.has("valid");
  const compare = none || divides;
  const index = await readImages({ tree, recognition, spool, compare }, onProgress);
  const classes = resolveClasses(recognition.categories, index.used, options);
  const made = none
    ? splitAll(index, { group, valid, test, seed })
    : divides
    ? divideTrain(recognition.images, index, { group, valid, seed })
    : null;
  const { placements, unplaced } = placeAll(recognition.images, index, made?.splits ?? null);
  const { kind, why } = recognition;
  const lines = [...recognition.lines, ...made?.lines ?? linesOfKept(placements, group)];
  const leftOut = [...recognition.leftOut, ...index.leftOut];
  if (unplaced.length > 0) {
    leftOut.push({ reason: "images in none of the splits of the source", files: unplaced });
  }
  return {
    about: { kind, why, lines, leftOut },
    classes,
    placements,
    licences: recognition.licences,
  };
}

/** The output may lie in the source, but must not be it or hold it. */
async function assertApart(source: string, output: string): Promise<void> {
  const [from, to] = await Promise.all(
    [source, output].map(async (path) => await ifFound(Deno.realPath(path)) ?? resolve(path)),
  ) as [string, string];
  if (from !== to && !from.startsWith(to + sep)) return;
  throw new Error(
    `Cannot import to ${JSON.stringify(output)}: the source is ${
      from === to ? "the same folder" : "in it"
    }\n` +
      "hint: choose another --output",
  );
}

function fingerprintOf(value: unknown): string {
  return hashBytes(new TextEncoder().encode(JSON.stringify(value)));
}

/** Whether an earlier import still holds its splits. */
async function isComplete(output: string, report: unknown): Promise<boolean> {
  const { splits } = report as ImportReport;
  for (const { name, images } of splits) {
    let files = 0;
    for await (const { isFile } of Deno.readDir(join(output, name))) if (isFile) files++;
    if (files !== images + 1) return false;
  }
  return true;
}

/** What is kept in memory of the images that can be used. */
interface ImageIndex {
  /** The index of each usable image among those of the recognition, and what it is compared by. */
  readonly usable: { readonly at: number; readonly signature: ImageSignature | null }[];
  /** The categories that some region uses. */
  readonly used: Set<string>;
  /** What cannot be used, by reason. */
  readonly leftOut: readonly LeftOutFiles[];
}

/** Reads what the spool does not hold yet, and indexes it. */
async function readImages(
  { tree, recognition: { images }, spool, compare }: {
    tree: SourceTree;
    recognition: Recognition;
    spool: Spool;
    compare: boolean;
  },
  onProgress: (phase: ImportPhase, done: number, total: number) => void,
): Promise<ImageIndex> {
  const index: ImageIndex & { problems: { path: string; problem: string }[] } = {
    usable: [],
    used: new Set(),
    leftOut: [],
    problems: [],
  };
  let done = 0;
  const note = (image: SpooledImage) => {
    const at = done++;
    const { path, problem, regions } = image;
    if (problem !== undefined) index.problems.push({ path, problem });
    else index.usable.push({ at, signature: compare ? signatureOf(image) : null });
    for (const { category } of regions) index.used.add(category);
    onProgress("reading images", done, images.length);
  };
  for await (const image of spool.images()) note(image);
  const rest = images.slice(done);
  for await (const image of decodeInOrder(rest, (image) => readImportImage(tree, image, compare))) {
    await spool.append(image);
    note(image);
  }
  const byReason = Map.groupBy(index.problems, ({ problem }) => problem);
  const leftOut = [...byReason].map(([reason, items]) => ({ reason, files: items.map(({ path }) => path) }));
  if (index.usable.length === 0) throw nothingLeft(tree, leftOut);
  return { ...index, leftOut };
}

function nothingLeft(tree: SourceTree, leftOut: readonly LeftOutFiles[]): Error {
  const first = leftOut[0];
  const why = first === undefined ? "it has no image" : `${first.files[0]}: ${first.reason}`;
  return new Error(
    `Cannot import ${JSON.stringify(tree.name)}: no image can be used: ${why}\n` +
      "hint: look at that image and its mask; --images and --masks choose other folders",
  );
}

/** Shares of the valid and the test split, unless others are given. */
const DEFAULT_SHARE = 0.15;

/** Takes a valid split from the train split of the source; the other splits stay. */
function divideTrain(
  images: readonly ImportImage[],
  { usable }: ImageIndex,
  { group, valid, seed }: Omit<SplitShares, "test">,
): { splits: readonly (SplitName | null)[]; lines: string[] } {
  const isOfTrain = ({ at }: { at: number }) => images[at]!.split === "train";
  const made = splitImages(usable.filter(isOfTrain), { group, valid, test: 0, seed });
  const taken = made.splits.filter((name) => name === "valid").length;
  const ofTrain = made.splits.values();
  return {
    splits: usable.map((image) => isOfTrain(image) ? ofTrain.next().value! : images[image.at]!.split),
    lines: [
      ...made.guess,
      ...made.empty,
      `the source has no valid split: as --valid asks, ${taken} of ${made.splits.length} images of its train split ` +
      "are that, near-duplicates together",
    ],
  };
}

/** Makes splits for a source that has none. */
function splitAll(
  { usable }: ImageIndex,
  shares: SplitShares,
): { splits: readonly SplitName[]; lines: string[] } {
  const { splits, groups, guess, empty } = splitImages(usable, shares);
  const made = `no splits in the source: ${
    counted(groups, "group")
  } of images that must stay together were distributed`;
  return { splits, lines: [...guess, made, ...empty] };
}

/** How images are distributed. */
interface SplitShares {
  readonly group: string | undefined;
  readonly valid: number;
  readonly test: number;
  readonly seed: number;
}

/** Distributes images; `guess` and `empty` are lines about groups by name and about splits without images. */
function splitImages(
  usable: ImageIndex["usable"],
  { group, valid, test, seed }: SplitShares,
): { splits: readonly SplitName[]; groups: number; guess: string[]; empty: string[] } {
  const signatures = usable.map(({ signature }) => signature!);
  const named = groupByName(signatures.map(({ fileName }) => fileName), group);
  const { splits, groups, empty } = makeSplits(signatures, named.keys, { valid, test }, seed);
  return {
    splits,
    groups,
    guess: named.line === null ? [] : [named.line],
    empty: empty.map((split) => `too few groups for three splits: ${split} stays empty`),
  };
}

/** What a user should know of the splits that the source has. */
function linesOfKept(placements: readonly (Placement | null)[], group: string | undefined): string[] {
  const found = new Set(placements.flatMap((placement) => placement?.split ?? []));
  const missing = SPLIT_NAMES.filter((name) => !found.has(name));
  const kept = `the splits of the source are kept: ${
    SPLIT_NAMES.filter((name) => found.has(name)).join(", ")
  }`;
  return [
    group === undefined ? kept : `${kept}; --group applies only to sources without splits`,
    ...missing.length === 0 ? [] : [`the source has no ${missing.join(" and no ")} split`],
    ...found.has("train") && !found.has("valid")
      ? [
        "training needs a valid split: --valid 0.15 takes one from train; `deno task split` makes new splits of all",
      ]
      : [],
  ];
}

/** Where each image of the recognition goes; null for those that are left out, of which `unplaced` have no split. */
function placeAll(
  images: readonly ImportImage[],
  { usable }: ImageIndex,
  made: readonly (SplitName | null)[] | null,
): { placements: (Placement & { path: string } | null)[]; unplaced: string[] } {
  const placements = new Array<Placement & { path: string } | null>(images.length).fill(null);
  const unplaced: string[] = [];
  const placed = usable.flatMap(({ at }, i) => {
    const { path, fileName, split: own } = images[at]!;
    const split = made?.[i] ?? own;
    if (split === null) unplaced.push(path);
    return split === null ? [] : [{ at, path, fileName, split }];
  });
  const names = nameImages(placed);
  for (const [i, { at, path, split }] of placed.entries()) {
    placements[at] = { path, split, fileName: names[i]!, bytes: images[at]!.bytes };
  }
  return { placements, unplaced };
}

/** Writes the folder of every split that has images. */
async function writeResult(
  { tree, spool, placements, classes, licences }: {
    tree: SourceTree;
    spool: Spool;
    placements: readonly (Placement & { path: string } | null)[];
    classes: ImportClasses;
    licences: Recognition["licences"];
  },
  folder: string,
  onProgress: (phase: ImportPhase, done: number, total: number) => void,
): Promise<{ counts: ImportedSplit[]; annotations: ReadonlyMap<string, number> }> {
  // Of an interrupted run; its images may be in other splits.
  await removeTree(folder);
  const placed = placements.filter((placement) => placement !== null);
  const counts: ImportedSplit[] = [];
  const annotations = new Map<string, number>();
  let done = 0;
  for (const name of SPLIT_NAMES) {
    const own = placed.filter(({ split }) => split === name);
    if (own.length === 0) continue;
    await Deno.mkdir(join(folder, name), { recursive: true });
    for (const { path, fileName, bytes } of own) {
      await placeImage(tree, path, join(folder, name, fileName), bytes);
      onProgress("writing images", ++done, placed.length);
    }
    const images = async function* () {
      let at = 0;
      for await (const image of spool.images()) {
        const placement = placements[at++];
        if (placement?.split === name) yield { image, fileName: placement.fileName };
      }
    };
    const about = { description: `Imported from ${basename(tree.name)}`, licences };
    const split = await writeAnnotations(
      join(folder, name),
      images,
      classes.categories,
      classes.idsOf,
      about,
    );
    counts.push({ name, ...split.counts });
    for (const [id, count] of split.byCategory) {
      const category = classes.categories.find((category) => category.id === id)!.name;
      annotations.set(category, (annotations.get(category) ?? 0) + count);
    }
  }
  return { counts, annotations };
}
