/**
 * Decodes and resizes the images of a split once, on all cores, and caches them for all epochs and later runs.
 *
 * The cache is keyed by content: the SHA-256 of each image file and of its annotations. Modification times and sizes
 * would be faster to compare, but unpacking and copying change them arbitrarily, and hashing takes a hundredth of the
 * decoding time.
 *
 * @module
 */
import { readBounded } from "../fs/bounded_read.ts";
import { createHash } from "node:crypto";
import { hashBytes } from "../fs/hash_bytes.ts";
import { join, normalize } from "node:path";
import type { Problem } from "../coco/problems.ts";
import type { SampleRange } from "../image/image.ts";
import { MAX_BYTES } from "../image/limits.ts";
import { assertNormalization, DEFAULT_NORMALIZATION, type Normalization } from "../image/normalize.ts";
import { type InputExtents, inputSize } from "../image/input_frame.ts";
import { uniteRanges } from "../image/sample_range.ts";
import { decoderOf } from "./decoder_version.ts";
import { imageProblem, NO_SUCH_FILE } from "./listed_file.ts";
import { wholeByteLength } from "./whole_record.ts";
import { mapConcurrently, READ_AHEAD } from "./map_concurrently.ts";
import type { Ranks } from "../ranks/share.ts";
import { prepareOnRanks } from "./prepare_ranks.ts";
import { type Entry, type Failed, prepareAll, type Prepared } from "./prepare_samples.ts";
import { PreparedSplit, type PreparedStore } from "./prepared_split.ts";
import {
  type CachedFailure,
  type CachedRecord,
  type CacheIndex,
  formName,
  openCache,
  type SampleSource,
} from "./sample_cache.ts";
import { recordByteLength, recordSize } from "./sample_record.ts";
import { openSampleWriter } from "./sample_writer.ts";
import type { Sample } from "./samples.ts";
import type { TargetForm } from "./targets.ts";

