/**
 * Plans a training run: what it will need and how long it will take, before anything is written.
 *
 * @module
 */
import type { KernelChoices } from "../../kernels/choices.ts";
import { defaultChoices } from "../../kernels/variants.ts";
import type { ClassOptions } from "../dataset/classes.ts";
import { FOLDERS } from "../fs/layout.ts";
import { adapterKind, describeGpu, type GpuOptions } from "../gpu/adapter.ts";
import { openGpu } from "../host/open_gpu.ts";
import type { RunProgress } from "./checkpoint.ts";
import type { Collective } from "./collective.ts";
import type { DataFingerprint } from "./data_fingerprint.ts";
import type { TrainCallbacks } from "./events.ts";
import { measureEpoch } from "./measure_epoch.ts";
import { completeTrainConfig } from "./recipe.ts";
import { checkSameData, resumeConfig, resumedData } from "./resume.ts";
import { describeNewRun, readRunProgress } from "./run_folder.ts";
import type { TrainConfig } from "./train_config.ts";
import { loadData, type LoadedData, type TrainData } from "./train_data.ts";
import { type ChoicesFrom, planTraining, type TrainPlan } from "./train_plan.ts";

/** What a run trains on, and how. */
export interface PlanRunOptions {
  /** The run's folder; needed only to resume. */
  readonly folder?: string | undefined;
  /** Resume the run in the folder. */
  readonly resume?: boolean | undefined;
  /** Resume even with other data or settings. */
  readonly force?: boolean | undefined;
  /** The dataset's folder; defaults to `dataset`, or to that of a resumed run. */
  readonly dataFolder?: string | undefined;
  /** Folder for prepared images; defaults to `dataset/.cache`. */
  readonly cacheFolder?: string | undefined;
  /** Settings; default to the recipe's, or to those of a resumed run. */
  readonly config?: Partial<TrainConfig> | undefined;
  /** The classes; default to every category that is outlined, or to those of a resumed run. */
  readonly classes?: ClassOptions | undefined;
  /** Train on the software adapter even if there is a GPU. */
  readonly software?: boolean | undefined;
  /** The ranks that train together; defaults to one. */
  readonly collective?: Collective | undefined;
  /**
   * Kernel variants in place of the defaults, such as those timed on this adapter. A run that is resumed on its adapter
   * keeps those that it was started with: its bits depend on them.
   */
  readonly choices?: KernelChoices | undefined;
}

/** What a training run will need, and how long it will take. */
export interface RunPlan extends TrainPlan {
  /** Seconds per epoch, measured on a step or two of synthetic images; null if there is no device. */
  readonly secondsPerEpoch: number | null;
  /** What was finished before, of a run that would be resumed; null for a new one. */
  readonly resumes: { readonly epochs: number; readonly batches: number } | null;
}

/**
 * Reads the dataset and says what training will need and how long it will take; writes only the cache.
 *
 * @throws as `trainRun`.
 */
export async function planRun(options: PlanRunOptions, callbacks: TrainCallbacks = {}): Promise<RunPlan> {
  const { folder = "", force, resume } = options;
  const before = resume ? await readRunProgress(folder) : null;
  if (!resume && !force && folder !== "") {
    const note = await describeNewRun(folder);
    if (note !== null) callbacks.onNote?.(note);
  }
  const run = { ...options, folder };
  const known = before ? resumeConfig(before, run) : completeTrainConfig(options.config);
  const dataFolder = resumedData(run, before ?? undefined);
  const { data, config } = await loadRunData(dataFolder, known, before ? folder : null, options, callbacks);
  await closeData(data);
  if (before) checkSameData(before, { folder, force, data: fingerprintOf(data, config) });
  const wanted = gpuOptions(options, config, callbacks);
  const { choices, choicesFrom } = await chooseKernels(options, wanted, before);
  const settings = { ...wanted, choices };
  const plan = planTraining(config, data, await describeGpu(settings), {
    choicesFrom,
    ranks: options.collective?.size,
  });
  const resumes = before && { epochs: before.epoch, batches: before.partial?.batches ?? 0 };
  if (plan.adapter === null) return { ...plan, secondsPerEpoch: null, resumes };
  const gpu = await openGpu({ ...settings, cache: options.cacheFolder });
  try {
    return { ...plan, secondsPerEpoch: await measureEpoch(gpu, config, plan.data), resumes };
  } finally {
    gpu.close();
  }
}

/** A run that is resumed on its adapter keeps its kernel variants, even if others were timed in the meantime. */
export async function chooseKernels(
  { choices }: PlanRunOptions,
  wanted: GpuOptions,
  before: RunProgress | null,
): Promise<{ choices: KernelChoices | undefined; choicesFrom: ChoicesFrom }> {
  if (before) {
    const gpu = await describeGpu(wanted);
    if (gpu?.adapter.description === before.versions.adapter) {
      return { choices: before.choices ?? defaultChoices(adapterKind(gpu.adapter)), choicesFrom: "run" };
    }
  }
  return { choices, choicesFrom: choices ? "given" : "defaults" };
}

/** The fingerprints of both splits, and the classes that their annotations are read as. */
export function fingerprintOf({ train, valid }: TrainData, { classes }: TrainConfig): DataFingerprint {
  return { train: train.fingerprint, valid: valid.fingerprint, ...(classes ? { classes } : {}) };
}

/** Loads the splits of a run, telling the callbacks; `resumes` is its folder if it is resumed. */
export function loadRunData(
  folder: string,
  config: TrainConfig,
  resumes: string | null,
  { cacheFolder = FOLDERS.cache, classes, signal, collective }:
    & PlanRunOptions
    & { readonly signal?: AbortSignal | undefined },
  { onNote, onPrepare }: TrainCallbacks,
): Promise<LoadedData> {
  return loadData(folder, config, { cacheFolder, classes, resumes, onNote, onPrepare, signal, collective });
}

/** Ends the threads that assemble batches. */
export async function closeData(data: TrainData): Promise<void> {
  for (const split of Object.values(data)) await split.close();
}

/** How a run's GPU is opened. */
export function gpuOptions(
  { software = false }: PlanRunOptions,
  { kernels, precision }: TrainConfig,
  callbacks: TrainCallbacks,
): GpuOptions {
  return { software, kernels, precision, onCompile: (count: number) => callbacks.onCompile?.(count) };
}
