/**
 * A whole training, from the dataset's folder to the run's.
 *
 * @module
 */
import { basename } from "node:path";
import type { KernelChoices } from "../../kernels/choices.ts";
import { defaultChoices } from "../../kernels/variants.ts";
import { adapterKind, describeGpu, type GpuOptions } from "../gpu/adapter.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { openGpu } from "../host/open_gpu.ts";
import { createRunId } from "../tracking/swanlab_format.ts";
import { readRunLog } from "../tracking/run_log.ts";
import { openTracker, type Tracker, type TrackerOptions } from "../tracking/tracker.ts";
import { UNet } from "../unet/unet.ts";
import type { BestEpoch, Checkpoint, RunProgress } from "./checkpoint.ts";
import { configDifferences, networkConfig, type TrainConfig, trainerOptions } from "./config.ts";
import { loadData, type TrainData } from "./data.ts";
import { NOT_STOPPING } from "./early_stopping.ts";
import { Epochs } from "./epochs.ts";
import type { TrainCallbacks } from "./events.ts";
import type { DataFingerprint } from "./data_fingerprint.ts";
import { measureEpoch } from "./measure.ts";
import { type ChoicesFrom, planTraining, type TrainPlan } from "./train_plan.ts";
import { completeTrainConfig } from "./recipe.ts";
import { resumeConfig, resumeProgress } from "./resume.ts";
import { clearRunFolder, createRunFolder, keepCheckpoint, reopenRunFolder } from "./run_folder.ts";
import { NO_PLATEAU } from "./schedule.ts";
import { Trainer } from "./trainer.ts";
import { type ToolVersions, toolVersions } from "./versions.ts";
import { FOLDERS } from "../fs/layout.ts";

/** Where the records of a run go, apart from its own log; see {@linkcode TrackerOptions}. */
export type TrackingOptions = Partial<
  Pick<
    TrackerOptions,
    "swanlab" | "tensorboard" | "project" | "name" | "description" | "workspace" | "online"
  >
>;

/** What {@linkcode planRun} and {@linkcode trainRun} train on and by. */
export interface PlanRunOptions {
  /** The dataset's folder; `dataset` unless given, or that of the run that goes on. */
  readonly dataFolder?: string | undefined;
  /** Folder for prepared images; `dataset/.cache` unless given. */
  readonly cacheFolder?: string | undefined;
  /** Settings; the recipe's, or those of the run that goes on, unless given. */
  readonly config?: Partial<TrainConfig> | undefined;
  /** Train on the software adapter even where there is a GPU. */
  readonly software?: boolean | undefined;
  /**
   * Kernel variants in place of the defaults, such as were timed on this adapter. A run that goes on on its adapter
   * keeps those that it began with: its bits depend on them.
   */
  readonly choices?: KernelChoices | undefined;
}

/** What {@linkcode trainRun} does. */
export interface TrainRunOptions extends PlanRunOptions {
  /** The run's folder. */
  readonly folder: string;
  /** Go on with the run in the folder. */
  readonly resume?: boolean | undefined;
  /** Go on even where the dataset or the settings are others; without `resume`, replace the run in the folder. */
  readonly force?: boolean | undefined;
  /** Records besides the run's own log: SwanLab's offline and TensorBoard's unless given. */
  readonly tracking?: TrackingOptions | undefined;
  /** Saves and ends the training. */
  readonly signal?: AbortSignal | undefined;
  /** Seconds between two reads of the device, where memory allows; 10 unless given. A read costs 10 ms. */
  readonly readEverySeconds?: number | undefined;
}

/** What a training came to. */
export interface TrainResult {
  /** All epochs are done, early stopping ended it, or the signal did. */
  readonly outcome: "finished" | "stopped" | "interrupted";
  /** The dataset's folder. */
  readonly dataFolder: string;
  /** Epochs that are done. */
  readonly epochs: number;
  /** The best of them, whose weights are in `best.safetensors`; null before the first. */
  readonly best: BestEpoch | null;
  /** Uploads the offline run to SwanLab; null where there is none. */
  readonly syncCommand: string | null;
}

const DEFAULT_PROJECT = "deno-unet";
const DEFAULT_READ_SECONDS = 10;

/** What a training will need, and how long it will take. */
export interface RunPlan extends TrainPlan {
  /** Seconds of an epoch, by a step or two on made-up images; null where there is no device. */
  readonly secondsPerEpoch: number | null;
}

/**
 * Reads the dataset and says what a training will need and how long it will take; writes nothing but the cache.
 *
 * @throws as {@linkcode trainRun}.
 */
