/**
 * Decodes the images of samples in Workers and stores their records.
 *
 * @module
 */
import { Worker } from "node:worker_threads";
import type { ProblemKind } from "../coco/problems.ts";
import type { Size } from "../image/image.ts";
import { frameOf, type InputExtents } from "../image/input_frame.ts";
import { countForeground, countIgnored } from "../image/label_map.ts";
import { DECODE_SECONDS } from "../image/limits.ts";
import type { Moments } from "../image/normalize.ts";
import type { SampleScale } from "../image/network_input.ts";
import { resizeLabelMap } from "../image/resize.ts";
import { WorkerPool } from "../image/worker_pool.ts";
import { mapConcurrently } from "./map_concurrently.ts";
import { labelPositions } from "./patches.ts";
import type { CachedFailure, CachedRecord } from "./sample_cache.ts";
import { type PackedLabels, packLabels, type RecordPlace } from "./sample_record.ts";
import type { SampleWriter } from "./sample_writer.ts";
import type { Sample } from "./samples.ts";
import type { Bands } from "./whole_record.ts";

/** How samples are prepared. */
export interface PrepareAllOptions extends InputExtents {
  /** Called after every prepared image. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Aborts: the signal's reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

/** A task of the preparing Worker. */
export interface PrepareTask extends Size {
  /** The image file; `width` and `height` are those of its annotations. */
  readonly path: string;
  /** Width and height of the result. */
  readonly inner: Size;
  /** Whether it is stored in bands, of which parts are read. */
  readonly inBands: boolean;
  /** The resized label map. */
  readonly packed: PackedLabels;
}

/** Its answer: the SHA-256 of the image file with its record, or with the problem. */
export type PrepareAnswer =
  | {
    readonly image: string;
    readonly record: ArrayBuffer;
    readonly channels: 1 | 3;
    readonly moments: Moments;
    readonly samples: SampleScale | null;
    readonly checksum: number;
    readonly bands?: Bands;
    readonly decoder?: 2;
  }
  | {
    readonly image: string | null;
    readonly kind: ProblemKind;
    readonly reason: string;
    readonly decoder?: 2;
  };

/** Where a sample's record lies, or why there is none. */
export type Entry = Prepared | Failed;

/** `image` is null if the file's bytes do not prove the failure: it is not kept. */
export type Failed = Omit<CachedFailure, "image"> & { readonly image: string | null };

export type Prepared = CachedRecord & RecordPlace;

/** Seconds for which Workers wait for the next split: their code is compiled by then, which takes them 0.2 s each. */
const KEEP_SECONDS = 2;

/** Workers that wait, and the timer that ends it. */
interface Waiting {
  readonly pool: WorkerPool<PrepareAnswer>;
  readonly workers: number;
  readonly timer: ReturnType<typeof setTimeout>;
}

let waiting: Waiting | null = null;

/** The Workers that wait, if they are as many, or new ones. */
function takePool(workers: number): WorkerPool<PrepareAnswer> {
  if (waiting?.workers === workers) {
    const { pool, timer } = waiting;
    clearTimeout(timer);
    waiting = null;
    return pool;
  }
  return new WorkerPool<PrepareAnswer>({
    start: () => new Worker(new URL("./prepare_worker.ts", import.meta.url), { env: {} }),
    workers,
    seconds: 2 * DECODE_SECONDS,
    action: "prepare the image",
  });
}

/** Keeps Workers that have nothing to do for the next split, which follows soon or not at all. */
async function keepPool(pool: WorkerPool<PrepareAnswer>, workers: number): Promise<void> {
  if (waiting !== null) return await pool.close();
  const timer = setTimeout(() => {
    waiting = null;
    pool.close();
  }, 1000 * KEEP_SECONDS);
  Deno.unrefTimer(timer);
  waiting = { pool, workers, timer };
}

/** Prepares all samples in Workers and stores their records. */
export async function prepareAll(
  samples: readonly Sample[],
  writer: SampleWriter,
  workers: number,
  options: PrepareAllOptions,
): Promise<Entry[]> {
  const { onProgress, signal } = options;
  const pool = takePool(workers);
  let [done, closed] = [0, false];
  // Records are stored in the order of the samples, so that concurrent runs write identical files.
  let turn = Promise.resolve();
  try {
    const entries = await mapConcurrently(samples, 2 * workers, async (sample) => {
      signal?.throwIfAborted();
      const before = turn;
      const { promise, resolve } = Promise.withResolvers<void>();
      turn = promise;
      try {
        const entry = await prepareSample(sample, options, { pool, closed: () => closed }, async (record) => {
          await before;
          return writer.add(record);
        });
        onProgress?.(++done, samples.length);
        return entry;
      } finally {
        await before;
        resolve();
      }
    });
    await keepPool(pool, workers);
    return entries;
  } catch (error) {
    closed = true;
    await pool.close();
    throw error;
  }
}

async function prepareSample(
  sample: Sample,
  extents: InputExtents,
  { pool, closed }: { pool: WorkerPool<PrepareAnswer>; closed: () => boolean },
  store: (record: ArrayBuffer) => Promise<Pick<RecordPlace, "source" | "offset">>,
): Promise<Entry> {
  const { inner } = frameOf(extents, sample);
  const labelMap = resizeLabelMap(await sample.labelMap(), inner);
  const inBands = extents.patch !== undefined;
  const packed = inBands
    ? { labelBits: 8 as const, labels: labelMap.data.slice().buffer }
    : packLabels(labelMap);
  const { labelBits } = packed;
  const { imagePath: path, width, height } = sample;
  const task: PrepareTask = { path, width, height, inner, inBands, packed };
  // Buffers that moved to a lost Worker are gone: each try gets its own.
  const run = () => {
    const labels = packed.labels.slice(0);
    return pool.run({ ...task, packed: { ...packed, labels } } satisfies PrepareTask, [labels]);
  };
  let answer: PrepareAnswer;
  try {
    answer = await run().catch((error) => {
      if (closed() || error instanceof Deno.errors.NotCapable) throw error;
      return run();
    });
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    // A lost Worker, the time limit, memory, a disk that cannot be read: nothing that the bytes prove, so that the next
    // run tries again.
    const reason = error instanceof Error ? error.message.split("\n")[0]! : String(error);
    const labels = await sample.labelKey();
    return {
      image: null,
      labels,
      kind: "unreadable-image",
      reason: `${reason}; the next run tries it again`,
    };
  }
  const labels = await sample.labelKey();
  if (!("record" in answer)) return { ...answer, labels };
  const { image, record, channels, moments, samples, checksum, bands, decoder } = answer;
  const foregroundPixels = countForeground(labelMap);
  const place = await store(record);
  const { overlaps } = labelMap;
  const ignoredPixels = countIgnored(labelMap);
  return {
    image,
    labels,
    ...place,
    channels,
    labelBits,
    moments,
    checksum,
    foregroundPixels,
    ...(samples === null ? {} : { samples }),
    ...(decoder === undefined ? {} : { decoder }),
    ...(ignoredPixels === 0 ? {} : { ignoredPixels }),
    ...(overlaps === undefined ? {} : { overlaps }),
    ...(extents.fit === "pad" || inBands ? { extent: [inner.width, inner.height] as const } : {}),
    ...(bands === undefined ? {} : { bands, positions: labelPositions(labelMap) }),
  };
}
