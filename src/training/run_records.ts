/**
 * The records of a training run: what its tracker is told at the start.
 *
 * @module
 */
import { basename } from "node:path";
import { openTracker, type Tracker } from "../tracking/tracker.ts";
import type { RunProgress } from "./checkpoint.ts";
import { DEFAULT_PROJECT, type Job } from "./run_job.ts";
import type { TrainPlan } from "./train_plan.ts";

/** Opens the records of a run, a resumed one's after its last finished epoch. */
export function openRecords(
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
