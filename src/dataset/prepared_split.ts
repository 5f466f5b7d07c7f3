/**
 * A split whose images have been decoded and resized: samples as tensors, one by one or in batches.
 *
 * @module
 */
import { Worker } from "node:worker_threads";
import type { LabelMap, LabelScheme } from "../image/label_map.ts";
import type { SampleRange, Size } from "../image/image.ts";
import { type Frame, frameOf, type InputExtents, inputSize } from "../image/input_frame.ts";
import type { InputForm } from "../image/network_input.ts";
import type { Normalization } from "../image/normalize.ts";
import { WorkerPool } from "../image/worker_pool.ts";
import type { Tensor } from "../tensor.ts";
import type { Problem } from "../coco/problems.ts";
import type { LabelPositions } from "./patches.ts";
import { type RecordPlace, RecordReader } from "./sample_record.ts";
import { type PatchWindow, type WholePlace, WholeReader } from "./whole_record.ts";
import type { Sample } from "./samples.ts";
import { BINARY_TARGETS, targetChannels, type TargetForm } from "./targets.ts";

/** Samples as the network expects them. */
export interface Batch {
  /** `[N, 3, height, width]`, normalized. */
  readonly images: Tensor;
  /**
   * For a `sigmoid` head `[N, classes, height, width]` of 0 and 1, for `softmax` `[N, 1, height, width]` of class indices
   * from 0, the background; -1 where a pixel is ignored.
   */
  readonly masks: Tensor;
  /** The indices of the samples in the split. */
  readonly indices: Uint32Array;
}

/** Where prepared samples are stored. */
export interface PreparedStore {
  /** Whether the file of an earlier run was used, a new file was written, or memory had to do. */
  readonly status: "kept" | "written" | "memory";
  /** The file; null for memory. */
  readonly path: string | null;
  /** Size of the samples. */
  readonly byteLength: number;
}

/** What a sample was prepared from. */
export interface PreparedSource {
  /** SHA-256 of the image file. */
  readonly image: string;
  /** SHA-256 of everything that determines the label map. */
  readonly labels: string;
}

/** The parts of a {@linkcode PreparedSplit}. */
export interface PreparedParts {
  /** The size of the images, and how they come to it. */
  readonly extents: InputExtents;
  /** How images are normalized. */
  readonly normalize: Normalization;
  /** The samples of more than 8 bits that become 0 and 1; null for each image's own. */
  readonly range: SampleRange | null;
  /** The samples that could be prepared. */
  readonly samples: readonly Sample[];
  /** Their records. */
  readonly places: readonly RecordPlace[];
  /** What they were prepared from; defaults to nothing that is known. */
  readonly sources?: readonly PreparedSource[] | undefined;
  /** The form of the masks of batches; defaults to one class. */
  readonly targets?: TargetForm | undefined;
  /** Pixels of all resized label maps. */
  readonly pixels: number;
  /** Foreground pixels of all resized label maps. */
  readonly foregroundPixels: number;
  /** Ignored pixels of all resized label maps. */
  readonly ignoredPixels: number;
  /** The problems of skipped samples. */
  readonly problems: readonly Problem[];
  /** SHA-256 of the sources of the samples. */
  readonly fingerprint: string;
  /** Where the records are stored. */
  readonly store: PreparedStore;
}

/** A task of the batch Worker. */
export interface BatchTask {
  /** Width and height of the images. */
  readonly size: Size;
  /** How images are normalized. */
  readonly form: Pick<InputForm, "normalize" | "range">;
  /** The samples. */
  readonly places: readonly RecordPlace[];
  /** Where each lies in its input. */
  readonly frames: readonly Frame[];
  /** The parts of images in bands that are read; absent for records of whole inputs. */
  readonly windows?: readonly PatchWindow[] | undefined;
  /** The form of the masks. */
  readonly targets: TargetForm;
}

/** Its answer: bare buffers of float32 values. */
export interface BatchAnswer {
  /** `[N, 3, height, width]`. */
  readonly images: ArrayBuffer;
  /** As {@linkcode Batch.masks}. */
  readonly masks: ArrayBuffer;
}

/** Time limit for a batch, read from a slow disk. */
const BATCH_SECONDS = 600;

