/**
 * A whole training run, from the dataset's folder to the run's.
 *
 * @module
 */
import { FOLDERS } from "../fs/layout.ts";
import { ifFound } from "../fs/paths.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { describeAdapters } from "../ranks/share.ts";
import { readRunLog } from "../tracking/run_log.ts";
import { headOf } from "../unet/config.ts";
import { UNet } from "../unet/unet.ts";
import { beginRun, resumeRun } from "./begin_run.ts";
import { admitFirstPlans } from "./first_plans.ts";
import { keepAppearance } from "./best_appearance.ts";
import { chooseEpochs } from "./budget_run.ts";
import { allTexts, SINGLE_RANK } from "./collective.ts";
import { deviceFailure } from "./device_failure.ts";
import { predictsNothing } from "./epoch_metrics.ts";
import { Epochs } from "./epochs.ts";
import type { TrainCallbacks } from "./events.ts";
import { mayTakeLong, measureEpoch } from "./measure_epoch.ts";
import {
  chooseKernels,
  closeData,
  gpuOptions,
  loadRunData,
  startConfig,
  startWithinBudget,
  stopwatch,
  tellChoice,
} from "./plan_run.ts";
import { predictSamples } from "./predict_samples.ts";
import { correctionsOf, resumedData } from "./resume.ts";
import { writeRunCard } from "./run_card.ts";
import { openRunDevice } from "./run_device.ts";
import { RunFigures } from "./run_figures.ts";
import { checkLock, clearRunFolder, closeRun, openRunOnRanks, removeTorn } from "./run_folder.ts";
import type { Job, OpenJob, TrainResult, TrainRunOptions } from "./run_job.ts";
import { openRecords } from "./run_records.ts";
import { DEFAULT_SAMPLES, SampleImages, samplesTogether } from "./sample_images.ts";
import { initializationOf, networkConfig, trainerOptions } from "./train_config.ts";
import { checkData } from "./train_data.ts";
import { planTraining, type TrainPlan } from "./train_plan.ts";
import { Trainer } from "./trainer.ts";

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
    using device = await openRunDevice(options.gpu, { ...wanted, choices }, options.cacheFolder);
    const { gpu } = device;
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

async function trainOn(gpu: Gpu, job: Job): Promise<TrainResult> {
  const { callbacks, config, data, collective, opened: { before } } = job;
  const ranks = collective.size;
  // The first batches of such a run take minutes: too late for an estimate.
  const isLong = gpu.adapter.isFallback && !before && config.budget === undefined && ranks === 1 &&
    mayTakeLong(config, data);
  await admitFirstPlans(gpu, config, { data, ranks, estimated: isLong });
  const plan = planTraining(config, data, gpu, { choicesFrom: job.choicesFrom, ranks });
  const estimate = isLong ? await measureEpoch(gpu, config, data) : null;
  const tellStart: NonNullable<TrainCallbacks["onStart"]> = (plan, done) => {
    callbacks.onStart?.(plan, done);
    if (estimate !== null) callbacks.onEstimate?.(estimate);
  };
  // Before the first checkpoint, which may take seconds.
  if (!before) tellStart(plan, { epochs: [], batches: 0 });
  const unet = await UNet.create(gpu, networkConfig(config), {
    seed: config.seed,
    initialization: initializationOf(config),
    ...(job.init ? { state: job.init.state } : {}),
  });
  // The device may stay open.
  using memory = new DisposableStack();
  memory.defer(() => unet.close());
  const trainer = await Trainer.create(unet, {
    ...trainerOptions(config),
    collective,
    // A limit of the device shows, and is reported, when it is met.
    microBatch: config.memory === "low" ? plan.memory.low.microBatch : undefined,
    onNote: callbacks.onNote,
  });
  memory.defer(() => trainer.close());
  return await trainWith(trainer, plan, job, tellStart);
}

async function trainWith(
  trainer: Trainer,
  plan: TrainPlan,
  job: Job,
  tellStart: NonNullable<TrainCallbacks["onStart"]>,
): Promise<TrainResult> {
  const { options, callbacks, config, data, dataFolder, collective, opened: { folder, before, lock } } = job;
  const { unet } = trainer;
  const progress = before ? await resumeRun(trainer, job, before) : await beginRun(trainer, job);
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
  if (before) {
    tellStart(plan, { epochs: await readRunLog(folder), batches: progress.partial?.batches ?? 0 });
  }
  try {
    const complete = await epochs.run();
    if (lock) await figures.curves(epochs.progress);
    if (lock && complete) await describeBest(epochs, job);
    if (tracker && complete && count > 0) {
      // The device may not hold both.
      trainer.close();
      await figures.best(unet.gpu, epochs.progress, { examples: data.valid.examples(count), tracker });
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
