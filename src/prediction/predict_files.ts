/**
 * Predicts image files in batches and writes the results of each, and of all together.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { writeFileAtomic } from "../fs/atomic_file.ts";
import { temporaryPath } from "../fs/temporary_name.ts";
import { isDiskFull } from "../fs/write_failure.ts";
import type { DecodedRaster, SampleImage } from "../image/image.ts";
import type { SharedWork } from "../ranks/share.ts";
import { type WorkItem, WorkLedger } from "../ranks/work_ledger.ts";
import { headOf } from "../unet/config.ts";
import { modelClasses } from "../unet/model_classes.ts";
import { countedIds } from "./coco_ids.ts";
import { cocoFileNames, idsOf } from "./coco_names.ts";
import { CocoResults } from "./coco_results.ts";
import { assertReplaceable, resultsPath, writeCocoResults } from "./coco_results_files.ts";
import { type PathProblem, writeFailures } from "./image_files.ts";
import type { ImageReport } from "./image_report.ts";
import { itkSnapLabels, LABEL_FILES, slicerColors } from "./label_tables.ts";
import { type Job, type PlacedProblem, type Predicted, predictJobs } from "./predict_jobs.ts";
import type { ImagePredictor } from "./predictor.ts";
import { findOwners, outputNames } from "./result_names.ts";
import { SUMMARY_FILE, summaryTable } from "./summary_table.ts";
import { UNCERTAINTY_ENDINGS } from "./result_files.ts";
import { type ResultClasses, resultEndings } from "./result_images.ts";
import type { ResultOptions } from "./write_results.ts";

/** The COCO files of predictions. */
export interface CocoTarget {
  /** The dataset; the results that COCO's evaluation reads are next to it, in `NAME_results.json`. */
  readonly path: string;
  /** An annotation file whose ids of images and categories are taken; by default they are counted from 1. */
  readonly ids?: string | undefined;
}

/** Options of {@linkcode predictFiles}. */
export interface PredictFilesOptions extends ResultOptions {
  /** Images per batch; defaults to 8. */
  readonly batchSize?: number;
  /** The folder of each image's results within the output folder; by default the output folder itself. */
  readonly subfolders?: readonly string[];
  /** Writes COCO files, too. */
  readonly coco?: CocoTarget | undefined;
  /** Paths that led to no image, to be listed with the images that cannot be read. */
  readonly problems?: readonly PathProblem[];
  /** Files that are being decoded already, by their paths. */
  readonly decoding?: ReadonlyMap<string, Promise<DecodedRaster<SampleImage> | Error>> | undefined;
  /** Called when the results of an image are written. */
  readonly onImage?: (report: ImageReport) => void;
  /** Called for an image that cannot be read. */
  readonly onProblem?: (problem: PathProblem) => void;
  /** If the work is shared: called for each of this rank's images; `onImage` and `onProblem` follow at the end, for all. */
  readonly onShared?: (done: number, total: number) => void;
}

/** The result of {@linkcode predictFiles}. */
export interface PredictFilesReport {
  /** The predicted images, in the order of their files. */
  readonly images: readonly ImageReport[];
  /** The images that could not be read. */
  readonly problems: readonly PathProblem[];
  /** The path of the table of all images. */
  readonly summary: string;
  /** The paths of the COCO files, if any. */
  readonly coco?: { readonly dataset: string; readonly results: string };
}

/**
 * Predicts images and writes their results, a table of all, and, if asked for, COCO files. An image that cannot be read
 * is reported, listed in `failures.json` and skipped; the results of another image are never overwritten, an image's own
 * are replaced. The next images are decoded while the device computes a batch.
 *
 * @throws {Error} if the device fails or a result cannot be written; files written before stay
 */
export async function predictFiles(
  predictor: ImagePredictor,
  files: readonly string[],
  options: PredictFilesOptions,
): Promise<PredictFilesReport> {
  return (await predictFilesOnRanks(predictor, files, options, null))!;
}

/**
 * The same with the work shared: the first rank writes the tables that a single one writes, and gets the report; the
 * others get null. Every rank must call it, with the same files.
 *
 * @throws as {@linkcode predictFiles}
 */
export async function predictFilesOnRanks(
  predictor: ImagePredictor,
  files: readonly string[],
  options: PredictFilesOptions,
  shared: SharedWork | null,
): Promise<PredictFilesReport | null> {
  const model: ResultClasses = {
    classes: modelClasses(predictor.description),
    head: headOf(predictor.description.network),
  };
  const classNames = model.classes.map(({ name }) => name);
  // Fails before the work rather than after it if the folder cannot be written.
  await makeOutput(options.output, "--output");
  const coco = await openCoco(predictor, files, classNames, options);
  const jobs = await nameJobs(files, model, options);
  const each = { ...options, count: files.length, encodes: coco !== null };
  const predict = (own: readonly Job[]) => predictJobs(predictor, own, model, each);
  const done = shared === null
    ? await predictAlone(predict, jobs, options)
    : await predictShared(predict, jobs, options, shared);
  if (done === null) return null;
  const images: ImageReport[] = [];
  for (const [index, each] of done.predicted.entries()) {
    if (each === undefined) continue;
    images.push(each.report);
    coco?.addLesions(jobs[index]!.fileName, each.report, each.lesions);
  }
  const problems = done.problems.map(({ problem }) => problem);
  await writeFailures(options.output, files, [...options.problems ?? [], ...problems]);
  const summary = join(options.output, SUMMARY_FILE);
  await writeFileAtomic(summary, summaryTable(images, classNames[0]!));
  if (options.labels) {
    await writeFileAtomic(join(options.output, LABEL_FILES.itkSnap), itkSnapLabels(model.classes));
    await writeFileAtomic(join(options.output, LABEL_FILES.slicer), slicerColors(model.classes));
  }
  if (coco === null) return { images, problems, summary };
  const { path } = options.coco!;
  await writeCocoResults(coco, path, classNames, options.provenance ?? {});
  return { images, problems, summary, coco: { dataset: path, results: resultsPath(path) } };
}

