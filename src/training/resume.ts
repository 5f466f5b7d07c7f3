/**
 * Resuming a run: only with the settings and the data that it was started with, unless others are forced.
 *
 * @module
 */
import type { CorrectionsFile } from "../dataset/corrections_merge.ts";
import { FOLDERS } from "../fs/layout.ts";
import type { Checkpoint, RunProgress } from "./checkpoint.ts";
import { configDifferences, type TrainConfig } from "./train_config.ts";
import { NOT_STOPPING } from "./early_stopping.ts";
import type { TrainCallbacks } from "./events.ts";
import { dataDifferences, type DataFingerprint } from "./data_fingerprint.ts";
import { completeTrainConfig } from "./recipe.ts";
import { restoreBest } from "./run_folder.ts";

/** What is resumed. */
export interface ResumeOptions {
  /** The run's folder. */
  readonly folder: string;
  /** Resume even if something differs. */
  readonly force?: boolean | undefined;
}

/**
 * The settings of a resumed run: its own, and those that are given.
 *
 * @throws {Error} naming the settings that differ, unless forced.
 */
export function resumeConfig(
  { config: kept }: RunProgress,
  options: ResumeOptions & { config?: Partial<TrainConfig> | undefined },
): TrainConfig {
  // A run of an earlier version has fewer settings: it was trained with the defaults of the others.
  const old = completeTrainConfig(kept);
  const given = options.config ?? {};
  const otherRecipe = given.recipe !== undefined && given.recipe !== old.recipe;
  const { classes, merge, head } = old;
  const lasting = Object.fromEntries(
    Object.entries({ classes, merge, head }).filter(([, value]) => value !== undefined),
  );
  const config = completeTrainConfig(otherRecipe ? { ...lasting, ...given } : { ...old, ...given });
  refuse(options, "settings", changesOf(old, config));
  return config;
}

/**
 * The dataset's folder of a run: the one given, or the run's own.
 *
 * @throws {Error} if the run's own lies outside the project, so that no file of the run names it.
 */
export function resumedData(
  { folder, dataFolder }: { readonly folder: string; readonly dataFolder?: string | undefined },
  progress: RunProgress | undefined,
): string {
  const known = dataFolder ?? (progress ? progress.dataFolder : FOLDERS.data);
  if (known !== null) return known;
  throw new Error(
    `Cannot resume ${folder}: its dataset lies outside the project, and a run keeps no such path\n` +
      "hint: name it with --data FOLDER; that it is the same dataset is checked",
  );
}

/**
 * The corrections of a run: those named, or the resumed run's own. A file may have grown in the meantime: the run learns
 * from what it had when it was started, unless others are forced.
 *
 * @throws {Error} if the run's own lie outside the project, or others are named.
 */
export function correctionsOf(
  { folder, force, corrections }: ResumeOptions & { readonly corrections?: readonly string[] | undefined },
  progress: RunProgress | null,
): CorrectionsFile[] {
  const named = corrections?.map((path) => ({ path }));
  if (progress === null) return named ?? [];
  const own = progress.corrections ?? [];
  if (named === undefined) {
    return own.map(({ path, records }) => {
      if (path !== null) return { path, records };
      throw new Error(
        `Cannot resume ${folder}: its corrections lie outside the project, and a run keeps no such path\n` +
          "hint: name each file with --corrections, in the order in which they were given",
      );
    });
  }
  if (force) return named;
  if (named.length !== own.length) {
    const count = own.length === 0 ? "no corrections" : `${own.length} corrections files`;
    refuse({ folder }, "corrections", [`there were ${count}, are ${named.length}`]);
  }
  return named.map(({ path }, i) => ({ path, records: own[i]!.records }));
}

/**
 * How the data of a resumed run differ from what it was trained on.
 *
 * @throws {Error} if they do, unless forced.
 */
export function checkSameData(
  before: Pick<RunProgress, "data">,
  { data, ...options }: ResumeOptions & { data: DataFingerprint },
): string[] {
  const changes = dataDifferences(before.data, data);
  refuse(options, "data", changes);
  return changes;
}

/**
 * The progress of a resumed run; restores its best model.
 *
 * @throws {Error} if the data differ, or the best model is lost, unless forced.
 */
export async function resumeProgress(
  checkpoint: Checkpoint,
  options: ResumeOptions & { config: TrainConfig; data: DataFingerprint; writes?: boolean | undefined },
  { onNote }: Pick<TrainCallbacks, "onNote">,
): Promise<RunProgress> {
  const { folder, force, config, data, writes = true } = options;
  const old = checkpoint.progress;
  const changes = checkSameData(old, { folder, force, data });
  let progress: RunProgress = { ...old, config, data };
  try {
    if (writes) await restoreBest(folder, checkpoint);
  } catch (error) {
    if (!force) throw error;
    onNote?.(`${(error as Error).message.split("\n")[0]}: the best epoch is chosen again from here on`);
    progress = { ...progress, best: null, stopping: NOT_STOPPING };
  }
  const before = completeTrainConfig(old.config);
  if (before.memory !== config.memory) {
    onNote?.(`--memory ${config.memory}: the last digits may differ from those of a run that never stopped`);
  }
  if (changes.length > 0 || changesOf(before, config).length > 0) {
    onNote?.(
      "forced: the run resumes with other settings or data, and is no longer the one that was started",
    );
    // Finished batches belong to an epoch of other data or other batches.
    progress = { ...progress, partial: null };
  }
  return progress;
}

/** Less memory is the way out of a full device: the same settings in other micro-batches. */
function changesOf(before: TrainConfig, now: TrainConfig): string[] {
  const { memory } = now;
  return configDifferences(memory === "low" ? { ...before, memory } : before, now);
}

function refuse({ folder, force }: ResumeOptions, what: string, differences: readonly string[]): void {
  if (differences.length === 0 || force) return;
  throw new Error(
    `Cannot resume ${folder} with other ${what}: ${differences.join("; ")}\n` +
      "hint: leave them as they were, start another run with --run, or resume anyway with --force",
  );
}
