/**
 * A whole training run, from the dataset's folder to the run's.
 *
 * @module
 */
import { basename } from "node:path";
import { FOLDERS } from "../fs/layout.ts";
import { ifFound, withinProject } from "../fs/paths.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { openGpu } from "../host/open_gpu.ts";
import { readRunLog } from "../tracking/run_log.ts";
import { createRunId } from "../tracking/swanlab_format.ts";
import { openTracker, type Tracker, type TrackerOptions } from "../tracking/tracker.ts";
import { headOf } from "../unet/config.ts";
import { UNet } from "../unet/unet.ts";
import { keepAppearance } from "./best_appearance.ts";
import type { BestEpoch, Checkpoint, RunProgress } from "./checkpoint.ts";
import { describeAdapters } from "../ranks/share.ts";
import { allTexts, type Collective, SINGLE_RANK } from "./collective.ts";
import { deviceFailure } from "./device_failure.ts";
import { NOT_STOPPING } from "./early_stopping.ts";
import { predictsNothing } from "./epoch_metrics.ts";
import { Epochs } from "./epochs.ts";
import type { TrainCallbacks } from "./events.ts";
import {
  chooseKernels,
  closeData,
  fingerprintOf,
  gpuOptions,
  loadRunData,
  type PlanRunOptions,
  startConfig,
  startWithinBudget,
  stopwatch,
  tellChoice,
} from "./plan_run.ts";
import type { InitModel } from "./init_model.ts";
import { completeTrainConfig } from "./recipe.ts";
import { predictSamples } from "./predict_samples.ts";
import { reconcileLog } from "./reconcile_log.ts";
import { correctionsOf, resumedData, resumeProgress } from "./resume.ts";
import {
  checkLock,
  clearRunFolder,
  closeRun,
  type OpenRun,
  openRunOnRanks,
  removeTorn,
  saveCheckpoint,
} from "./run_folder.ts";
import type { AutoChoice } from "./auto/auto_choice.ts";
import type { BudgetChoice } from "./budget_choice.ts";
import { chooseEpochs } from "./budget_run.ts";
import { mayTakeLong, measureEpoch } from "./measure_epoch.ts";
import { writeRunCard } from "./run_card.ts";
import { RunFigures } from "./run_figures.ts";
import { DEFAULT_SAMPLES, SampleImages, samplesTogether } from "./sample_images.ts";
import { NO_PLATEAU } from "./schedule.ts";
import { configDifferences, networkConfig, type TrainConfig, trainerOptions } from "./train_config.ts";
import { checkData, type LoadedData, type TrainData } from "./train_data.ts";
import { type ChoicesFrom, planTraining, type TrainPlan } from "./train_plan.ts";
import { Trainer } from "./trainer.ts";
import { type ToolVersions, toolVersions } from "./versions.ts";

/** Where the records of a run go, apart from its own log; see {@linkcode TrackerOptions}. */
export type TrackingOptions = Partial<
  Pick<
    TrackerOptions,
    "swanlab" | "tensorboard" | "project" | "name" | "description" | "workspace" | "online"
  >
>;

/** Settings of {@linkcode trainRun}. */
export interface TrainRunOptions extends PlanRunOptions {
  /** The run's folder. */
  readonly folder: string;
  /** Resume even with other data or settings; without `resume`, replace the run in the folder. */
  readonly force?: boolean | undefined;
  /** Records besides the run's own log; default to SwanLab's offline files and TensorBoard's. */
  readonly tracking?: TrackingOptions | undefined;
  /**
   * Validation samples that are drawn after epochs and at the end, 0 for none; defaults to 8. Those of best epochs are
   * records, too: an online run sends them to its server.
   */
  readonly samples?: number | undefined;
  /** Saves and stops. */
  readonly signal?: AbortSignal | undefined;
  /** Seconds between reads of the device, if memory allows; defaults to 10. */
  readonly readEverySeconds?: number | undefined;
}

/** Result of a training run. */
export interface TrainResult {
  /** All epochs are done, early stopping ended the run, or the signal did. */
  readonly outcome: "finished" | "stopped" | "interrupted";
  /** The run's folder: the one asked for, or, if that holds a finished run, one with a number. */
  readonly folder: string;
  /** Whether the folder holds a checkpoint; false if the run was interrupted before its first one. */
  readonly resumable: boolean;
  /** The dataset's folder. */
  readonly dataFolder: string;
  /** Finished epochs. */
  readonly epochs: number;
  /** The best epoch, whose weights are in `best.safetensors`; null before the first. */
  readonly best: BestEpoch | null;
  /** Whether the best epoch's model predicts no foreground at all in the validation split. */
  readonly marksNothing: boolean;
  /** The budget in seconds if it was used up before the last epoch; absent otherwise. */
  readonly budgetSpent?: number;
  /** The recipe. */
  readonly recipe: TrainConfig["recipe"];
  /** The command that uploads the offline run to SwanLab; null if there is none. */
  readonly syncCommand: string | null;
}

