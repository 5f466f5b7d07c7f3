/**
 * Predicts image files in batches, and writes the results of each.
 *
 * @module
 */
import { readBounded } from "../fs/bounded_read.ts";
import { decodeSamples } from "../image/decode.ts";
import type { DecodedRaster, SampleImage } from "../image/image.ts";
import { rangeNote } from "../image/levels.ts";
import { MAX_BYTES } from "../image/limits.ts";
import { microBatchAt } from "../unet/unet.ts";
import type { Adaptation } from "./adapt.ts";
import { appearanceNote } from "./appearance_note.ts";
import { type ClassSegmentation, type EncodedLesions, encodeLesions } from "./coco_results.ts";
import { Ensemble } from "./ensemble.ts";
import type { PathProblem } from "./image_files.ts";
import type { ImageReport } from "./image_report.ts";
import type { ImagePredictor, PredictOptions } from "./predictor.ts";
import type { ResultClasses } from "./result_images.ts";
import { type ResultOptions, writeResults } from "./write_results.ts";

/** An image that is to be predicted. */
export interface Job {
  /** Its place among the files. */
  readonly index: number;
  /** Its path. */
  readonly file: string;
  /** The name of its results. */
  readonly name: string;
  /** Its name in COCO files. */
  readonly fileName: string;
}

/** A decoded image, or the error. */
export type DecodedFile = DecodedRaster<SampleImage> | Error;

/** A job and its image. */
interface Decoded extends Job {
  readonly result: DecodedFile;
}

/** What a predicted image adds to the tables of all. */
export interface Predicted {
  /** Its numbers. */
  readonly report: ImageReport;
  /** Per class; empty unless COCO files are written. */
  readonly lesions: readonly EncodedLesions[];
}

/** An image that could not be read, by its place among the files. */
export interface PlacedProblem {
  /** Its place. */
  readonly index: number;
  /** What is wrong. */
  readonly problem: PathProblem;
}

/** Options of {@linkcode predictJobs}. */
export interface PredictJobsOptions extends ResultOptions {
  /** Images per batch; defaults to 8. */
  readonly batchSize?: number;
  /** Number of all files, of which the jobs may be a part: an image gets the same bits whichever others are predicted. */
  readonly count: number;
  /** Whether lesions are encoded for COCO files. */
  readonly encodes: boolean;
  /** Files that are being decoded already, by their paths. */
  readonly decoding?: ReadonlyMap<string, Promise<DecodedFile>> | undefined;
}

const DEFAULT_BATCH_SIZE = 8;

/**
 * Predicts jobs and writes the results of each; the next images are decoded while the device computes a batch.
 *
 * @throws {Error} if the device fails or a result cannot be written
 */
export async function* predictJobs(
  predictor: ImagePredictor,
  jobs: readonly Job[],
  model: ResultClasses,
  { batchSize = DEFAULT_BATCH_SIZE, count, encodes, decoding, ...options }: PredictJobsOptions,
): AsyncGenerator<({ index: number } & Predicted) | PlacedProblem, void, void> {
  let batch: { job: Job; decoded: DecodedRaster<SampleImage> }[] = [];
  const finish = async function* () {
    const microBatches = batch.map(({ job: { index } }) => {
      const place = index % batchSize;
      return microBatchAt(place, Math.min(batchSize, count - index + place));
    });
    const images = batch.map(({ decoded }) => decoded.raster);
    const looks = images.map((image) => predictor.imageAppearance(image));
    const adaptations = new Map<number, Adaptation>();
    const how: PredictOptions = { microBatches, onAdapted: (place, done) => adaptations.set(place, done) };
    const pooled = options.uncertainty && predictor instanceof Ensemble
      ? await predictor.predictPooled(images, how)
      : (await predictor.predictClasses(images, how)).map((maps) => ({ maps }));
    for (const [place, { job, decoded }] of batch.entries()) {
      const lesions: EncodedLesions[] = [];
      const collect = (segmentation: ClassSegmentation) => {
        if (encodes) lesions.push(encodeLesions(decoded.raster, segmentation));
      };
      const appearance = looks[place]!;
      const adapted = adaptations.get(place);
      const notes = [...decoded.notes, ...appearanceNote(appearance, predictor.description, adapted)];
      const image = { ...job, decoded: { ...decoded, notes }, ...pooled[place]!, appearance, adapted };
      const report = await writeResults(image, model, options, collect);
      yield { index: job.index, report, lesions };
    }
    batch = [];
  };
  for await (const { result, ...job } of decodeAhead(jobs, batchSize, decoding)) {
    if (result instanceof Deno.errors.NotCapable) throw result;
    if (result instanceof Error) {
      yield { index: job.index, problem: { path: job.file, message: result.message } };
      continue;
    }
    const notes = [...result.notes, ...rangeNote(result.raster, predictor.description)];
    batch.push({ job, decoded: { ...result, notes } });
    if (batch.length === batchSize) yield* finish();
  }
  if (batch.length > 0) yield* finish();
}

/** Decodes images in order, up to `ahead` of them while the caller processes one. */
async function* decodeAhead(
  jobs: readonly Job[],
  ahead: number,
  decoding: PredictJobsOptions["decoding"],
): AsyncGenerator<Decoded> {
  const decode = async (job: Job) => ({
    ...job,
    result: await (decoding?.get(job.file) ?? decodeFile(job.file)),
  });
  const pending: Promise<Decoded>[] = [];
  for (let next = 0; next < jobs.length || pending.length > 0;) {
    while (next < jobs.length && pending.length <= ahead) pending.push(decode(jobs[next++]!));
    yield await pending.shift()!;
  }
}

/** Reads and decodes an image file; resolves to the error if it cannot be read. */
export async function decodeFile(path: string): Promise<DecodedFile> {
  try {
    return await decodeSamples(await readBounded(path, MAX_BYTES));
  } catch (error) {
    return error as Error;
  }
}
