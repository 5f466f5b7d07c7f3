/**
 * Predicts image files in batches and writes mask, probabilities, figure and numbers of each.
 *
 * @module
 */
import { readBounded } from "../fs/bounded_read.ts";
import { MAX_BYTES } from "../image/limits.ts";
import { basename, join } from "node:path";
import { writeFileAtomic } from "../fs/atomic_file.ts";
import { temporaryPath } from "../fs/temporary_name.ts";
import { isDiskFull } from "../fs/write_failure.ts";
import { decodeSamples } from "../image/decode.ts";
import { displayImage } from "../image/display.ts";
import { encodeGrayPng, encodeRgbPng } from "../image/encode.ts";
import type { DecodedRaster, ImageNote, SampleImage } from "../image/image.ts";
import { rangeNote } from "../image/levels.ts";
import { drawPrediction, figureTitle } from "./figure.ts";
import {
  findOwners,
  OUTPUT_ENDINGS,
  type OutputFiles,
  outputNames,
  type PathProblem,
  writeFailures,
} from "./image_files.ts";
import { segment, type Segmentation, type SegmentationSummary, type SegmentOptions } from "./postprocess.ts";
import type { Predictor } from "./predictor.ts";

/** Options of {@linkcode predictFiles}. */
export interface PredictFilesOptions extends SegmentOptions {
  /** The output folder. */
  readonly output: string;
  /** Images per batch; defaults to 8. */
  readonly batchSize?: number;
  /** The description of model and settings in the JSON file of each image. */
  readonly provenance?: Readonly<Record<string, unknown>>;
  /** Paths that led to no image, to be listed with the images that cannot be read. */
  readonly problems?: readonly PathProblem[];
  /** Called when the results of an image are written. */
  readonly onImage?: (report: ImageReport) => void;
  /** Called for an image that cannot be read. */
  readonly onProblem?: (problem: PathProblem) => void;
}

/** The prediction of an image, and its files. */
export interface ImageReport extends SegmentationSummary {
  /** The path of the image as given. */
  readonly image: string;
  /** What the reader should know of the file: its EXIF orientation, further pages that are not read. */
  readonly notes: readonly ImageNote[];
  /** The paths of the written files. */
  readonly files: OutputFiles;
}

/** The result of {@linkcode predictFiles}. */
export interface PredictFilesReport {
  /** The predicted images, in the order of their files. */
  readonly images: readonly ImageReport[];
  /** The images that could not be read. */
  readonly problems: readonly PathProblem[];
}

/** A decoded image, or the error. */
interface Decoded {
  readonly file: string;
  readonly name: string;
  readonly result: DecodedRaster<SampleImage> | Error;
}

const DEFAULT_BATCH_SIZE = 8;

/**
 * Predicts images and writes their results. An image that cannot be read is reported, listed in `failures.json` and
 * skipped; the results of another image are never overwritten, an image's own are replaced. The next images are
 * decoded while the device computes a batch.
 *
 * @throws {Error} if the device fails or a result cannot be written; files written before stay
 */
export async function predictFiles(
  predictor: Predictor,
  files: readonly string[],
  options: PredictFilesOptions,
): Promise<PredictFilesReport> {
  const batchSize = options.batchSize ?? DEFAULT_BATCH_SIZE;
  // Fails before the work rather than after it if the folder cannot be written.
  await makeOutput(options.output);
  const images: ImageReport[] = [];
  const problems: PathProblem[] = [];
  let batch: { file: string; name: string; decoded: DecodedRaster<SampleImage> }[] = [];
  const finish = async () => {
    const maps = await predictor.predict(batch.map(({ decoded }) => decoded.raster));
    for (const [index, { file, name, decoded }] of batch.entries()) {
      const report = await writeResults(
        file,
        name,
        decoded,
        segment(maps[index]!, decoded.raster, options),
        options,
      );
      images.push(report);
      options.onImage?.(report);
    }
    batch = [];
  };
  for await (const { file, name, result } of decodeAhead(files, options.output, batchSize)) {
    if (result instanceof Deno.errors.NotCapable) throw result;
    if (result instanceof Error) {
      const problem = { path: file, message: result.message };
      problems.push(problem);
      options.onProblem?.(problem);
      continue;
    }
    const notes = [...result.notes, ...rangeNote(result.raster, predictor.description)];
    batch.push({ file, name, decoded: { ...result, notes } });
    if (batch.length === batchSize) await finish();
  }
  if (batch.length > 0) await finish();
  await writeFailures(options.output, files, [...options.problems ?? [], ...problems]);
  return { images, problems };
}

async function makeOutput(folder: string): Promise<void> {
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
        `hint: ${way}, or give another folder with --output`,
      { cause: error },
    );
  }
}

/** Decodes images in order, up to `ahead` of them while the caller processes one. */
async function* decodeAhead(
  files: readonly string[],
  output: string,
  ahead: number,
): AsyncGenerator<Decoded> {
  const names = outputNames(files, output, await findOwners(files, output));
  const pending: Promise<Decoded>[] = [];
  for (let next = 0; next < files.length || pending.length > 0;) {
    while (next < files.length && pending.length <= ahead) {
      pending.push(decodeFile(files[next]!, names[next]!));
      next++;
    }
    yield await pending.shift()!;
  }
}

async function decodeFile(file: string, name: string): Promise<Decoded> {
  try {
    return { file, name, result: await decodeSamples(await readBounded(file, MAX_BYTES)) };
  } catch (error) {
    return { file, name, result: error as Error };
  }
}

async function writeResults(
  file: string,
  name: string,
  { raster: image, notes }: DecodedRaster<SampleImage>,
  { mask, probabilities, summary }: Segmentation,
  { output, provenance }: PredictFilesOptions,
): Promise<ImageReport> {
  const { width, height } = image;
  const path = (kind: keyof OutputFiles) => join(output, name + OUTPUT_ENDINGS[kind]);
  const report: ImageReport = {
    image: file,
    ...summary,
    notes,
    files: {
      mask: path("mask"),
      probability: path("probability"),
      figure: path("figure"),
      json: path("json"),
    },
  };
  const gray = (values: ArrayLike<number>) => {
    const data = new Uint8Array(values.length);
    for (let at = 0; at < data.length; at++) data[at] = Math.round(255 * values[at]!);
    return encodeGrayPng({ width, height, data });
  };
  const figure = async () =>
    encodeRgbPng(await drawPrediction(displayImage(image), mask, figureTitle(basename(file), summary)));
  const [maskPng, probabilityPng, figurePng] = await Promise.all([
    gray(mask.data),
    gray(probabilities.data),
    figure(),
  ]);
  await writeFileAtomic(report.files.mask, maskPng);
  await writeFileAtomic(report.files.probability, probabilityPng);
  await writeFileAtomic(report.files.figure, figurePng);
  // Last: if it exists, the others do.
  await writeFileAtomic(report.files.json, `${JSON.stringify({ ...report, ...provenance }, null, 2)}\n`);
  return report;
}