/** A prepared split, created by `prepareSplit`: serves samples without decoding anything. */
export class PreparedSplit {
  /** The size of every image and label map, and how images come to it. */
  readonly extents: InputExtents;
  /** How images are normalized. */
  readonly normalize: Normalization;
  /**
   * The samples of more than 8 bits that become 0 and 1; null if there are none such, or if each image has its own
   * range.
   */
  readonly range: SampleRange | null;
  /** The samples that could be prepared, in the given order. */
  readonly samples: readonly Sample[];
  /** What the samples were prepared from, in their order. */
  readonly sources: readonly PreparedSource[];
  /** The form of the masks of batches. */
  readonly targets: TargetForm;
  /** Share of foreground pixels among those of all resized label maps that are not ignored; 0 without samples. */
  readonly foregroundShare: number;
  /** The problems of skipped samples. */
  readonly problems: readonly Problem[];
  /**
   * SHA-256 of the samples' names, files and annotations in order: equal fingerprints mean equal data. Size and
   * normalization are settings and not included.
   */
  readonly fingerprint: string;
  /** Where the prepared samples are stored. */
  readonly store: PreparedStore;
  readonly #places: readonly RecordPlace[];
  readonly #reader: RecordReader;
  readonly #whole = new WholeReader();
  // Two, so that one reads while the other transfers its batch.
  readonly #pool = new WorkerPool<BatchAnswer>({
    start: () => new Worker(new URL("./batch_worker.ts", import.meta.url), { env: {} }),
    workers: 2,
    seconds: BATCH_SECONDS,
    action: "assemble a batch",
  });

  /** Called by `prepareSplit`. */
  constructor(parts: PreparedParts) {
    this.extents = parts.extents;
    this.normalize = parts.normalize;
    this.range = parts.range;
    this.samples = parts.samples;
    this.sources = parts.sources ?? [];
    this.targets = parts.targets ?? BINARY_TARGETS;
    const counted = parts.pixels - parts.ignoredPixels;
    this.foregroundShare = parts.foregroundPixels / Math.max(1, counted);
    this.problems = parts.problems;
    this.fingerprint = parts.fingerprint;
    this.store = parts.store;
    this.#places = parts.places;
    this.#reader = new RecordReader(inputSize(parts.extents));
  }

  /** Width of every image, and height unless `extents` says otherwise. */
  get size(): number {
    return this.extents.size;
  }

  /** Number of samples. */
  get count(): number {
    return this.samples.length;
  }

  /**
   * A sample's image, `[3, height, width]`: bit for bit `normalizeImage(resizeImage(...))` of its decoded file. Throws a
   * RangeError for an index out of range, and an Error if the cache file has changed since it was opened.
   */
  image(index: number): Tensor {
    return this.#sample(index).image;
  }

  /** Whether a sample's image has more than 8 bits per sample. Throws a RangeError for an index out of range. */
  isDeep(index: number): boolean {
    return this.#place(index).samples !== undefined;
  }

  /** A sample's label map, resized to the nearest pixel. Throws like {@linkcode PreparedSplit.image}. */
  labelMap(index: number): LabelMap {
    const { overlaps } = this.#place(index);
    const { width, height } = this.frame(index);
    const map = { width, height, data: this.#sample(index).labels };
    return overlaps === undefined ? map : { ...map, overlaps, classCount: this.targets.classCount };
  }

  /** Where a sample's image lies in its input. Throws a RangeError for an index out of range. */
  frame(index: number): Frame {
    this.#place(index);
    return frameOf(this.extents, this.samples[index]!);
  }

  /** What the labels of a sample stand for. */
  scheme(index: number): LabelScheme {
    const { overlaps } = this.#place(index);
    const { classCount } = this.targets;
    return { classCount, ...(overlaps === undefined ? {} : { overlaps }) };
  }

  /** Some pixels of each label of a sample whose images are read in patches; none of others. */
  positions(index: number): LabelPositions {
    return this.#place(index).positions ?? {};
  }

  /**
   * A batch of samples, assembled in a Worker; of each the part in `windows`, if images are read in patches, else all of
   * it: then a batch has a single image. Rejects as {@linkcode PreparedSplit.image} throws.
   */
  async batch(indices: ArrayLike<number>, windows?: readonly PatchWindow[]): Promise<Batch> {
    const { normalize, range, targets } = this;
    const places = Array.from(indices, (index) => this.#place(index));
    const frames = Array.from(indices, (index) => this.frame(index));
    const inBands = this.extents.patch !== undefined;
    const parts = inBands
      ? windows ?? frames.map(({ width, height }) => ({ x: 0, y: 0, width, height }))
      : undefined;
    const size = parts?.[0] ?? inputSize(this.extents);
    if (parts?.some(({ width, height }) => width !== size.width || height !== size.height)) {
      throw new TypeError("Cannot make a batch of images of several sizes: expected windows of one size");
    }
    const { width, height } = size;
    const task: BatchTask = {
      size: { width, height },
      form: { normalize, range },
      places,
      frames,
      targets,
      windows: parts,
    };
    const { images, masks } = await this.#pool.run(task);
    const channels = targetChannels(targets);
    return {
      images: { shape: [places.length, 3, size.height, size.width], data: new Float32Array(images) },
      masks: { shape: [places.length, channels, size.height, size.width], data: new Float32Array(masks) },
      indices: Uint32Array.from(indices),
    };
  }

  /** Stops the Workers and closes the file; later calls start and open them again. */
  async close(): Promise<void> {
    this.#reader.close();
    this.#whole.close();
    await this.#pool.close();
  }

  /** Calls {@linkcode PreparedSplit.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #sample(index: number): { image: Tensor; labels: Uint8Array } {
    const frame = this.frame(index);
    const { width, height } = frame;
    const place = this.#place(index);
    if (this.extents.patch !== undefined) {
      const { image, labels } = this.#whole.read(place as WholePlace, this, { x: 0, y: 0, width, height });
      return { image: { shape: [3, height, width], data: image }, labels };
    }
    const image = { shape: [3, height, width], data: new Float32Array(3 * height * width) };
    const labels = new Uint8Array(height * width);
    this.#reader.readSample(place, this, frame, image.data, labels);
    return { image, labels };
  }

  #place(index: number): RecordPlace {
    const place = this.#places[index];
    if (place === undefined) {
      throw new RangeError(
        `Cannot read prepared sample ${index}: the split has ${this.count}, counted from 0`,
      );
    }
    return place;
  }
}
