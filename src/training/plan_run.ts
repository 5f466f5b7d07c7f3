/**
 * Plans a training run: what it will need and how long it will take, before anything is written.
 *
 * @module
 */
import type { KernelChoices } from "../../kernels/choices.ts";
import { defaultChoices } from "../../kernels/variants.ts";
import type { ClassOptions } from "../dataset/classes.ts";
import type { CorrectionsFile } from "../dataset/corrections_merge.ts";
import { FOLDERS } from "../fs/layout.ts";
import { adapterKind, describeGpu, type GpuOptions } from "../gpu/adapter.ts";
import { openGpu } from "../host/open_gpu.ts";
import type { AutoChoice } from "./auto/auto_choice.ts";
import { AUTO_SECONDS } from "./auto/choose_auto.ts";
import type { BudgetChoice } from "./budget_choice.ts";
import { chooseEpochs, chooseRunBudget, type StartChoice } from "./budget_run.ts";
import type { RunProgress } from "./checkpoint.ts";
import type { Collective } from "./collective.ts";
import type { DataFingerprint } from "./data_fingerprint.ts";
import type { TrainCallbacks } from "./events.ts";
import { measureEpoch } from "./measure_epoch.ts";
import { type InitModel, readInit } from "./init_model.ts";
import { AUTO_RECIPE, BUDGET_RECIPE, completeTrainConfig } from "./recipe.ts";
import { checkSameData, correctionsOf, resumeConfig, resumedData } from "./resume.ts";
import { describeNewRun, readRunProgress } from "./run_folder.ts";
import { OVERSAMPLE, type TrainConfig } from "./train_config.ts";
import type { FoldChoice } from "./folds/fold_splits.ts";
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
  /** A model to start from: its file, or the folder of its run; by default the weights are drawn by the seed. */
  readonly init?: string | undefined;
  /** Corrections files to learn from; of a resumed run where its own lie now, if they moved. */
  readonly corrections?: readonly string[] | undefined;
  /** The fold of a cross-validation that the run is of; by default it trains on one split and validates on the other. */
  readonly fold?: FoldChoice | undefined;
  /** Train on the software adapter even if there is a GPU. */
  readonly software?: boolean | undefined;
  /** The ranks that train together; defaults to one. */
  readonly collective?: Collective | undefined;
  /**
   * Kernel variants in place of the defaults, such as those timed on this adapter. A run that is resumed on its adapter
   * keeps those that it was started with: its bits depend on them.
   */
  readonly choices?: KernelChoices | undefined;
  /** What the recipe `auto` chose for several runs, whose settings `config` has: nothing is chosen again. */
  readonly auto?: AutoChoice | undefined;
  /** How many runs a budget is for, whose settings are chosen together; defaults to one. */
  readonly runs?: number | undefined;
}

/** What a training run will need, and how long it will take. */
export interface RunPlan extends TrainPlan {
  /** Seconds per epoch, measured on a step or two of synthetic images; null if there is no device. */
  readonly secondsPerEpoch: number | null;
  /** What was finished before, of a run that would be resumed; null for a new one. */
  readonly resumes: { readonly epochs: number; readonly batches: number } | null;
  /** What was chosen for the time budget, and why; absent without one. */
  readonly budget?: BudgetChoice;
  /** What the recipe `auto` chose, and why; absent for others. */
  readonly auto?: AutoChoice;
}

/**
 * Reads the dataset and says what training will need and how long it will take; writes only the cache.
 *
 * @throws as `trainRun`.
 */
export async function planRun(options: PlanRunOptions, callbacks: TrainCallbacks = {}): Promise<RunPlan> {
  const { folder = "", force, resume, collective } = options;
  const elapsed = stopwatch();
  const before = resume ? await readRunProgress(folder) : null;
  if (!resume && !force && folder !== "") {
    const note = await describeNewRun(folder);
    if (note !== null) callbacks.onNote?.(note);
  }
  const run = { ...options, folder };
  const { config: known, init } = await startConfig(before, run, callbacks);
  const dataFolder = resumedData(run, before ?? undefined);
  const start = await startWithinBudget(known, { before, init, dataFolder, elapsed }, options, callbacks);
  const { data, config } = await loadRunData(
    dataFolder,
    start.config,
    { folder: before ? folder : null, init, corrections: correctionsOf(run, before) },
    options,
    callbacks,
  );
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
    if (start.choice) {
      const { choice, auto, config: chosen } = await chooseEpochs(gpu, {
        config,
        choice: start.choice,
        auto: start.auto,
        data: plan.data,
        elapsed,
        collective,
      });
      tellChoice({ choice, auto }, callbacks);
      const { secondsPerEpoch } = choice;
      return { ...plan, config: chosen, secondsPerEpoch, resumes, budget: choice, ...(auto ? { auto } : {}) };
    }
    const secondsPerEpoch = await measureEpoch(gpu, config, plan.data, collective);
    return { ...plan, secondsPerEpoch, resumes, ...(options.auto ? { auto: options.auto } : {}) };
  } finally {
    gpu.close();
  }
}