/** Predicts jobs, and writes the results of each. */
type PredictJobs = (jobs: readonly Job[]) => ReturnType<typeof predictJobs>;

/** What became of all files, in their order. */
interface Done {
  readonly predicted: readonly (Predicted | undefined)[];
  readonly problems: readonly PlacedProblem[];
}

async function predictAlone(
  predict: PredictJobs,
  jobs: readonly Job[],
  { onImage, onProblem }: PredictFilesOptions,
): Promise<Done> {
  const predicted = new Array<Predicted | undefined>(jobs.length).fill(undefined);
  const problems: PlacedProblem[] = [];
  for await (const each of predict(jobs)) {
    if ("problem" in each) {
      problems.push(each);
      onProblem?.(each.problem);
    } else {
      predicted[each.index] = each;
      onImage?.(each.report);
    }
  }
  return { predicted, problems };
}

async function predictShared(
  predict: PredictJobs,
  jobs: readonly Job[],
  { output, provenance, coco, labels, spacing, uncertainty, onImage, onProblem, onShared }:
    PredictFilesOptions,
  { ranks, missing, onLedger }: SharedWork,
): Promise<Done | null> {
  const folder = join(output, LEDGER);
  const ledger = await WorkLedger.open<Predicted>({
    folder,
    key: JSON.stringify([
      provenance,
      coco !== undefined,
      labels,
      spacing,
      ...(uncertainty ? ["uncertainty"] : []),
    ]),
    items: await Promise.all(jobs.map(stamped)),
    ranks,
    missing,
    outputOf: (_, { report }) => report.files.json,
  });
  onLedger?.(folder);
  const found: PlacedProblem[] = [];
  let count = 0;
  for await (const each of predict(ledger.own.map((index) => jobs[index]!))) {
    if ("problem" in each) found.push(each);
    else ledger.add(each.index, { report: each.report, lesions: each.lesions });
    onShared?.(++count, ledger.own.length);
  }
  const texts = await ranks.exchange(JSON.stringify(found));
  const predicted = await ledger.collect();
  if (predicted === null) return null;
  const problems = texts.flatMap((text) => JSON.parse(text) as PlacedProblem[]);
  problems.sort((a, b) => a.index - b.index);
  for (const each of predicted) if (each !== undefined) onImage?.(each.report);
  for (const { problem } of problems) onProblem?.(problem);
  return { predicted, problems };
}

/** In the output folder: what several ranks, or several runs, have done. */
const LEDGER = ".predict";

async function stamped({ file, name }: Job): Promise<WorkItem> {
  const info = await Deno.stat(file).catch(() => null);
  return { name: file, stamp: `${name} ${info?.size} ${info?.mtime?.getTime()}` };
}

/** Proves that the COCO files can be written; null if none are asked for. */
async function openCoco(
  { description }: ImagePredictor,
  files: readonly string[],
  classNames: readonly string[],
  { coco, subfolders }: PredictFilesOptions,
): Promise<CocoResults | null> {
  if (coco === undefined) return null;
  await assertReplaceable(coco.path);
  await makeOutput(dirname(coco.path), "--coco");
  const fileNames = cocoFileNames(files, subfolders);
  const named = description.classes !== undefined;
  if (coco.ids === undefined) return new CocoResults(countedIds(fileNames, classNames));
  // Loaded when asked for: reading annotations takes a quarter of this module's imports.
  const { readCocoFile } = await import("../coco/coco_file.ts");
  const dataset = await readCocoFile(coco.ids);
  return new CocoResults(idsOf(dataset, coco.ids, fileNames, classNames, named));
}

async function nameJobs(
  files: readonly string[],
  model: ResultClasses,
  { output, subfolders, coco, uncertainty }: PredictFilesOptions,
): Promise<Job[]> {
  const names = outputNames(files, output, {
    owners: await findOwners(files, output, subfolders),
    subfolders,
    endings: [...resultEndings(model), ...(uncertainty ? Object.values(UNCERTAINTY_ENDINGS) : [])],
    reserved: coco === undefined ? [] : [coco.path, resultsPath(coco.path)],
  });
  const fileNames = cocoFileNames(files, subfolders);
  return files.map((file, index) => ({ index, file, name: names[index]!, fileName: fileNames[index]! }));
}

async function makeOutput(folder: string, flag: string): Promise<void> {
  const probe = temporaryPath(join(folder, "writable"));
  try {
    await Deno.mkdir(folder, { recursive: true });
    await Deno.writeTextFile(probe, "", { createNew: true });
    await Deno.remove(probe);
  } catch (error) {
    if (!(error instanceof Error) || error instanceof Deno.errors.NotCapable) throw error;
    const way = isDiskFull(error) ? "free disk space" : "make it writable";
    throw new Error(
      `Cannot write results to ${folder}: ${error.message.split("\n")[0]}\n` +
        `hint: ${way}, or give another folder with ${flag}`,
      { cause: error },
    );
  }
}
