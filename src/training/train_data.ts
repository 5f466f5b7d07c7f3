/**
 * The two splits that training reads.
 *
 * @module
 */
import { batches, type ServedBatch } from "../dataset/batches.ts";
import { prepareSplit } from "../dataset/prepare.ts";
import type { PreparedSplit } from "../dataset/prepared_split.ts";
import type { OpenSplit } from "../dataset/class_overlaps.ts";
import type { ClassOptions } from "../dataset/classes.ts";
import { assertAnnotated, readListing, type Sample } from "../dataset/samples.ts";
import { openSplit } from "../dataset/source_registry.ts";
import { findSplits, splitOf } from "../dataset/splits.ts";
import { escapeLine } from "../escape.ts";
import { spreadByName } from "../evaluation/cases.ts";
import type { SampleRange } from "../image/image.ts";
import type { LabelMap } from "../image/label_map.ts";
import type { Tensor } from "../tensor.ts";
import { type Collective, ranksOf, SINGLE_RANK } from "./collective.ts";
import { chooseRunClasses, type RunClasses } from "./run_classes.ts";
import type { TrainConfig } from "./train_config.ts";
import type { SplitFingerprint } from "./data_fingerprint.ts";

/** A split in numbers. */
export interface SplitSummary {
  /** Samples. */
  readonly samples: number;
  /** Batches per epoch. */
  readonly batches: number;
  /** Samples with an annotation. */
  readonly annotated: number;
  /** Share of pixels that are background: the accuracy of predicting no foreground at all. */
  readonly background: number;
  /** Identifies its contents. */
  readonly fingerprint: SplitFingerprint;
}

/** A sample as training reads it. */
export interface Example {
  /** The sample. */
  readonly sample: Sample;
  /** Its image, `[3, size, size]`, normalized. */
  readonly input: Tensor;
  /** Whether its file has more than 8 bits per sample, so that figures are windowed. */
  readonly deep?: boolean;
  /** Its labels, of the same size. */
  readonly labels: LabelMap;
}

/** A split, ready for training. */
export interface SplitData extends SplitSummary {
  /** Up to `count` samples, spread evenly over the annotated ones by name: always the same. */
  examples(count: number): readonly Example[];
  /** The batches of an epoch from `firstBatch` on; shuffled by the epoch's number, or in the dataset's order for null. */
  read(epoch: number | null, firstBatch: number): AsyncIterable<ServedBatch>;
  /** Ends the threads that assemble batches. */
  close(): Promise<void>;
}

/** Both splits. */
export type TrainData = Readonly<Record<"train" | "valid", SplitData>>;

/** Both splits, and the settings with the classes that were chosen. */
export interface LoadedData {
  /** The splits. */
  readonly data: TrainData;
  /** All settings of the run. */
  readonly config: TrainConfig;
}

/** Settings of {@linkcode loadData}. */
export interface DataOptions {
  /** The classes that were asked for. */
  readonly classes?: ClassOptions | undefined;
  /** The folder of the run that is resumed; none for a new one. */
  readonly resumes?: string | null | undefined;
  /** Folder for prepared images. */
  readonly cacheFolder: string;
  /** Called when images are ready. */
  readonly onPrepare?: ((split: "train" | "valid", done: number, total: number) => void) | undefined;
  /** Gets lines for the user. */
  readonly onNote?: ((message: string) => void) | undefined;
  /** Aborts the work. */
  readonly signal?: AbortSignal | undefined;
  /** The ranks that share the work; each reads its share of every batch. Defaults to one. */
  readonly collective?: Collective | undefined;
}

/**
 * Reads and prepares the training and the validation split of a dataset, and chooses the classes over both.
 *
 * @throws {Error} if a split is missing, cannot be read, or is empty; the signal's reason if it aborted the work.
 */