export async function planRun(options: PlanRunOptions, callbacks: TrainCallbacks = {}): Promise<RunPlan> {
  const config = completeTrainConfig(options.config);
  const data = await load(options.dataFolder ?? FOLDERS.data, config, options, callbacks);
  await closeData(data);
  const { choices } = options;
  const settings = { ...gpuOptions(options, config, callbacks), choices };
  const plan = planTraining(config, data, await describeGpu(settings), choices ? "given" : "defaults");
  if (plan.adapter === null) return { ...plan, secondsPerEpoch: null };
  const gpu = await openGpu({ ...settings, cache: options.cacheFolder });
  try {
    return { ...plan, secondsPerEpoch: await measureEpoch(gpu, config, plan.data) };
  } finally {
    gpu.close();
  }
}

/**
 * Trains, or goes on with a training: the same weights, bit for bit, as one that was never stopped, on one adapter.
 *
 * @throws {Error} where the folder holds a run and neither `resume` nor `force` is set, or none and `resume` is;
 * where the dataset or the settings are others than those of the run that goes on, and `force` is not set; where the
 * loss is not finite, naming the step; and where the disk is full. The last checkpoint is whole in each case.
 * @throws {RangeError} where a setting is out of range, or the device too small.
 */
export async function trainRun(
  options: TrainRunOptions,
  callbacks: TrainCallbacks = {},
): Promise<TrainResult> {
  const { folder, resume, force, signal } = options;
  const before = resume ? await reopenRunFolder(folder) : null;
  const config = before ? resumeConfig(before.progress, options) : completeTrainConfig(options.config);
  if (!resume) await createRunFolder(folder, { replace: force });
  const dataFolder = options.dataFolder ?? before?.progress.dataFolder ?? FOLDERS.data;
  try {
    const data = await load(dataFolder, config, options, callbacks);
    try {
      const wanted = gpuOptions(options, config, callbacks);
      const { choices, choicesFrom } = await chooseKernels(options, wanted, before);
      const gpu = await openGpu({ ...wanted, choices, cache: options.cacheFolder });
      try {
        return await trainOn(gpu, { options, callbacks, config, dataFolder, data, before, choicesFrom });
      } finally {
        gpu.close();
      }
    } finally {
      await closeData(data);
    }
  } catch (error) {
    if (!signal?.aborted || error !== signal.reason) throw error;
    // Only the preparation of images ends this way: there is nothing to keep.
    const { epoch = 0, best = null } = before?.progress ?? {};
    return { outcome: "interrupted", dataFolder, epochs: epoch, best, syncCommand: null };
  } finally {
    // An empty folder: what was made for a run that did not come to its first checkpoint.
    if (before === null) await Deno.remove(folder).catch(() => {});
  }
}

/** A training whose data are ready. */
interface Job {
  readonly options: TrainRunOptions;
  readonly callbacks: TrainCallbacks;
  readonly config: TrainConfig;
  readonly dataFolder: string;
  readonly data: TrainData;
  readonly before: Checkpoint | null;
  readonly choicesFrom: ChoicesFrom;
}

/** The kernel variants of a run that goes on on its adapter are its own, whatever was timed since. */
async function chooseKernels(
  { choices }: TrainRunOptions,
  wanted: GpuOptions,
  before: Checkpoint | null,
): Promise<{ choices: KernelChoices | undefined; choicesFrom: ChoicesFrom }> {
  if (before) {
    const gpu = await describeGpu(wanted);
    if (gpu?.adapter.description === before.progress.versions.adapter) {
      return {
        choices: before.progress.choices ?? defaultChoices(adapterKind(gpu.adapter)),
        choicesFrom: "run",
      };
    }
  }
  return { choices, choicesFrom: choices ? "given" : "defaults" };
}

