/**
 * The two splits that training reads.
 *
 * @module
 */
import { sourceExtents } from "../../kernels/augment/augment.ts";
import { patchesOf } from "../dataset/patches.ts";
import { cardFiles } from "../card/card_data.ts";
import type { CardFile } from "../card/card_format.ts";
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
import type { CorrectionsFile, CorrectionsReport } from "../dataset/corrections_merge.ts";
import { describeLeftOut, mergeCorrections, readAllCorrections } from "../dataset/corrections_merge.ts";
import { type Collective, ranksOf, SINGLE_RANK } from "./collective.ts";
import { type FoldChoice, foldSplits } from "./folds/fold_splits.ts";
import type { InitModel } from "./init_model.ts";
import { chooseRunClasses, type RunClasses } from "./run_classes.ts";
import { extentsOf, OVERSAMPLE, type TrainConfig } from "./train_config.ts";
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
  /** Its corrected images; absent without corrections. */
  readonly corrections?: CorrectedSamples;
  /** Patches per epoch; absent if whole images are drawn. */
  readonly patches?: number;
}

/** The corrected images of a split. */
export interface CorrectedSamples {
  /** How many there are. */
  readonly samples: number;
  /** Those of them that are not listed in the dataset's train split. */
  readonly joined: number;
  /** Those of them in which nothing is to be seen. */
  readonly negatives: number;
  /** How often each is drawn per epoch. */
  readonly oversample: number;
}

/** How many samples an epoch draws: those with corrected masks several times. */
export function drawsOf(
  { samples, corrections, patches }: Pick<SplitSummary, "samples" | "corrections" | "patches">,
): number {
  if (patches !== undefined) return patches;
  return samples + (corrections === undefined ? 0 : corrections.samples * (corrections.oversample - 1));
}

/** A sample as training reads it. */
export interface Example {
  /** The sample. */
  readonly sample: Sample;
  /** Its image, `[3, height, width]`, normalized. */
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
  /** The image files and masks, by their hashes. */
  files(): CardFile[];
  /** The inputs of the network, `[3, size, size]`, of up to `most` samples, spread evenly over all. */
  inputs(most: number): Iterable<Tensor>;
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
  /** The corrections files, with the number of versions that count; none without corrections. */
  readonly corrections: readonly Required<CorrectionsFile>[];
}

