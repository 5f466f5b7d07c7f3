/**
 * A split whose images are decoded and resized: samples as tensors, one by one or in batches.
 *
 * @module
 */
import { Worker } from "node:worker_threads";
import type { Mask } from "../image/mask.ts";
import { WorkerPool } from "../image/worker_pool.ts";
import type { Tensor } from "../tensor.ts";
import type { Problem } from "../coco/problems.ts";
import { type RecordPlace, RecordReader } from "./sample_record.ts";
import type { Sample } from "./samples.ts";

/** Samples as the network takes them. */
export interface Batch {
  /** `[N, 3, size, size]`, normalised. */
  readonly images: Tensor;
  /** `[N, 1, size, size]`, 0 or 1. */
  readonly masks: Tensor;
  /** The samples' places in the split. */
  readonly indices: Uint32Array;
}

/** Where prepared samples are kept. */
export interface PreparedStore {
  /** Whether an earlier run's file was used, a new one was written, or no file could be. */
  readonly status: "kept" | "written" | "memory";
  /** The file; null for memory. */
  readonly path: string | null;
  /** Bytes of the samples. */
  readonly byteLength: number;
}

/** What {@linkcode PreparedSplit} is made of. */
export interface PreparedParts {
  /** Pixels a side. */
  readonly size: number;
  /** How values are centred and scaled. */
  readonly normalize: "imagenet" | "picture";
  /** The samples that could be prepared. */
  readonly samples: readonly Sample[];
  /** Their records. */
  readonly places: readonly RecordPlace[];
  /** Tumor pixels of all resized masks. */
  readonly tumorPixels: number;
  /** What was left out. */
  readonly problems: readonly Problem[];
  /** SHA-256 of what the samples were made from. */
  readonly fingerprint: string;
  /** Where the records are. */
  readonly store: PreparedStore;
}

/** What the batch Worker is asked. */
export interface BatchTask {
  /** Pixels a side. */
  readonly size: number;
  /** How values are centred and scaled. */
  readonly normalize: "imagenet" | "picture";
  /** The samples. */
  readonly places: readonly RecordPlace[];
}

/** What it answers: bare buffers of float32 values. */
export interface BatchAnswer {
  /** `[N, 3, size, size]`. */
  readonly images: ArrayBuffer;
  /** `[N, 1, size, size]`. */
  readonly masks: ArrayBuffer;
}

/** Longest that a batch may take: reading it from a slow disk. */
const BATCH_SECONDS = 600;

/** A split, prepared: made by `prepareSplit`, served without decoding anything. */
export class PreparedSplit {
  /** Pixels a side of every image and mask. */
  readonly size: number;
  /** How values are centred and scaled. */
  readonly normalize: "imagenet" | "picture";
  /** The samples, in the order in which they were given; what could not be prepared is not among them. */
  readonly samples: readonly Sample[];
  /** Share of tumor pixels over all resized masks; 0 without samples. */
  readonly tumorShare: number;
  /** The samples that were left out, and why. */
  readonly problems: readonly Problem[];
  /**
   * SHA-256 of the samples' names, files and annotations in order: the same one, the same data. Size and
   * normalisation are settings and do not count.
   */
  readonly fingerprint: string;
  /** Where the prepared samples are kept. */
  readonly store: PreparedStore;
  readonly #places: readonly RecordPlace[];
  readonly #reader: RecordReader;
  // Two, so that one reads while the other's batch is on its way.
  readonly #pool = new WorkerPool<BatchAnswer>({
    start: () => new Worker(new URL("./batch_worker.ts", import.meta.url), { env: {} }),
    workers: 2,
    seconds: BATCH_SECONDS,
    action: "put a batch together",
  });

  /** Made by `prepareSplit`. */
  constructor(parts: PreparedParts) {
    this.size = parts.size;
    this.normalize = parts.normalize;
    this.samples = parts.samples;
    this.tumorShare = parts.tumorPixels / Math.max(1, parts.samples.length * parts.size ** 2);
    this.problems = parts.problems;
    this.fingerprint = parts.fingerprint;
    this.store = parts.store;
    this.#places = parts.places;
    this.#reader = new RecordReader(parts.size);
  }

  /** Samples. */
  get count(): number {
    return this.samples.length;
  }

  /**
   * A sample's image, `[3, size, size]`: what `normalizeImage(resizeImage(...))` gives of its decoded file, to the
   * bit. Throws a RangeError for an index that is none, and an Error where the file changed meanwhile.
   */
  image(index: number): Tensor {
    return this.#sample(index).image;
  }

  /** A sample's mask: what `resizeMask` gives of its mask. Throws as {@linkcode PreparedSplit.image}. */
  mask(index: number): Mask {
    return { width: this.size, height: this.size, data: this.#sample(index).mask };
  }

  /** Samples as a batch, put together in a Worker. Rejects as {@linkcode PreparedSplit.image} throws. */
  async batch(indices: ArrayLike<number>): Promise<Batch> {
    const { size, normalize } = this;
    const places = Array.from(indices, (index) => this.#place(index));
    const task: BatchTask = { size, normalize, places };
    const { images, masks } = await this.#pool.run(task);
    return {
      images: { shape: [places.length, 3, size, size], data: new Float32Array(images) },
      masks: { shape: [places.length, 1, size, size], data: new Float32Array(masks) },
      indices: Uint32Array.from(indices),
    };
  }

  /** Stops the Workers and closes the file; what is asked for afterwards starts and opens them again. */
  async close(): Promise<void> {
    this.#reader.close();
    await this.#pool.close();
  }

  /** {@linkcode PreparedSplit.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #sample(index: number): { image: Tensor; mask: Uint8Array } {
    const { size } = this;
    const image = { shape: [3, size, size], data: new Float32Array(3 * size * size) };
    const mask = new Uint8Array(size * size);
    this.#reader.readSample(this.#place(index), this.normalize, image.data, mask);
    return { image, mask };
  }

  #place(index: number): RecordPlace {
    const place = this.#places[index];
    if (place === undefined) {
      throw new RangeError(`Cannot read prepared sample ${index}: there are ${this.count}, counted from 0`);
    }
    return place;
  }
}