async function trainOn(gpu: Gpu, job: Job): Promise<TrainResult> {
  const { options, callbacks, config, data, dataFolder } = job;
  const plan = planTraining(config, data, gpu, job.choicesFrom);
  const unet = await UNet.create(gpu, networkConfig(config), { seed: config.seed });
  const trainer = await Trainer.create(unet, {
    ...trainerOptions(config),
    // What a limit of the device asks for shows, and is told, when it is met.
    atOnce: config.memory === "low" ? plan.memory.low.atOnce : undefined,
    onNote: callbacks.onNote,
  });
  const progress = job.before ? await goOn(trainer, job, job.before) : await begin(trainer, job);
  const tracker = await openRecords(progress, plan, job).catch(async (error) => {
    // A record that cannot be opened as asked for: a new run has not begun.
    if (!job.before) await clearRunFolder(options.folder);
    throw error;
  });
  const epochs = new Epochs(progress, {
    folder: options.folder,
    trainer,
    data,
    tracker,
    signal: options.signal,
    readEverySeconds: options.readEverySeconds ?? DEFAULT_READ_SECONDS,
    callbacks,
  });
  const log = await readRunLog(options.folder);
  callbacks.onStart?.(plan, { epochs: log, batches: progress.partial?.batches ?? 0 });
  try {
    const complete = await epochs.run();
    await tracker.finish(complete ? "finished" : "aborted");
    const { epoch, best } = epochs.progress;
    return {
      outcome: !complete ? "interrupted" : epoch < config.epochs ? "stopped" : "finished",
      dataFolder,
      epochs: epoch,
      best,
      syncCommand: tracker.syncCommand(),
    };
  } catch (error) {
    await tracker.finish("crashed", error instanceof Error ? error.message : String(error));
    throw error;
  }
}

/** Keeps the first checkpoint of a new run. */
async function begin(trainer: Trainer, job: Job): Promise<RunProgress> {
  const { options: { folder, force }, config, dataFolder } = job;
  const progress: RunProgress = {
    runId: createRunId(),
    startedAt: new Date().toISOString(),
    dataFolder,
    config,
    data: fingerprintOf(job.data),
    versions: versionsOn(trainer),
    choices: trainer.unet.gpu.choices,
    epoch: 0,
    partial: null,
    best: null,
    stopping: NOT_STOPPING,
    plateau: NO_PLATEAU,
  };
  if (force) await clearRunFolder(folder);
  // From here on the run can be resumed, and a disk that has no room is found out before an epoch is lost.
  await keepCheckpoint(folder, { progress, trainer: await trainer.state() });
  return progress;
}

/** Brings the trainer to where the run stands. */
async function goOn(trainer: Trainer, job: Job, before: Checkpoint): Promise<RunProgress> {
  const { options, callbacks, config, dataFolder } = job;
  const progress = await resumeProgress(
    before,
    { ...options, config, data: fingerprintOf(job.data) },
    callbacks,
  );
  const versions = versionsOn(trainer);
  const { adapter } = before.progress.versions;
  if (adapter !== versions.adapter) {
    callbacks.onNote?.(`the run was begun on ${adapter}: on another adapter the last digits may be others`);
  }
  const { choices } = trainer.unet.gpu;
  const lost = Object.entries(before.progress.choices ?? {}).filter(([name, variant]) =>
    choices[name] !== variant
  );
  if (job.choicesFrom === "run" && lost.length > 0) {
    const names = lost.map(([, variant]) => variant).join(", ");
    callbacks.onNote?.(
      `the run's kernels ${names} are not right here any more: others may change the last digits`,
    );
  }
  const { atOnce, ...state } = before.trainer;
  // With other settings, forced, batches are cut anew.
  const same = configDifferences(before.progress.config, config).length === 0;
  trainer.load(same && atOnce ? { ...state, atOnce } : state);
  return { ...progress, dataFolder, versions, choices };
}

function fingerprintOf({ train, valid }: TrainData): DataFingerprint {
  return { train: train.fingerprint, valid: valid.fingerprint };
}

function versionsOn({ unet }: Trainer): ToolVersions {
  return toolVersions(unet.gpu.adapter.description);
}

function openRecords(
  progress: RunProgress,
  { parameters, data }: TrainPlan,
  { before, callbacks, options: { folder, tracking } }: Job,
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
      data: progress.data,
      validation_background: data.valid.background,
      versions: progress.versions,
      kernel_choices: progress.choices,
    },
    resume: before ? progress.epoch : undefined,
    onNote: callbacks.onNote,
  });
}

function load(
  folder: string,
  config: TrainConfig,
  { cacheFolder = FOLDERS.cache, signal }: PlanRunOptions & Pick<TrainRunOptions, "signal">,
  callbacks: TrainCallbacks,
): Promise<TrainData> {
  return loadData(folder, config, {
    cacheFolder,
    onNote: callbacks.onNote,
    onPrepare: callbacks.onPrepare,
    signal,
  });
}

function gpuOptions(
  { software = false }: PlanRunOptions,
  { kernels, precision }: TrainConfig,
  callbacks: TrainCallbacks,
): GpuOptions {
  return { software, kernels, precision, onCompile: (count: number) => callbacks.onCompile?.(count) };
}

async function closeData(data: TrainData): Promise<void> {
  for (const split of Object.values(data)) await split.close();
}