/** Project name at SwanLab. */
export const DEFAULT_PROJECT = "deno-unet";
const DEFAULT_READ_SECONDS = 10;

/**
 * Starts or resumes a training run. The folder is locked from before the first look at it to the end. A resumed run has
 * the same weights, bit for bit, as one that never stopped, on the same adapter.
 *
 * @throws {Error} if the folder holds an unfinished run and neither `resume` nor `force` is set, or holds none and
 * `resume` is; if another process trains there; if data or settings differ from those of the resumed run, or its log
 * contradicts it, and `force` is not set; if the loss is not finite, naming the step; or if the disk is full or the
 * device out of memory. The last checkpoint stays intact in each case.
 * @throws {RangeError} if a setting is out of range, or the device too small.
 */
export async function trainRun(
  options: TrainRunOptions,
  callbacks: TrainCallbacks = {},
): Promise<TrainResult> {
  const { resume, force, signal, collective = SINGLE_RANK } = options;
  const elapsed = stopwatch();
  // A refused permission is named before anything else is looked for.
  await ifFound(Deno.lstat(options.folder));
  // Before a new run's folder is made; a resumed run may know its dataset.
  const started = resume ? null : await startConfig(null, options, callbacks);
  if (!resume) await checkData(options.dataFolder ?? FOLDERS.data);
  const { onNote } = callbacks;
  const opened = await openRunOnRanks(collective, { folder: options.folder, resume, force, onNote });
  const { folder, before } = opened;
  try {
    // A run that ended before its first checkpoint is started again.
    const { config, init } = before === null && started !== null
      ? started
      : await startConfig(before?.progress ?? null, options, callbacks);
    const dataFolder = resumedData(options, before?.progress);
    const job = { options, callbacks, config, init, dataFolder, opened, collective, elapsed };
    return await train(job).catch((error) => {
      // Other ranks may wait for this one.
      if (!signal?.aborted || error !== signal.reason || collective.size > 1) throw error;
      // Only the preparation of images ends this way, and there is nothing to save.
      const { epoch = 0, best = null } = before?.progress ?? {};
      return {
        outcome: "interrupted" as const,
        folder,
        resumable: before !== null,
        dataFolder,
        epochs: epoch,
        best,
        marksNothing: false,
        recipe: config.recipe,
        syncCommand: null,
      };
    });
  } finally {
    await closeRun(opened);
  }
}

/** A run whose folder is open. */
interface OpenJob {
  readonly options: TrainRunOptions;
  readonly callbacks: TrainCallbacks;
  readonly config: TrainConfig;
  /** The model that a new run starts from. */
  readonly init: InitModel | null;
  readonly dataFolder: string;
  readonly opened: OpenRun;
  readonly collective: Collective;
  /** Seconds since the run was started. */
  readonly elapsed: () => number;
}

async function train(job: OpenJob): Promise<TrainResult> {
  const { options, callbacks, dataFolder, init, opened: { folder, before, lock } } = job;
  const progress = before?.progress ?? null;
  const start = await startWithinBudget(job.config, { ...job, before: progress }, options, callbacks);
  const { data, config, corrections } = await loadRunData(
    dataFolder,
    start.config,
    { folder: before ? folder : null, init, corrections: correctionsOf(options, progress) },
    options,
    callbacks,
  );
  try {
    const wanted = gpuOptions(options, config, callbacks);
    const { choices, choicesFrom } = await chooseKernels(options, wanted, progress);
    const gpu = await openGpu({ ...wanted, choices, cache: options.cacheFolder });
    try {
      await nameAdapters(gpu, job);
      // What was read until now is true only if nobody was writing.
      await checkLock(folder, lock);
      if (lock) await removeTorn(folder);
      const chosen = start.choice &&
        await chooseEpochs(gpu, { ...job, config, data, choice: start.choice, auto: start.auto });
      if (chosen) tellChoice(chosen, callbacks);
      const budget = chosen?.choice ?? null;
      return await trainOn(gpu, {
        ...job,
        config: chosen?.config ?? config,
        data,
        corrections,
        choicesFrom,
        budget,
        auto: chosen?.auto ?? options.auto ?? null,
      });
    } finally {
      gpu.close();
    }
  } catch (error) {
    const epoch = progress?.epoch ?? null;
    throw deviceFailure(error, { doing: "prepare training", folder, epoch, memory: config.memory });
  } finally {
    await closeData(data);
  }
}