/** The settings of a new run within its budget, if it has one; a resumed run keeps those that were chosen. */
export async function startWithinBudget(
  config: TrainConfig,
  { before, init, dataFolder, elapsed }: {
    readonly before: RunProgress | null;
    readonly init: InitModel | null;
    readonly dataFolder: string;
    readonly elapsed: () => number;
  },
  options: PlanRunOptions,
  callbacks: TrainCallbacks,
): Promise<StartChoice> {
  if (before !== null || config.budget === undefined || options.auto !== undefined) {
    return { config, choice: null, auto: null };
  }
  return await chooseRunBudget(config, {
    dataFolder,
    gpu: { ...gpuOptions(options, config, callbacks), choices: options.choices },
    cacheFolder: options.cacheFolder,
    given: init?.config ?? options.config ?? {},
    typed: Object.keys(options.config ?? {}),
    classes: options.classes,
    runs: options.runs,
    elapsed,
    collective: options.collective,
  });
}

/** Tells what was chosen for a run. */
export function tellChoice(
  { choice, auto }: { readonly choice: BudgetChoice; readonly auto: AutoChoice | null },
  { onBudget, onAuto }: Pick<TrainCallbacks, "onBudget" | "onAuto">,
): void {
  onBudget?.(choice);
  if (auto !== null) onAuto?.(auto);
}

/** Seconds since this call. */
export function stopwatch(): () => number {
  const started = performance.now();
  return () => (performance.now() - started) / 1000;
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

/**
 * The settings of a run: those of the resumed one, or those that were given, with those of the model that it starts from.
 *
 * @throws {Error} if they contradict the resumed run or the model.
 */
export async function startConfig(
  before: RunProgress | null,
  options: PlanRunOptions & { readonly folder: string },
  { onNote }: Pick<TrainCallbacks, "onNote">,
): Promise<{ config: TrainConfig; init: InitModel | null }> {
  const { init: choice, folder, classes, corrections = [] } = options;
  if (before) {
    if (choice !== undefined) {
      throw new Error(
        `Cannot resume ${folder} with --init: the run has weights of its own\n` +
          "hint: leave --init out, or start another run with --run",
      );
    }
    return { config: resumeConfig(before, options), init: null };
  }
  const { oversample = OVERSAMPLE.default, ...given } = options.config ?? {};
  if (options.config?.oversample !== undefined && corrections.length === 0) {
    throw new Error(
      "Cannot draw corrected images more often: there are no corrections\nhint: name a file with --corrections",
    );
  }
  const init = choice === undefined ? null : await readInit(choice, given, classes);
  for (const note of init?.notes ?? []) onNote?.(note);
  const recipe = given.budget !== undefined && given.recipe === undefined ? { recipe: BUDGET_RECIPE } : {};
  const settings = init?.config ?? { ...given, ...recipe };
  const config = completeTrainConfig({
    ...(settings.recipe === AUTO_RECIPE ? { budget: AUTO_SECONDS } : {}),
    ...settings,
    ...(corrections.length > 0 ? { oversample } : {}),
  });
  return { config, init };
}

/** What a run is loaded for. */
export interface RunDataOptions {
  /** Its folder if it is resumed; null for a new one. */
  readonly folder: string | null;
  /** The model that it starts from; null for none. */
  readonly init: InitModel | null;
  /** The corrections that it learns from. */
  readonly corrections: readonly CorrectionsFile[];
}

/** Loads the splits of a run, telling the callbacks. */
export function loadRunData(
  folder: string,
  config: TrainConfig,
  { folder: resumes, init, corrections }: RunDataOptions,
  { cacheFolder = FOLDERS.cache, classes, signal, collective, fold }:
    & PlanRunOptions
    & { readonly signal?: AbortSignal | undefined },
  { onNote, onPrepare }: TrainCallbacks,
): Promise<LoadedData> {
  return loadData(folder, config, {
    cacheFolder,
    classes,
    init: init?.classes,
    corrections,
    resumes,
    onNote,
    onPrepare,
    signal,
    collective,
    fold,
  });
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
