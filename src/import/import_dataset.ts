/**
 * Imports a dataset of any kind in `kinds.ts`: recognizes it, reads every image once, makes splits where there are none,
 * and writes the product's own form.
 *
 * @module
 */
import { basename, join, resolve, sep } from "node:path";
import type { ClassOptions } from "../dataset/classes.ts";
import { writeOverview } from "../dataset/overview.ts";
import { writeFileAtomic } from "../fs/atomic_file.ts";
import { hashBytes } from "../fs/hash_bytes.ts";
import { OVERVIEW_FILE } from "../fs/layout.ts";
import { ifFound } from "../fs/paths.ts";
import { targetsOf } from "../resplit/assign.ts";
import { readImages } from "./image_index.ts";
import { type ImportClasses, resolveClasses } from "./import_classes.ts";
import type { LeftOutFiles, Recognition, RecognizeOptions } from "./import_kind.ts";
import { recognizeSource } from "./kinds.ts";
import { openSource } from "./open_source.ts";
import { divideTrain, linesOfKept, placeAll, type PlacedImage, splitAll } from "./place_images.ts";
import type { SourceTree } from "./source_tree.ts";
import { Spool } from "./spool.ts";
import { assertReplaceable, IMPORT_RECORD, readImportRecord, RECORD_KIND, Staging } from "./staging.ts";
import { type ImportedSplit, writeSplits } from "./write_splits.ts";

/** Raised when the same source is written differently. */
const FORM_VERSION = 1;

/** Shares of the valid and the test split, unless others are given. */
const DEFAULT_SHARE = 0.15;

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
    const splits = await writeSplits(
      { tree, spool, placements, classes, licences },
      staging.result,
      (done, total) => onProgress("writing images", done, total),
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
  readonly placements: readonly (PlacedImage | null)[];
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
  const index = await readImages(
    { tree, recognition, spool, compare },
    (done, total) => onProgress("reading images", done, total),
  );
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
