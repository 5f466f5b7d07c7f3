/**
 * Predicts image files in batches and writes each one's mask, probabilities, figure and numbers.
 *
 * @module
 */
import { basename, join } from "node:path";
import { writeFileAtomic } from "../fs/atomic_file.ts";
import { decodeImage } from "../image/decode.ts";
import { encodeGrayPng, encodeRgbPng } from "../image/encode.ts";
import type { RgbImage } from "../image/image.ts";
import { drawPrediction } from "./figure.ts";
import { OUTPUT_ENDINGS, type OutputFiles, outputNames, type PathProblem } from "./image_files.ts";
import { segment, type Segmentation, type SegmentationSummary, type SegmentOptions } from "./postprocess.ts";
import type { Predictor } from "./predictor.ts";

/** How {@linkcode predictFiles} works. */
export interface PredictFilesOptions extends SegmentOptions {
  /** The folder that results go to. */
  readonly output: string;
  /** Images that are predicted at once; 8 unless given. */
  readonly batchSize?: number;
  /** What each image's JSON tells of model and settings, besides the numbers. */
  readonly provenance?: Readonly<Record<string, unknown>>;
  /** Told of every image whose results are written. */
  readonly onImage?: (report: ImageReport) => void;
  /** Told of every image that cannot be read. */
  readonly onProblem?: (problem: PathProblem) => void;
}

/** What was predicted of an image, and where it lies. */
export interface ImageReport extends SegmentationSummary {
  /** The image's path as it was named. */
  readonly image: string;
  /** The paths of what was written. */
  readonly files: OutputFiles;
}

/** What {@linkcode predictFiles} did. */
export interface PredictFilesReport {
  /** The images that were predicted, in the order of their files. */
  readonly images: readonly ImageReport[];
  /** The images that could not be read. */
  readonly problems: readonly PathProblem[];
}

/** An image that is read, or why it is not. */
interface Decoded {
  readonly file: string;
  readonly name: string;
  readonly result: RgbImage | Error;
}

const DEFAULT_BATCH_SIZE = 8;

/**
 * Predicts images and writes their results. An image that cannot be read is told of and left out; the next ones are
 * decoded while the device works on a batch.
 *
 * @throws {Error} where the device fails or a result cannot be written; what is written by then stays.
 */
export async function predictFiles(
  predictor: Predictor,
  files: readonly string[],
  options: PredictFilesOptions,
): Promise<PredictFilesReport> {
  const batchSize = options.batchSize ?? DEFAULT_BATCH_SIZE;
  // A folder that may not be written to is better known before the work than after it.
  await Deno.mkdir(options.output, { recursive: true });
  const images: ImageReport[] = [];
  const problems: PathProblem[] = [];
  let batch: { file: string; name: string; image: RgbImage }[] = [];
  const finish = async () => {
    const maps = await predictor.predict(batch.map(({ image }) => image));
    for (const [index, { file, name, image }] of batch.entries()) {
      const report = await writeResults(
        file,
        name,
        image,
        segment(maps[index]!, image, options),
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
    batch.push({ file, name, image: result });
    if (batch.length === batchSize) await finish();
  }
  if (batch.length > 0) await finish();
  return { images, problems };
}

/** Decodes images in order, `ahead` of them while the caller is busy with the one that it was given. */
async function* decodeAhead(
  files: readonly string[],
  output: string,
  ahead: number,
): AsyncGenerator<Decoded> {
  const names = outputNames(files, output);
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
    return { file, name, result: await decodeImage(await Deno.readFile(file)) };
  } catch (error) {
    return { file, name, result: error as Error };
  }
}

async function writeResults(
  file: string,
  name: string,
  image: RgbImage,
  { mask, probabilities, summary }: Segmentation,
  { output, provenance }: PredictFilesOptions,
): Promise<ImageReport> {
  const { width, height } = image;
  const path = (kind: keyof OutputFiles) => join(output, name + OUTPUT_ENDINGS[kind]);
  const report: ImageReport = {
    image: file,
    ...summary,
    files: {
      mask: path("mask"),
      probability: path("probability"),
      figure: path("figure"),
      json: path("json"),
    },
  };
  const grey = (values: ArrayLike<number>) => {
    const data = new Uint8Array(values.length);
    for (let at = 0; at < data.length; at++) data[at] = Math.round(255 * values[at]!);
    return encodeGrayPng({ width, height, data });
  };
  const figure = async () => encodeRgbPng(await drawPrediction(image, mask, basename(file)));
  const [maskPng, probabilityPng, figurePng] = await Promise.all([
    grey(mask.data),
    grey(probabilities.data),
    figure(),
  ]);
  await writeFileAtomic(report.files.mask, maskPng);
  await writeFileAtomic(report.files.probability, probabilityPng);
  await writeFileAtomic(report.files.figure, figurePng);
  // Last, so that where it stands, all stands.
  await writeFileAtomic(report.files.json, `${JSON.stringify({ ...report, ...provenance }, null, 2)}\n`);
  return report;
}
