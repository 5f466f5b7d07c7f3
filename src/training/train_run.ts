/**
 * A whole training run, from the dataset's folder to the run's.
 *
 * @module
 */
import { basename } from "node:path";
import type { KernelChoices } from "../../kernels/choices.ts";
import { defaultChoices } from "../../kernels/variants.ts";
import { FOLDERS } from "../fs/layout.ts";
import { adapterKind, describeGpu, type GpuOptions } from "../gpu/adapter.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { openGpu } from "../host/open_gpu.ts";
import { readRunLog } from "../tracking/run_log.ts";
import { createRunId } from "../tracking/swanlab_format.ts";
import { openTracker, type Tracker, type TrackerOptions } from "../tracking/tracker.ts";
import { UNet } from "../unet/unet.ts";
import type { BestEpoch, Checkpoint, RunProgress } from "./checkpoint.ts";
import type { DataFingerprint } from "./data_fingerprint.ts";
import { NOT_STOPPING } from "./early_stopping.ts";
import { predictsNothing } from "./epoch_metrics.ts";
import { Epochs } from "./epochs.ts";
import type { TrainCallbacks } from "./events.ts";
import { closeData, gpuOptions, loadRunData, type PlanRunOptions } from "./plan_run.ts";
import { completeTrainConfig } from "./recipe.ts";
import { resumeConfig, resumeProgress } from "./resume.ts";
import { clearRunFolder, createRunFolder, reopenRunFolder, saveCheckpoint } from "./run_folder.ts";
import { NO_PLATEAU } from "./schedule.ts";
import { configDifferences, networkConfig, type TrainConfig, trainerOptions } from "./train_config.ts";
import type { TrainData } from "./train_data.ts";
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
  /** Resume the run in the folder. */
  readonly resume?: boolean | undefined;
  /** Resume even with other data or settings; without `resume`, replace the run in the folder. */
  readonly force?: boolean | undefined;
  /** Records besides the run's own log; default to SwanLab's offline files and TensorBoard's. */
  readonly tracking?: TrackingOptions | undefined;
  /** Saves and stops. */
  readonly signal?: AbortSignal | undefined;
  /** Seconds between reads of the device, if memory allows; defaults to 10. A read costs 10 ms. */
  readonly readEverySeconds?: number | undefined;
}

/** Result of a training run. */
export interface TrainResult {
  /** All epochs are done, early stopping ended the run, or the signal did. */
  readonly outcome: "finished" | "stopped" | "interrupted";
  /** The dataset's folder. */
  readonly dataFolder: string;
  /** Finished epochs. */
  readonly epochs: number;
  /** The best epoch, whose weights are in `best.safetensors`; null before the first. */
  readonly best: BestEpoch | null;
  /** Whether the best epoch's model predicts no foreground at all in the validation split. */
  readonly marksNothing: boolean;
  /** The recipe. */
  readonly recipe: TrainConfig["recipe"];
  /** The command that uploads the offline run to SwanLab; null if there is none. */
  readonly syncCommand: string | null;
}

/** Project name at SwanLab. */
export const DEFAULT_PROJECT = "deno-unet";
const DEFAULT_READ_SECONDS = 10;

/**
 * Starts or resumes a training run. A resumed run has the same weights, bit for bit, as one that never stopped, on the
 * same adapter.
 *
 * @throws {Error} if the folder holds a run and neither `resume` nor `force` is set, or holds none and `resume` is; if
 * data or settings differ from those of the resumed run and `force` is not set; if the loss is not finite, naming the
 * step; or if the disk is full. The last checkpoint stays intact in each case.
 * @throws {RangeError} if a setting is out of range, or the device too small.
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
    const data = await loadRunData(dataFolder, config, options, callbacks);
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
    // Only the preparation of images ends this way, and there is nothing to save.
    const { epoch = 0, best = null } = before?.progress ?? {};
    const { recipe } = config;
    const result = { dataFolder, epochs: epoch, best, marksNothing: false, recipe, syncCommand: null };
    return { outcome: "interrupted", ...result };
  } finally {
    // Removes the folder if it is empty: made for a run that had no first checkpoint.
    if (before === null) await Deno.remove(folder).catch(() => {});
  }
}

/** A run whose data are loaded. */
interface Job {
  readonly options: TrainRunOptions;
  readonly callbacks: TrainCallbacks;
  readonly config: TrainConfig;
  readonly dataFolder: string;
  readonly data: TrainData;
  readonly before: Checkpoint | null;
  readonly choicesFrom: ChoicesFrom;
}

/** A run that is resumed on its adapter keeps its kernel variants, even if others were timed in the meantime. */
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
    // A limit of the device shows, and is reported, when it is met.
    microBatch: config.memory === "low" ? plan.memory.low.microBatch : undefined,
    onNote: callbacks.onNote,
  });
  const progress = job.before ? await resumeTrainer(trainer, job, job.before) : await begin(trainer, job);
  const tracker = await openRecords(progress, plan, job).catch(async (error) => {
    // A new run has not begun if a record cannot be opened.
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
      marksNothing: best !== null && predictsNothing(best.metrics, data.valid.background),
      recipe: config.recipe,
      syncCommand: tracker.syncCommand(),
    };
  } catch (error) {
    await tracker.finish("crashed", error instanceof Error ? error.message : String(error));
    throw error;
  }
}

/** Saves the first checkpoint of a new run. */
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
  // From here on the run can be resumed, and a full disk is noticed before an epoch is lost.
  await saveCheckpoint(folder, { progress, trainer: await trainer.state() });
  return progress;
}

/** Loads the state of the resumed run. */
async function resumeTrainer(trainer: Trainer, job: Job, before: Checkpoint): Promise<RunProgress> {
  const { options, callbacks, config, dataFolder } = job;
  const progress = await resumeProgress(
    before,
    { ...options, config, data: fingerprintOf(job.data) },
    callbacks,
  );
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
  const { microBatch, ...state } = before.trainer;
  // With other settings, forced, batches are cut as these require.
  const same = configDifferences(completeTrainConfig(before.progress.config), config).length === 0;
  trainer.load(same && microBatch ? { ...state, microBatch } : state);
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
