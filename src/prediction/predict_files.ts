/**
 * Predicts image files in batches and writes the results of each, and of all together.
 *
 * @module
 */
import { readCocoFile } from "../coco/coco_file.ts";
import { readBounded } from "../fs/bounded_read.ts";
import { MAX_BYTES } from "../image/limits.ts";
import { dirname, join } from "node:path";
import { writeFileAtomic } from "../fs/atomic_file.ts";
import { temporaryPath } from "../fs/temporary_name.ts";
import { isDiskFull } from "../fs/write_failure.ts";
import { decodeSamples } from "../image/decode.ts";
import { rangeNote } from "../image/levels.ts";
import type { DecodedRaster, SampleImage } from "../image/image.ts";
import { headOf } from "../unet/config.ts";
import { modelClasses } from "../unet/model_classes.ts";
import { type CocoIds, countedIds } from "./coco_ids.ts";
import { cocoFileNames, idsOf } from "./coco_names.ts";
import { type ClassSegmentation, CocoResults } from "./coco_results.ts";
import { assertReplaceable, resultsPath, writeCocoResults } from "./coco_results_files.ts";
import { type PathProblem, writeFailures } from "./image_files.ts";
import type { ImageReport } from "./image_report.ts";
import { itkSnapLabels, LABEL_FILES, slicerColors } from "./label_tables.ts";
import type { Predictor } from "./predictor.ts";
import { findOwners, outputNames } from "./result_names.ts";
import { SUMMARY_FILE, summaryTable } from "./summary_table.ts";
import { type ResultClasses, resultEndings } from "./result_images.ts";
import { type ResultOptions, writeResults } from "./write_results.ts";

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
  /** Called when the results of an image are written. */
  readonly onImage?: (report: ImageReport) => void;
  /** Called for an image that cannot be read. */
  readonly onProblem?: (problem: PathProblem) => void;
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

/** An image that is to be predicted. */
interface Job {
  readonly file: string;
  /** The name of its results. */
  readonly name: string;
  /** Its name in COCO files. */
  readonly fileName: string;
}

/** A decoded image, or the error. */
interface Decoded extends Job {
  readonly result: DecodedRaster<SampleImage> | Error;
}

const DEFAULT_BATCH_SIZE = 8;

/**
 * Predicts images and writes their results, a table of all, and, if asked for, COCO files. An image that cannot be read
 * is reported, listed in `failures.json` and skipped; the results of another image are never overwritten, an image's own
 * are replaced. The next images are decoded while the device computes a batch.
 *
 * @throws {Error} if the device fails or a result cannot be written; files written before stay
 */
export async function predictFiles(
  predictor: Predictor,
  files: readonly string[],
  options: PredictFilesOptions,
): Promise<PredictFilesReport> {
  const batchSize = options.batchSize ?? DEFAULT_BATCH_SIZE;
  const model: ResultClasses = {
    classes: modelClasses(predictor.description),
    head: headOf(predictor.description.network),
  };
  const classNames = model.classes.map(({ name }) => name);
  // Fails before the work rather than after it if the folder cannot be written.
  await makeOutput(options.output, "--output");
  const coco = await openCoco(predictor, files, classNames, options);
  const jobs = await nameJobs(files, model, options);
  const images: ImageReport[] = [];
  const problems: PathProblem[] = [];
  let batch: { job: Job; decoded: DecodedRaster<SampleImage> }[] = [];
  const finish = async () => {
    const maps = await predictor.predictClasses(batch.map(({ decoded }) => decoded.raster));
    for (const [index, { job, decoded }] of batch.entries()) {
      const segmentations: ClassSegmentation[] = [];
      const collect = (segmentation: ClassSegmentation) => {
        if (coco !== null) segmentations.push(segmentation);
      };
      const report = await writeResults({ ...job, decoded, maps: maps[index]! }, model, options, collect);
      coco?.add(job.fileName, decoded.raster, segmentations);
      images.push(report);
      options.onImage?.(report);
    }
    batch = [];
  };
  for await (const { result, ...job } of decodeAhead(jobs, batchSize)) {
    if (result instanceof Deno.errors.NotCapable) throw result;
    if (result instanceof Error) {
      const problem = { path: job.file, message: result.message };
      problems.push(problem);
      options.onProblem?.(problem);
      continue;
    }
    const notes = [...result.notes, ...rangeNote(result.raster, predictor.description)];
    batch.push({ job, decoded: { ...result, notes } });
    if (batch.length === batchSize) await finish();
  }
  if (batch.length > 0) await finish();
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

/** Proves that the COCO files can be written; null if none are asked for. */
async function openCoco(
  { description }: Predictor,
  files: readonly string[],
  classNames: readonly string[],
  { coco, subfolders }: PredictFilesOptions,
): Promise<CocoResults | null> {
  if (coco === undefined) return null;
  await assertReplaceable(coco.path);
  await makeOutput(dirname(coco.path), "--coco");
  const fileNames = cocoFileNames(files, subfolders);
  const named = description.classes !== undefined;
  const ids: CocoIds = coco.ids === undefined
    ? countedIds(fileNames, classNames)
    : idsOf(await readCocoFile(coco.ids), coco.ids, fileNames, classNames, named);
  return new CocoResults(ids);
}

async function nameJobs(
  files: readonly string[],
  model: ResultClasses,
  { output, subfolders, coco }: PredictFilesOptions,
): Promise<Job[]> {
  const names = outputNames(files, output, {
    owners: await findOwners(files, output, subfolders),
    subfolders,
    endings: resultEndings(model),
    reserved: coco === undefined ? [] : [coco.path, resultsPath(coco.path)],
  });
  const fileNames = cocoFileNames(files, subfolders);
  return files.map((file, index) => ({ file, name: names[index]!, fileName: fileNames[index]! }));
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

/** Decodes images in order, up to `ahead` of them while the caller processes one. */
async function* decodeAhead(jobs: readonly Job[], ahead: number): AsyncGenerator<Decoded> {
  const pending: Promise<Decoded>[] = [];
  for (let next = 0; next < jobs.length || pending.length > 0;) {
    while (next < jobs.length && pending.length <= ahead) pending.push(decodeFile(jobs[next++]!));
    yield await pending.shift()!;
  }
}

async function decodeFile(job: Job): Promise<Decoded> {
  try {
    return { ...job, result: await decodeSamples(await readBounded(job.file, MAX_BYTES)) };
  } catch (error) {
    return { ...job, result: error as Error };
  }
}