/** Says what each of several ranks computes on. */
async function nameAdapters({ adapter }: Gpu, { collective, callbacks }: OpenJob): Promise<void> {
  if (collective.size === 1) return;
  // Every rank takes part, also those that say nothing.
  const adapters = await allTexts(collective, adapter.description);
  callbacks.onNote?.(describeAdapters(adapters));
}

/** A run whose data are loaded. */
interface Job extends OpenJob {
  readonly data: TrainData;
  readonly corrections: LoadedData["corrections"];
  readonly choicesFrom: ChoicesFrom;
  /** What was chosen for the budget of a new run; null for a resumed one, which keeps its own. */
  readonly budget: BudgetChoice | null;
  /** What the recipe `auto` chose for a new run; null for others. */
  readonly auto: AutoChoice | null;
}

async function trainOn(gpu: Gpu, job: Job): Promise<TrainResult> {
  const { options, callbacks, config, data, dataFolder, collective, opened: { folder, before, lock } } = job;
  const plan = planTraining(config, data, gpu, { choicesFrom: job.choicesFrom, ranks: collective.size });
  // The first batches of such a run take minutes: too late for an estimate.
  const isLong = gpu.adapter.isFallback && !before && config.budget === undefined && collective.size === 1 &&
    mayTakeLong(config, data);
  const estimate = isLong ? await measureEpoch(gpu, config, data) : null;
  const unet = await UNet.create(gpu, networkConfig(config), {
    seed: config.seed,
    ...(job.init ? { state: job.init.state } : {}),
  });
  const trainer = await Trainer.create(unet, {
    ...trainerOptions(config),
    collective,
    // A limit of the device shows, and is reported, when it is met.
    microBatch: config.memory === "low" ? plan.memory.low.microBatch : undefined,
    onNote: callbacks.onNote,
  });
  const progress = before ? await resumeTrainer(trainer, job, before) : await begin(trainer, job);
  const tracker = lock && await openRecords(progress, plan, job).catch(async (error) => {
    // A new run has not begun if a record cannot be opened.
    if (!before) await clearRunFolder(folder);
    throw error;
  });
  const count = lock ? options.samples ?? DEFAULT_SAMPLES : 0;
  const figures = new RunFigures(folder, callbacks.onNote);
  const epochs = new Epochs(progress, {
    folder,
    checkLock: () => checkLock(folder, lock),
    trainer,
    data,
    tracker,
    collective,
    signal: options.signal,
    readEverySeconds: options.readEverySeconds ?? DEFAULT_READ_SECONDS,
    elapsed: job.budget && !job.budget.given.includes("epochs") ? job.elapsed : undefined,
    samples: count === 0 ? undefined : new SampleImages({
      folder,
      history: before ? progress.history : [],
      together: config.patch !== undefined
        ? 1
        : samplesTogether(plan.memory[config.memory].microBatch ?? config.batchSize / collective.size),
      examples: () => data.valid.examples(count),
      normalize: config.normalize,
      head: headOf(unet.config),
      predict: (images) => predictSamples(unet, images, config.patch),
      onNote: callbacks.onNote,
    }),
    figures: lock ? figures : undefined,
    callbacks,
  });
  const log = await readRunLog(folder);
  callbacks.onStart?.(plan, { epochs: log, batches: progress.partial?.batches ?? 0 });
  if (estimate !== null) callbacks.onEstimate?.(estimate);
  try {
    const complete = await epochs.run();
    if (lock) await figures.curves(epochs.progress);
    if (lock && complete) await describeBest(epochs, job);
    if (tracker && complete && count > 0) {
      // The device may not hold both.
      trainer.close();
      await figures.best(gpu, epochs.progress, { examples: data.valid.examples(count), tracker });
    }
    await tracker?.finish(complete ? "finished" : "aborted");
    const { epoch, best, budget } = epochs.progress;
    return {
      outcome: !complete ? "interrupted" : epoch < config.epochs ? "stopped" : "finished",
      ...(budget?.spent ? { budgetSpent: budget.seconds } : {}),
      folder,
      resumable: true,
      dataFolder,
      epochs: epoch,
      best,
      marksNothing: best !== null && predictsNothing(best.metrics, data.valid.background),
      recipe: config.recipe,
      syncCommand: tracker?.syncCommand() ?? null,
    };
  } catch (cause) {
    const { doing, progress: { epoch } } = epochs;
    const error = deviceFailure(cause, { doing, folder, epoch, memory: config.memory });
    await tracker?.finish("crashed", error instanceof Error ? error.message : String(error));
    throw error;
  }
}

/** Completes the best model's file, and writes its card. */
async function describeBest(epochs: Epochs, { data, dataFolder, opened: { folder } }: Job): Promise<void> {
  await keepAppearance(folder, epochs, data);
  await writeRunCard(folder, dataFolder, epochs.progress, data);
}

