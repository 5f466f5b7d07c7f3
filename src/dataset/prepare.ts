/**
 * Decodes and resizes a split's images once, on every core, and keeps them: later runs and all epochs read what
 * is prepared.
 *
 * What is kept goes by content: each sample by the SHA-256 of its image's file and of its annotations. Times and
 * sizes of files would be quicker to compare, but unpacking and copying set them as they please, and hashing takes
 * a hundredth of the time that decoding does.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { join, normalize } from "node:path";
import { Worker } from "node:worker_threads";
import { DECODE_SECONDS } from "../image/limits.ts";
import { assertNormalization, type Moments } from "../image/normalize.ts";
import { resizeMask } from "../image/resize.ts";
import { WorkerPool } from "../image/worker_pool.ts";
import { mapConcurrently } from "./map_concurrently.ts";
import { PreparedSplit, type PreparedStore } from "./prepared_split.ts";
import type { Problem, ProblemKind } from "../coco/problems.ts";
import { type CachedFailure, type CachedRecord, type CacheIndex, openCache } from "./sample_cache.ts";
import { packMask, recordByteLength, type RecordPlace } from "./sample_record.ts";
import { openSink, type Sink } from "./sample_writer.ts";
import { imageProblem, type Sample } from "./samples.ts";

/** How a split is prepared. */
export interface PrepareOptions {
  /** Pixels a side of the prepared images, 1 to 4096. */
  readonly size: number;
  /** How values are centred and scaled, by {@linkcode normalizeImage}; `imagenet` unless given. */
  readonly normalize?: "imagenet" | "picture";
  /** Folder for what is prepared, or null for memory. */
  readonly cacheFolder: string | null;
  /** Workers; as many as there are cores unless given. */
  readonly workers?: number;
  /** Told after every image, where images are prepared. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Called with a line for the person who waits: why earlier work is not used, or cannot be kept. */
  readonly onNote?: ((note: string) => void) | undefined;
  /** Stops the work: what is begun is removed, and the signal's reason thrown. */
  readonly signal?: AbortSignal | undefined;
}

/** What the preparing Worker is asked. */
export interface PrepareTask {
  /** The image's file. */
  readonly path: string;
  /** Its pixels in a row, as the annotation file says. */
  readonly width: number;
  /** Its rows, likewise. */
  readonly height: number;
  /** Pixels a side of the result. */
  readonly size: number;
  /** The resized mask, packed. */
  readonly mask: ArrayBuffer;
}

/** What it answers: the SHA-256 of the image's file with its record, or with what is wrong. */
export type PrepareAnswer =
  | {
    readonly image: string;
    readonly record: ArrayBuffer;
    readonly channels: 1 | 3;
    readonly moments: Moments;
    readonly checksum: number;
  }
  | { readonly image: string | null; readonly kind: ProblemKind; readonly reason: string };

/** Most pixels a side. */
const MAX_SIZE = 4096;

/** A sample's record and where it lies, or what is wrong with it. */
type Entry = Prepared | Faulty;

/** `image` is null where the file could not be read. */
type Faulty = Omit<CachedFailure, "image"> & { readonly image: string | null };

type Prepared = CachedRecord & RecordPlace;

/**
 * Prepares samples: each image is decoded, resized to `size` and stored as float32 with its resized mask, so that
 * what is served equals what a plain reading gives, to the bit. A file in the cache folder, one for a split's folder
 * and a size, keeps them; it is used again as long as it holds every sample asked for, and is made anew otherwise,
 * or where it is damaged. Where it may not be written, the samples are kept in memory, up to 4 GiB, and a note says
 * so.
 *
 * An image that cannot be used is listed in `problems` and left out. Memory: a few images for each Worker.
 *
 * Throws a RangeError for a size, normalisation or number of Workers that is none, and for samples that neither a
 * file nor memory can hold; an Error where the disk is full.
 */
export async function prepareSplit(
  samples: readonly Sample[],
  options: PrepareOptions,
): Promise<PreparedSplit> {
  const { size, cacheFolder, onNote } = options;
  const workers = options.workers ?? navigator.hardwareConcurrency;
  assertNormalization(options.normalize ?? "imagenet");
  assertWhole("a size", size, MAX_SIZE);
  assertWhole("a number of Workers", workers, 1024);
  const path = cacheFolder === null ? null : join(cacheFolder, cacheName(samples[0], size));

  const kept = path === null ? null : await readKept(path, samples, options);
  if (kept !== null) return assemble(samples, kept, { status: "kept", path }, options);
  const sink = await openSink(path, onNote);
  try {
    const entries = await prepareAll(samples, sink, workers, options);
    await sink.finish(indexOf(entries, size));
    return assemble(samples, entries, sink, options);
  } catch (error) {
    await sink.discard();
    throw error;
  }
}

/** The name of a split's file: with some letters for the split's folder, since datasets may share a cache folder. */
function cacheName(sample: Sample | undefined, size: number): string {
  if (sample === undefined) return `empty-${size}.samples`;
  const folder = normalize(sample.imagePath.slice(0, -sample.fileName.length));
  const letters = createHash("sha256").update(folder).digest("hex").slice(0, 8);
  return `${sample.split}-${size}-${letters}.samples`;
}

/** What a cache file lists: all but the samples whose files could not be read. */
function indexOf(entries: readonly Entry[], size: number): CacheIndex {
  const records: CachedRecord[] = [];
  const failures: CachedFailure[] = [];
  for (const entry of entries) {
    if (isPrepared(entry)) {
      const { source: _, ...record } = entry;
      records.push(record);
    } else if (entry.image !== null) {
      failures.push({ ...entry, image: entry.image });
    }
  }
  return { size, records, failures };
}