export async function loadData(
  folder: string,
  config: TrainConfig,
  options: DataOptions,
): Promise<LoadedData> {
  const splits = await findSplits(folder);
  const open = async (role: "train" | "valid"): Promise<OpenSplit> => {
    const split = splitOf(splits, role);
    return { split, listing: await openSplit(split) };
  };
  const [train, valid] = [await open("train"), await open("valid")];
  const classes = await chooseRunClasses([train, valid], config, {
    ...options,
    given: options.classes,
    resumes: options.resumes ?? null,
  });
  const trainData = await loadSplit(train, "train", classes, options);
  // Prediction knows one range: that of the images that the network was trained on.
  const { range } = trainData.fingerprint;
  if (range !== undefined && config.normalize === "imagenet") {
    options.onNote?.(`images of more than 8 bits: values from ${range[0]} to ${range[1]} become 0 to 1`);
  }
  const data = { train: trainData, valid: await loadSplit(valid, "valid", classes, { ...options, range }) };
  return { data, config: classes.config };
}

/**
 * Checks that a dataset has both splits, before anything is written for a run.
 *
 * @throws {Error} if it does not.
 */
export async function checkData(folder: string): Promise<void> {
  const splits = await findSplits(folder);
  for (const role of ["train", "valid"] as const) splitOf(splits, role);
}

async function loadSplit(
  { split, listing }: OpenSplit,
  role: "train" | "valid",
  { table, head, config }: RunClasses,
  { cacheFolder, onPrepare, onNote, signal, collective = SINGLE_RANK, range }: DataOptions & {
    readonly range?: SampleRange | undefined;
  },
): Promise<SplitData> {
  const { unannotated, size, normalize, batchSize, seed } = config;
  const reading = await readListing(split, listing, {
    unannotated,
    classes: table,
    overlapping: head === "sigmoid",
  });
  const prepared = await prepareSplit(reading.samples, {
    size,
    normalize,
    targets: { classCount: table.classes.length, head },
    range,
    cacheFolder,
    onProgress: (done, total) => onPrepare?.(role, done, total),
    onNote,
    signal,
    ranks: ranksOf(collective),
  });
  for (const note of reading.notes) onNote?.(`${split.name}: ${note}`);
  const problems = [...reading.problems, ...prepared.problems];
  if (problems.length > 0) {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems, the first`;
    onNote?.(`${split.name}: ${count}: ${problems[0]!.message}; deno task inspect lists all`);
  }
  if (prepared.count === 0) {
    await prepared.close();
    throw new Error(
      `Cannot train: the ${role} split in ${escapeLine(split.folder)} has no usable sample\n` +
        "hint: deno task inspect says what is wrong with each",
    );
  }
  const annotated = prepared.samples.filter((sample) => sample.annotated).length;
  if (annotated === 0 && role === "train") {
    await prepared.close();
    assertAnnotated(reading, [], { action: "train on", hint: "deno task inspect lists the problems" });
  }
  if (annotated === 0) onNote?.(`${split.name}: nothing is annotated; its Dice is undefined`);
  return {
    samples: prepared.count,
    batches: Math.ceil(prepared.count / batchSize),
    annotated,
    background: 1 - prepared.foregroundShare,
    fingerprint: {
      samples: prepared.count,
      sha256: prepared.fingerprint,
      ...(prepared.range === null ? {} : { range: prepared.range }),
    },
    examples: (count) => chooseExamples(prepared, count),
    read: (epoch, firstBatch) =>
      batches(prepared, {
        batchSize,
        seed,
        epoch: epoch ?? 0,
        shuffle: epoch !== null,
        firstBatch,
        share: collective,
      }),
    close: () => prepared.close(),
  };
}

function chooseExamples(prepared: PreparedSplit, count: number): Example[] {
  const all = prepared.samples.map((sample, index) => ({ sample, index }));
  const annotated = all.filter(({ sample }) => sample.annotated);
  const candidates = annotated.length > 0 ? annotated : all;
  return spreadByName(candidates.map(({ sample }) => sample.fileName), count).map((at) => {
    const { sample, index } = candidates[at]!;
    return {
      sample,
      input: prepared.image(index),
      deep: prepared.isDeep(index),
      labels: prepared.labelMap(index),
    };
  });
}