/** How a split is prepared; sides of images are 1 to 4096. */
export interface PrepareOptions extends InputExtents {
  /** How images are normalized, see {@linkcode normalizeImage}; defaults to `imagenet`. */
  readonly normalize?: Normalization;
  /**
   * The samples of more than 8 bits that become 0 and 1, as a model states them; null for each image's own range.
   * Defaults to the range of all images of the split.
   */
  readonly range?: SampleRange | null | undefined;
  /** The form of the masks of batches; defaults to one class. The samples' label maps must have its classes. */
  readonly targets?: TargetForm;
  /** Folder for the cache file, or null for memory. */
  readonly cacheFolder: string | null;
  /**
   * What tells the corrections of this split from others, in the name of the file of its corrected samples: they have one
   * of their own, so that the others need not be prepared again whenever a mask is corrected.
   */
  readonly corrections?: string | undefined;
  /** Number of Workers; defaults to the number of cores. */
  readonly workers?: number;
  /** Called after every prepared image. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Called with a line for the user: why the cache is not used, or cannot be written. */
  readonly onNote?: ((note: string) => void) | undefined;
  /** The ranks that prepare the split together, which then share the file; defaults to this process only. */
  readonly ranks?: Ranks | undefined;
  /** Aborts: partial files are removed and the signal's reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

/** Largest width and height. */
const MAX_SIZE = 4096;

/**
 * Prepares samples: each image is decoded, resized to its place in the input and stored as float32 with its resized label map, so that
 * served samples equal freshly decoded ones bit for bit. They are cached in a file per split folder and size, which is
 * used again as long as it holds all samples, and rebuilt otherwise or if it is damaged. If it may not be written, the
 * samples are kept in memory, up to 4 GiB, and `onNote` is told.
 *
 * An image that cannot be used is listed in `problems` and skipped. Memory: a few images per Worker.
 *
 * Throws a RangeError for an invalid size, normalization or number of Workers, and if neither a file nor memory can
 * hold the samples; an Error if the disk is full.
 */
export async function prepareSplit(
  samples: readonly Sample[],
  options: PrepareOptions,
): Promise<PreparedSplit> {
  const { size, height = size, cacheFolder } = options;
  const workers = options.workers ?? navigator.hardwareConcurrency;
  assertNormalization(options.normalize ?? DEFAULT_NORMALIZATION);
  assertCount("a size", size, MAX_SIZE);
  assertCount("a height", height, MAX_SIZE);
  assertCount("a number of Workers", workers, 1024);
  const pathOf = (name: string) => cacheFolder === null ? null : join(cacheFolder, name);
  const suffix = () =>
    `-corrected-${hashBytes(new TextEncoder().encode(options.corrections ?? "")).slice(0, 8)}`;
  const correctedName = () => cacheName(samples[0], options).replace(/(?=\.samples$)/, suffix());

  // The samples of each folder share a file, so that several selections of them find it, too.
  const files = Map.groupBy(
    samples,
    (sample) => sample.corrected ? CORRECTED : sample.imagePath.slice(0, -sample.fileName.length),
  );
  if (files.size <= 1) {
    const name = files.has(CORRECTED) ? correctedName() : cacheName(samples[0], options);
    const stored = await prepareFile(samples, pathOf(name), workers, options);
    return assemble(samples, stored.entries, stored, options);
  }
  const entries = new Map<Sample, Entry>();
  const stores: Pick<PreparedStore, "status" | "path">[] = [];
  // The corrected ones last.
  const ordered = [...files].sort(([a], [b]) => Number(a === CORRECTED) - Number(b === CORRECTED));
  for (const [place, own] of ordered) {
    const name = place === CORRECTED ? correctedName() : cacheName(own[0], options);
    const stored = await prepareFile(own, pathOf(name), workers, options);
    own.forEach((sample, i) => entries.set(sample, stored.entries[i]!));
    stores.push(stored);
  }
  const { path } = stores[0]!;
  const status = stores.find(({ status }) => status !== "kept")?.status ?? "kept";
  return assemble(samples, samples.map((sample) => entries.get(sample)!), { path, status }, options);
}

/** In place of a folder: the samples with corrected masks, whatever their folder. */
const CORRECTED = null;

/** Samples and their file. */
type Stored = Pick<PreparedStore, "status" | "path"> & { readonly entries: readonly Entry[] };

/** Prepares samples that share a file, or finds them there. */
async function prepareFile(
  samples: readonly Sample[],
  path: string | null,
  workers: number,
  options: PrepareOptions,
): Promise<Stored> {
  const { ranks, onNote } = options;
  if (ranks !== undefined && ranks.size > 1) {
    return await prepareShares(samples, path, workers, { ...options, ranks });
  }
  const cached = path === null ? null : await readCached(path, samples, options);
  if (cached !== null) return { entries: cached, status: "kept", path };
  const writer = await openSampleWriter(path, onNote);
  try {
    const entries = await prepareAll(samples, writer, workers, options);
    await writer.finish(indexOf(entries, options));
    return { entries, status: writer.status, path: writer.path };
  } catch (error) {
    await writer.discard();
    throw error;
  }
}

/** {@linkcode prepareFile} together with the other ranks. */
async function prepareShares(
  samples: readonly Sample[],
  path: string | null,
  workers: number,
  options: PrepareOptions & { ranks: Ranks },
): Promise<Stored> {
  if (path === null) throw new TypeError("Cannot prepare a split in memory on several ranks");
  const { ranks } = options;
  const { entries, status } = await prepareOnRanks<Sample, Entry>(samples, path, ranks, inputSize(options), {
    readCached: (own) => readCached(path, own, options),
    prepare: (own, writer) => prepareAll(own, writer, workers, options),
    finish: (entries, writer) => writer.finish(indexOf(entries, options)),
  });
  return { entries, status, path };
}

/** The name of a split's cache file, with a hash of the split's folder: datasets may share a cache folder. */
function cacheName(sample: Sample | undefined, extents: InputExtents): string {
  const form = formName(extents) ?? extents.size;
  if (sample === undefined) return `empty-${form}.samples`;
  const folder = normalize(sample.imagePath.slice(0, -sample.fileName.length));
  const hash = createHash("sha256").update(folder).digest("hex").slice(0, 8);
  return `${sample.split}-${form}-${hash}.samples`;
}

/** The index of the cache file: all samples except those whose failure the bytes of their files do not prove. */
function indexOf(entries: readonly Entry[], extents: InputExtents): CacheIndex {
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
  const form = formName(extents);
  return { size: extents.size, ...(form === undefined ? {} : { form }), records, failures };
}

function isPrepared(entry: Entry): entry is Prepared {
  return "offset" in entry;
}

function assertCount(what: string, value: number, most: number): void {
  if (!Number.isSafeInteger(value) || value < 1 || value > most) {
    throw new RangeError(
      `Cannot prepare a split with ${what} of ${value}: expected an integer from 1 to ${most}`,
    );
  }
}

/** The samples' entries from the cache file, or null if it does not have all of them. */
async function readCached(
  path: string,
  samples: readonly Sample[],
  options: PrepareOptions,
): Promise<Entry[] | null> {
  const { ranks, onNote } = options;
  if (!mayRead(path)) return null;
  const index = await openCache(path, options, ranks);
  if (typeof index === "string") onNote?.(`${path}: ${index}; its images are prepared again`);
  if (index === null || typeof index === "string") return null;
  const known = new Map<string, Entry>();
  for (const record of index.records) known.set(keyOf(record), { ...record, source: path });
  for (const failure of index.failures) known.set(keyOf(failure), failure);
  const sources = await mapConcurrently(samples, READ_AHEAD, readSource);
  const entries = sources.map((source) =>
    source.image === null ? missing(source.labels) : known.get(keyOf(source))
  );
  if (entries.every((entry) => entry !== undefined)) return entries;
  onNote?.(`${path}: images or annotations changed; all are prepared again`);
  return null;
}

/** Queried before the runtime does, so that it does not prompt. */
function mayRead(path: string): boolean {
  return Deno.permissions.querySync({ name: "read", path }).state === "granted";
}

function keyOf({ image, labels, decoder }: Key): string {
  return `${image} ${labels} ${decoder ?? 1}`;
}

/** What a sample was, or would be, prepared from. */
type Key = Omit<SampleSource, "image"> & { readonly image: string | null };

async function readSource(sample: Sample): Promise<Key> {
  const labels = await sample.labelKey();
  try {
    const bytes = await readBounded(sample.imagePath, MAX_BYTES);
    const decoder = decoderOf(bytes);
    return { image: hashBytes(bytes), labels, ...(decoder === undefined ? {} : { decoder }) };
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    // A file that cannot be read now matches no entry, and is tried again.
    return { image: error instanceof Deno.errors.NotFound ? null : "", labels };
  }
}

function missing(labels: string): Failed {
  return { image: null, labels, kind: "missing-image", reason: NO_SUCH_FILE };
}

/** The prepared split of all entries; failed samples become problems. */
function assemble(
  samples: readonly Sample[],
  entries: readonly Entry[],
  { status, path }: Pick<PreparedStore, "status" | "path">,
  options: PrepareOptions,
): PreparedSplit {
  const { size, height, fit, patch, scale } = options;
  const extents = { size, height, fit, patch, scale };
  const sizeOf = (place: Prepared) => recordSize(place, inputSize(extents));
  const prepared: Sample[] = [];
  const places: Prepared[] = [];
  const problems: Problem[] = [];
  const hash = createHash("sha256");
  samples.forEach((sample, i) => {
    const entry = entries[i]!;
    if (isPrepared(entry)) {
      prepared.push(sample);
      places.push(entry);
      hash.update(JSON.stringify([sample.fileName, entry.image, sample.annotated, entry.labels]));
    } else {
      const { split: name, imageId: id, fileName } = sample;
      problems.push(imageProblem({ name }, { id, fileName }, entry.kind, entry.reason));
    }
  });
  const sum = (count: (place: Prepared) => number) => places.reduce((sum, place) => sum + count(place), 0);
  return new PreparedSplit({
    extents,
    normalize: options.normalize ?? DEFAULT_NORMALIZATION,
    range: options.range === undefined
      ? uniteRanges(places.map(({ samples }) => samples?.range))
      : options.range,
    samples: prepared,
    sources: places.map(({ image, labels }) => ({ image, labels })),
    places,
    targets: options.targets,
    pixels: sum((place) => sizeOf(place).width * sizeOf(place).height),
    foregroundPixels: sum((place) => place.foregroundPixels),
    ignoredPixels: sum((place) => place.ignoredPixels ?? 0),
    problems,
    fingerprint: hash.digest("hex"),
    store: {
      status,
      path,
      byteLength: sum((place) =>
        place.bands === undefined
          ? recordByteLength(sizeOf(place), place.channels, place.labelBits)
          : wholeByteLength(sizeOf(place), place.channels, place.bands.sampleBytes)
      ),
    },
  });
}