/** Saves the first checkpoint of a new run. */
async function begin(trainer: Trainer, job: Job): Promise<RunProgress> {
  const { options: { force }, config, dataFolder, opened: { folder } } = job;
  const progress: RunProgress = {
    runId: createRunId(),
    startedAt: new Date().toISOString(),
    dataFolder: withinProject(dataFolder),
    config,
    data: fingerprintOf(job.data, config),
    versions: versionsOn(trainer),
    choices: trainer.unet.gpu.choices,
    epoch: 0,
    partial: null,
    best: null,
    stopping: NOT_STOPPING,
    plateau: NO_PLATEAU,
    history: [],
    ...(job.budget ? { budget: job.budget } : {}),
    ...(job.auto ? { auto: job.auto } : {}),
    ...keptCorrections(job),
    ...ranksOf(job),
  };
  if (!job.opened.lock) return progress;
  if (force) await clearRunFolder(folder);
  // From here on the run can be resumed, and a full disk is noticed before an epoch is lost.
  await saveCheckpoint(folder, { progress, trainer: await trainer.state() });
  return progress;
}

/** Loads the state of the resumed run. */
async function resumeTrainer(trainer: Trainer, job: Job, before: Checkpoint): Promise<RunProgress> {
  const { options, callbacks, config, dataFolder, opened: { folder, lock }, collective } = job;
  const writes = lock !== null;
  const progress = await resumeProgress(
    before,
    { ...options, folder, config, data: fingerprintOf(job.data, config), writes },
    callbacks,
  );
  const { ranks = 1 } = before.progress;
  if (ranks !== collective.size) {
    callbacks.onNote?.(
      `the run was trained on another number of ranks (${ranks}, now ${collective.size}): the last digits may differ`,
    );
  }
  const versions = versionsOn(trainer);
  const { adapter } = before.progress.versions;
  if (adapter !== versions.adapter) {
    callbacks.onNote?.(`the run was started on ${adapter}: on another adapter the last digits may differ`);
  }
  const { choices } = trainer.unet.gpu;
  const lost = Object.entries(before.progress.choices ?? {}).filter(([name, variant]) =>
    choices[name] !== variant
  );
  if (job.choicesFrom === "run" && lost.length > 0) {
    const names = lost.map(([, variant]) => variant).join(", ");
    callbacks.onNote?.(
      `the run's kernels ${names} no longer pass their self-tests here: others may change the last digits`,
    );
  }
  const history = writes
    ? await reconcileLog(folder, progress, { force: options.force, onNote: callbacks.onNote })
    : progress.history;
  const { microBatch, ...state } = before.trainer;
  // With other settings, forced, batches are cut as these require.
  const same = configDifferences(completeTrainConfig(before.progress.config), config).length === 0;
  trainer.load(same && microBatch ? { ...state, microBatch } : state);
  const { ranks: _, corrections: __, ...rest } = progress;
  return {
    ...rest,
    history,
    dataFolder: withinProject(dataFolder),
    versions,
    choices,
    ...keptCorrections(job),
    ...ranksOf(job),
  };
}

/** Runs without corrections have the same bytes as those of versions that know none. */
function keptCorrections({ corrections }: Job): Pick<RunProgress, "corrections"> {
  if (corrections.length === 0) return {};
  return { corrections: corrections.map(({ path, records }) => ({ path: withinProject(path), records })) };
}

/** Runs on one rank have the same bytes as those of versions without ranks. */
function ranksOf({ collective: { size } }: OpenJob): { ranks?: number } {
  return size > 1 ? { ranks: size } : {};
}

function versionsOn({ unet }: Trainer): ToolVersions {
  return toolVersions(unet.gpu.adapter.description);
}

function openRecords(
  progress: RunProgress,
  { parameters, memoryBytes, data }: TrainPlan,
  { callbacks, opened: { folder, before }, options: { tracking } }: Job,
): Promise<Tracker> {
  return openTracker({
    swanlab: "offline",
    tensorboard: true,
    project: DEFAULT_PROJECT,
    name: basename(folder),
    ...tracking,
    runFolder: folder,
    runId: progress.runId,
    startedAt: new Date(progress.startedAt),
    config: {
      ...progress.config,
      parameters,
      memory_bytes: memoryBytes,
      data: progress.data,
      validation_background: data.valid.background,
      ...(data.train.corrections ? { corrections: data.train.corrections } : {}),
      versions: progress.versions,
      kernel_choices: progress.choices,
      ...(progress.budget ? { budget_choice: progress.budget } : {}),
      ...(progress.auto ? { auto_choice: progress.auto } : {}),
    },
    resume: before ? progress.epoch : undefined,
    onNote: callbacks.onNote,
  });
}