function isPrepared(entry: Entry): entry is Prepared {
  return "offset" in entry;
}

function assertWhole(what: string, value: number, most: number): void {
  if (!Number.isSafeInteger(value) || value < 1 || value > most) {
    throw new RangeError(
      `Cannot prepare a split with ${what} of ${value}: a whole number from 1 to ${most} is wanted`,
    );
  }
}

/** The samples' entries from an earlier run's file, or null where it does not have them all. */
async function readKept(
  path: string,
  samples: readonly Sample[],
  { size, onNote }: PrepareOptions,
): Promise<Entry[] | null> {
  if (!mayRead(path)) return null;
  const index = await openCache(path, size);
  if (typeof index === "string") onNote?.(`${path}: ${index}; its images are prepared anew`);
  if (index === null || typeof index === "string") return null;
  const known = new Map<string, Entry>();
  for (const record of index.records) known.set(keyOf(record), { ...record, source: path });
  for (const failure of index.failures) known.set(keyOf(failure), failure);
  const sources = await mapConcurrently(samples, 2 * navigator.hardwareConcurrency, readSource);
  const entries = sources.map((source) => source.image === null ? missing(source) : known.get(keyOf(source)));
  if (entries.every((entry) => entry !== undefined)) return entries;
  onNote?.(`${path}: images or annotations changed; all are prepared anew`);
  return null;
}

/** Asks the permissions before the runtime does: no prompt comes up. */
function mayRead(path: string): boolean {
  return Deno.permissions.querySync({ name: "read", path }).state === "granted";
}

function keyOf({ image, mask }: Pick<Entry, "image" | "mask">): string {
  return `${image} ${mask}`;
}

async function readSource(sample: Sample): Promise<{ image: string | null; mask: string }> {
  const mask = sample.maskKey();
  try {
    const bytes = await Deno.readFile(sample.imagePath);
    return { image: createHash("sha256").update(bytes).digest("hex"), mask };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { image: null, mask };
    throw error;
  }
}

function missing({ mask }: { mask: string }): Faulty {
  return { image: null, mask, kind: "missing-image", reason: "there is no such file" };
}

/** Prepares all samples in Workers; their records go to `sink`. */
async function prepareAll(
  samples: readonly Sample[],
  sink: Sink,
  workers: number,
  { size, onProgress, signal }: PrepareOptions,
): Promise<Entry[]> {
  const pool = new WorkerPool<PrepareAnswer>({
    start: () => new Worker(new URL("./prepare_worker.ts", import.meta.url), { env: {} }),
    workers,
    seconds: 2 * DECODE_SECONDS,
    action: "prepare the image",
  });
  let done = 0;
  // Records are kept in the samples' order: two runs at once write the same file, whichever ends last.
  let turn = Promise.resolve();
  try {
    return await mapConcurrently(samples, 2 * workers, async (sample) => {
      signal?.throwIfAborted();
      const before = turn;
      const { promise, resolve } = Promise.withResolvers<void>();
      turn = promise;
      try {
        const entry = await prepareSample(sample, size, pool, async (record) => {
          await before;
          return sink.add(record);
        });
        onProgress?.(++done, samples.length);
        return entry;
      } finally {
        await before;
        resolve();
      }
    });
  } finally {
    await pool.close();
  }
}

async function prepareSample(
  sample: Sample,
  size: number,
  pool: WorkerPool<PrepareAnswer>,
  keep: (record: ArrayBuffer) => Promise<Pick<RecordPlace, "source" | "offset">>,
): Promise<Entry> {
  const mask = resizeMask(sample.mask(), { width: size, height: size });
  const bits = packMask(mask).buffer;
  const { imagePath: path, width, height } = sample;
  const task: PrepareTask = { path, width, height, size, mask: bits };
  let answer: PrepareAnswer;
  try {
    answer = await pool.run(task, [bits]);
  } catch (error) {
    // The image took its Worker down, or never came back.
    const reason = error instanceof Error ? error.message : String(error);
    return { ...await readSource(sample), kind: "unreadable-image", reason };
  }
  const source = { image: answer.image, mask: sample.maskKey() };
  if (!("record" in answer)) return { ...source, kind: answer.kind, reason: answer.reason };
  const { image, record, channels, moments, checksum } = answer;
  let tumorPixels = 0;
  for (const value of mask.data) tumorPixels += value;
  return { ...source, image, ...await keep(record), channels, moments, checksum, tumorPixels };
}

/** Puts together what was found or made; samples at fault become problems. */
function assemble(
  samples: readonly Sample[],
  entries: readonly Entry[],
  { status, path }: Pick<PreparedStore, "status" | "path">,
  options: PrepareOptions,
): PreparedSplit {
  const { size } = options;
  const good: Sample[] = [];
  const places: Prepared[] = [];
  const problems: Problem[] = [];
  const hash = createHash("sha256");
  samples.forEach((sample, i) => {
    const entry = entries[i]!;
    if (isPrepared(entry)) {
      good.push(sample);
      places.push(entry);
      hash.update(JSON.stringify([sample.fileName, entry.image, sample.annotated, entry.mask]));
    } else {
      const { split: name, imageId: id, fileName } = sample;
      problems.push(imageProblem({ name }, { id, fileName }, entry.kind, entry.reason));
    }
  });
  const sum = (count: (place: Prepared) => number) => places.reduce((sum, place) => sum + count(place), 0);
  return new PreparedSplit({
    size,
    normalize: options.normalize ?? "imagenet",
    samples: good,
    places,
    tumorPixels: sum((place) => place.tumorPixels),
    problems,
    fingerprint: hash.digest("hex"),
    store: { status, path, byteLength: sum((place) => recordByteLength(size, place.channels)) },
  });
}