/** Settings of {@linkcode loadData}. */
export interface DataOptions {
  /** The classes that were asked for. */
  readonly classes?: ClassOptions | undefined;
  /** Corrected masks for the training split. */
  readonly corrections?: readonly CorrectionsFile[] | undefined;
  /** The fold of a cross-validation: what of both splits is trained on, and what is held out. */
  readonly fold?: FoldChoice | undefined;
  /** The classes of the model that a new run starts from. */
  readonly init?: InitModel["classes"] | undefined;
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
  const read = options.corrections?.length ? await readAllCorrections(options.corrections) : null;
  const merged = read && await mergeCorrections(splits, { train, valid }, read);
  if (merged) { for (const note of describeLeftOut(merged.report)) options.onNote?.(note); }
  const classes = await chooseRunClasses([...merged?.named ?? [train], valid], config, {
    ...options,
    given: options.classes,
    resumes: options.resumes ?? null,
  });
  const table = merged?.tableFor(classes.table) ?? classes.table;
  const folded = options.fold && foldSplits([train, valid], options.fold);
  const trainData = await loadSplit(
    folded?.train ?? [merged?.train ?? train, ...merged?.joined ?? []],
    "train",
    { ...classes, table },
    { ...options, range: config.init?.range, report: merged?.report, corrections: read?.files },
  );
  // Prediction knows one range: that of the images that the network was trained on.
  const { range } = trainData.fingerprint;
  if (range !== undefined && config.normalize === "imagenet") {
    options.onNote?.(`images of more than 8 bits: values from ${range[0]} to ${range[1]} become 0 to 1`);
  }
  const held = folded?.valid ?? [valid];
  const validData = await loadSplit(held, "valid", classes, { ...options, range, corrections: undefined });
  return {
    data: { train: trainData, valid: validData },
    config: classes.config,
    corrections: read?.files ?? [],
  };
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

/** Reads a split, and the folders whose images join it. */
async function loadSplit(
  [own, ...joined]: readonly OpenSplit[],
  role: "train" | "valid",
  { table, head, config }: RunClasses,
  { cacheFolder, onPrepare, onNote, signal, collective = SINGLE_RANK, range, report, corrections }:
    & DataOptions
    & {
      readonly range?: SampleRange | undefined;
      readonly report?: CorrectionsReport | undefined;
    },
): Promise<SplitData> {
  const { unannotated, normalize, batchSize, seed } = config;
  const read = ({ split, listing }: OpenSplit) =>
    readListing(split, listing, { unannotated, classes: table, overlapping: head === "sigmoid" });
  const { split } = own!;
  const reading = await read(own!);
  const further = await Promise.all(joined.map(read));
  const samples = [reading, ...further].flatMap(({ samples }) => samples);
  const prepared = await prepareSplit(samples, {
    ...extentsOf(config),
    corrections: corrections?.map(({ path }) => path).join("\n"),
    normalize,
    targets: { classCount: table.classes.length, head },
    range,
    cacheFolder,
    onProgress: (done, total) => onPrepare?.(role, done, total),
    onNote,
    signal,
    ranks: ranksOf(collective),
  });
  for (const each of [reading, ...further]) {
    // Of corrections, merging has told already.
    if (each !== reading && report !== undefined) continue;
    for (const note of each.notes) onNote?.(`${each.split.name}: ${note}`);
  }
  const problems = [...[reading, ...further].flatMap(({ problems }) => problems), ...prepared.problems];
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
  const oversample = config.oversample ?? OVERSAMPLE.least;
  const corrected = prepared.samples.flatMap(({ corrected }, index) => corrected ? [index] : []);
  const { patch, augment } = config;
  const again = corrected.flatMap((index) => new Array<number>(oversample - 1).fill(index));
  if (patch !== undefined && role === "train") again.push(...furtherPatches(prepared, patch, again));
  const source = patch !== undefined && augment
    ? sourceExtents({ width: patch, height: patch }, augment)
    : undefined;
  return {
    samples: prepared.count,
    batches: Math.ceil((prepared.count + again.length) / batchSize),
    ...(patch !== undefined && role === "train" ? { patches: prepared.count + again.length } : {}),
    ...(report === undefined ? {} : {
      corrections: {
        samples: corrected.length,
        joined: report.joined,
        negatives: report.negatives,
        oversample,
      },
    }),
    annotated,
    background: 1 - prepared.foregroundShare,
    fingerprint: {
      samples: prepared.count,
      sha256: prepared.fingerprint,
      ...(prepared.range === null ? {} : { range: prepared.range }),
    },
    examples: (count) => chooseExamples(prepared, count),
    files: () => cardFiles(prepared),
    inputs: (most) => spreadInputs(prepared, most),
    read: (epoch, firstBatch) =>
      batches(prepared, {
        // Whole images differ in size.
        batchSize: patch !== undefined && epoch === null ? 1 : batchSize,
        seed,
        patches: patch === undefined || epoch === null ? undefined : { source },
        again: epoch === null ? [] : again,
        epoch: epoch ?? 0,
        shuffle: epoch !== null,
        firstBatch,
        // Validation by windows shares images, not batches.
        share: patch !== undefined && epoch === null ? undefined : collective,
      }),
    close: () => prepared.close(),
  };
}

function* spreadInputs(prepared: PreparedSplit, most: number): Generator<Tensor> {
  const count = Math.min(most, prepared.count);
  for (let place = 0; place < count; place++) {
    yield prepared.image(Math.floor(place * prepared.count / count));
  }
}

/** What is drawn besides each image once: as many patches as cover it, each as often as it is drawn already. */
function furtherPatches(prepared: PreparedSplit, side: number, again: readonly number[]): number[] {
  const draws = [...prepared.samples.keys(), ...again];
  return draws.flatMap((index) => new Array<number>(patchesOf(prepared.frame(index), side) - 1).fill(index));
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
