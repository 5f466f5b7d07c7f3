/**
 * The first state of a training run: a new one's, or that of the checkpoint from which it resumes.
 *
 * @module
 */
import { withinProject } from "../fs/paths.ts";
import { createRunId } from "../tracking/swanlab_format.ts";
import type { Checkpoint, RunProgress } from "./checkpoint.ts";
import { NOT_STOPPING } from "./early_stopping.ts";
import { fingerprintOf } from "./plan_run.ts";
import { completeTrainConfig } from "./recipe.ts";
import { reconcileLog } from "./reconcile_log.ts";
import { resumeProgress } from "./resume.ts";
import { clearRunFolder, saveCheckpoint } from "./run_folder.ts";
import type { Job, OpenJob } from "./run_job.ts";
import { NO_PLATEAU } from "./schedule.ts";
import { configDifferences } from "./train_config.ts";
import type { Trainer } from "./trainer.ts";
import { type ToolVersions, toolVersions } from "./versions.ts";

/** Saves the first checkpoint of a new run. */
export async function beginRun(trainer: Trainer, job: Job): Promise<RunProgress> {
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
export async function resumeRun(trainer: Trainer, job: Job, before: Checkpoint): Promise<RunProgress> {
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
