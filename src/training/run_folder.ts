/**
 * The folder of a run: where a run may be started or resumed, and how its checkpoint and its best model stay consistent
 * whenever the process is killed.
 *
 * A checkpoint is written before the best model that it names. So the model on the disk is never of a later epoch than
 * the checkpoint, and if it is missing because the process ended between the two, the checkpoint's own weights are the
 * model's.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";
import { writeFileAtomic } from "../fs/atomic_file.ts";
import { FolderLock, HeldError } from "../fs/folder_lock.ts";
import { evaluatedSplit, evaluationNames, RUN_FILES, RUN_LOCK } from "../fs/layout.ts";
import { hashBytes } from "../fs/hash_bytes.ts";
import { ifFound, isTaken, removeTree } from "../fs/paths.ts";
import { escapeLine } from "../escape.ts";
import { isTemporaryName } from "../fs/temporary_name.ts";
import { classesOfRun } from "../dataset/classes.ts";
import { type ModelDescription, modelParts, ORIGINAL_INPUT } from "../unet/model_format.ts";
import { blockToState, parameterTable } from "../unet/parameters.ts";
import { isDiskFull, limitHint } from "../fs/write_failure.ts";
import { readWholeFile } from "../fs/whole_file.ts";
import {
  type Checkpoint,
  checkpointParts,
  readCheckpoint,
  readProgress,
  type RunProgress,
} from "./checkpoint.ts";
import { hashUncalibrated } from "./calibrated_model.ts";
import { allTexts, type Collective } from "./collective.ts";
import { shouldStop } from "./early_stopping.ts";
import { extentsOf, networkConfig, type TrainConfig } from "./train_config.ts";

/** A run's folder, which no other process can train in until it is closed. */
export interface OpenRun {
  /** The folder: the one asked for, or, if that holds a finished run, one with a number. */
  readonly folder: string;
  /** The checkpoint to resume; null for a new run. */
  readonly before: Checkpoint | null;
  /** Held by this process; null on a rank for which the first one holds it and writes. */
  readonly lock: FolderLock | null;
}

/** How a run's folder is opened. */
export interface OpenRunOptions {
  /** The folder. */
  readonly folder: string;
  /** Resume the run in it. */
  readonly resume?: boolean | undefined;
  /** Replace the run in it. */
  readonly force?: boolean | undefined;
  /** Gets a line for the user. */
  readonly onNote?: ((message: string) => void) | undefined;
}

/**
 * Opens a run's folder and holds its lock from before the first look at it. Closes it with {@linkcode closeRun}.
 *
 * A finished run is kept: a new one of its name gets a number, `NAME-2`.
 *
 * @throws {Error} if another process trains in it; if it holds an unfinished run and neither `resume` nor `force` is
 * set; if there is nothing to resume; or if the folder cannot be written.
 */
export async function openRun(options: OpenRunOptions): Promise<OpenRun> {
  const { folder, resume, force, onNote } = options;
  if (resume) await assertRun(folder);
  for (let number = 1;; number++) {
    const candidate = numbered(folder, number);
    const lock = await lockRun(candidate);
    try {
      if (resume) {
        const before = await reopenRunFolder(folder);
        lock.beat();
        return { folder, before, lock };
      }
      if (force || !await holdsRun(candidate)) {
        if (number > 1) onNote?.(goesElsewhere(folder, candidate));
        lock.beat();
        return { folder: candidate, before: null, lock };
      }
      if (!await isFinished(candidate)) {
        throw new Error(
          `Cannot start a run in ${candidate}: it holds one already, which is not finished\nhint: ${
            unfinishedHint(candidate)
          }`,
        );
      }
    } catch (error) {
      await closeRun({ folder: candidate, lock });
      throw error;
    }
    await closeRun({ folder: candidate, lock });
  }
}

/**
 * {@linkcode openRun} on one of several ranks: the first one opens the folder and tells the others which it is. Only it
 * may write there.
 */
export async function openRunOnRanks(collective: Collective, options: OpenRunOptions): Promise<OpenRun> {
  const isFirst = collective.rank === 0;
  const opened = isFirst ? await openRun(options) : null;
  const [folder] = await allTexts(collective, opened?.folder ?? "");
  return opened ??
    { folder: folder!, before: options.resume ? await reopenRunFolder(folder!) : null, lock: null };
}

/** What a new run in this folder will be told of its name, without writing anything; null if it is free. */
export async function describeNewRun(folder: string): Promise<string | null> {
  for (let number = 1;; number++) {
    const candidate = numbered(folder, number);
    if (!await holdsRun(candidate)) return number === 1 ? null : goesElsewhere(folder, candidate);
    if (!await isFinished(candidate)) {
      return `${candidate} holds a run that is not finished: ${unfinishedHint(candidate)}`;
    }
  }
}

function numbered(folder: string, number: number): string {
  return number === 1 ? folder : `${folder.replace(/[\\/]+$/, "")}-${number}`;
}

function goesElsewhere(folder: string, candidate: string): string {
  return `${folder} holds a finished run: this one goes to ${candidate}`;
}

function unfinishedHint(folder: string): string {
  return `resume it with --resume --run ${folder}, give another folder with --run, or replace it with --force`;
}

/** Releases a run's folder, and removes it if it is empty: made for a run that had no first checkpoint. */
export async function closeRun({ folder, lock }: Pick<OpenRun, "folder" | "lock">): Promise<void> {
  if (lock === null) return;
  await lock[Symbol.asyncDispose]();
  // Not a link to a folder elsewhere: that was made by the user.
  if ((await ifFound(Deno.lstat(folder)).catch(() => null))?.isDirectory) {
    await Deno.remove(folder).catch(() => {});
  }
}

/**
 * Checks that the run is still this process's.
 *
 * @throws {Error} if another process has taken it over, or the folder cannot be written.
 */
export async function checkLock(folder: string, lock: FolderLock | null): Promise<void> {
  await lock?.check().catch((error) => {
    throw lockError(folder, error);
  });
}

async function lockRun(folder: string): Promise<FolderLock> {
  try {
    await Deno.mkdir(folder, { recursive: true });
    return await FolderLock.take(join(folder, RUN_LOCK));
  } catch (error) {
    throw lockError(folder, error);
  }
}

function lockError(folder: string, error: unknown): unknown {
  if (error instanceof HeldError) return heldError(folder, error);
  if (!(error instanceof Error) || error instanceof Deno.errors.NotCapable) return error;
  const way = limitHint(error) ?? (isDiskFull(error) ? "free disk space" : "make it writable");
  return new Error(
    `Cannot write to the run's folder ${folder}: ${error.message.split("\n")[0]}\n` +
      `hint: ${way}, or give another folder with --run`,
    { cause: error },
  );
}

function heldError(folder: string, cause: HeldError): Error {
  return new Error(
    `Cannot train in ${folder}: another process is training there\n` +
      "hint: wait until it ends or stop it, or give another folder with --run",
    { cause },
  );
}

async function isFinished(folder: string): Promise<boolean> {
  if (await isTaken(join(folder, RUN_FILES.ensemble))) {
    return await isTaken(join(folder, RUN_FILES.ensembleSummary));
  }
  try {
    const { epoch, config, stopping, budget } = await readProgress(join(folder, RUN_FILES.checkpoint));
    return epoch >= config.epochs || shouldStop(stopping, config.patience) || budget?.spent === true;
  } catch {
    // Damaged, or lost.
    return false;
  }
}

/** Removes a run and its evaluations from its folder, and nothing else. */
export async function clearRunFolder(folder: string): Promise<void> {
  const names = new Set<string>(Object.values(RUN_FILES));
  for await (const { name } of Deno.readDir(folder)) {
    const split = evaluatedSplit(name);
    if (split !== null) Object.values(evaluationNames(split)).forEach((file) => names.add(file));
  }
  for (const name of names) await removeTree(join(folder, name));
}

/**
 * Whether a run's training is over and its best model is the one that its checkpoint names: there is nothing to resume.
 */
export async function isComplete(folder: string): Promise<boolean> {
  if (!await isFinished(folder)) return false;
  const { best } = await readProgress(join(folder, RUN_FILES.checkpoint));
  const bytes = await ifFound(readWholeFile(join(folder, RUN_FILES.best)));
  return best !== null && bytes !== null && hashUncalibrated(bytes) === best.sha256;
}

/** An empty log is left by a run that ended before its first checkpoint. */
async function holdsRun(folder: string): Promise<boolean> {
  const log = await Deno.stat(join(folder, RUN_FILES.metrics)).catch(orNull);
  const files = [RUN_FILES.best, RUN_FILES.checkpoint, RUN_FILES.ensemble].map((name) =>
    Deno.stat(join(folder, name)).catch(orNull)
  );
  return (log?.size ?? 0) > 0 || (await Promise.all(files)).some((file) => file !== null);
}

/** Removes what a process that was killed while it wrote left in a run's folder: files as large as a checkpoint. */
export async function removeTorn(folder: string): Promise<void> {
  for await (const { name } of Deno.readDir(folder)) {
    if (isTemporaryName(name)) await removeTree(join(folder, name));
  }
}

/** @throws {Error} naming the existing runs if this is none. */
async function assertRun(folder: string): Promise<void> {
  if (await Deno.stat(folder).catch(orNull) !== null) return;
  throw new Error(`Cannot resume ${folder}: ${await describeRuns(dirname(folder))}`);
}

/**
 * Reads the progress of a run to resume, without its blocks and without writing anything; null if the run ended before
 * its first checkpoint.
 *
 * @throws {Error} if there is no such run, or its checkpoint cannot be read.
 */
export async function readRunProgress(folder: string): Promise<RunProgress | null> {
  await assertRun(folder);
  return await readStored(folder, (path) => ifFound(readProgress(path)));
}

/**
 * Reads the checkpoint of a run to resume; null if the run ended before its first checkpoint.
 *
 * @throws {Error} if there is no such run, or its checkpoint cannot be read.
 */
export async function reopenRunFolder(folder: string): Promise<Checkpoint | null> {
  await assertRun(folder);
  return await readStored(folder, async (path) => {
    const bytes = await ifFound(readWholeFile(path));
    return bytes && readCheckpoint(bytes);
  });
}

async function readStored<T>(folder: string, read: (path: string) => Promise<T | null>): Promise<T | null> {
  let stored: T | null;
  try {
    stored = await read(join(folder, RUN_FILES.checkpoint));
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    throw new Error(
      `Cannot resume ${folder}: ${(error as Error).message.split("\n")[0]}\n` +
        `hint: replace it with an intact ${RUN_FILES.checkpoint}, or start another run with --run`,
      { cause: error },
    );
  }
  if (stored !== null || !await holdsRun(folder)) return stored;
  throw new Error(
    `Cannot resume ${folder}: it holds a run, but no ${RUN_FILES.checkpoint}\n` +
      "hint: put it back, or replace the run with --force instead of --resume",
  );
}

async function describeRuns(parent: string): Promise<string> {
  const runs: string[] = [];
  try {
    for await (const { name } of Deno.readDir(parent)) {
      if (await Deno.stat(join(parent, name, RUN_FILES.checkpoint)).catch(orNull)) {
        runs.push(escapeLine(join(parent, name)));
      }
    }
  } catch (error) {
    orNull(error);
  }
  const hint = runs.length > 0 ? `there are ${runs.sort().join(", ")}` : "omit --resume to start a run there";
  return `there is no such run\nhint: ${hint}`;
}

/**
 * Saves a checkpoint and, if its last epoch is the best so far, that epoch's model. Returns the checkpoint as it was
 * saved.
 *
 * The old checkpoint stays until the new one is flushed and verified by reading it back: a full disk never costs one.
 *
 * @throws {Error} if the disk is full or fails.
 * @throws {RangeError} if the state is not finite.
 */
export async function saveCheckpoint(folder: string, checkpoint: Checkpoint): Promise<Checkpoint> {
  const { progress } = checkpoint;
  const complete = progress.best?.plainSha256 !== undefined;
  const model = isOfBestEpoch(checkpoint) && !complete ? bestParts(checkpoint) : null;
  const best = progress.best && model ? { ...progress.best, sha256: hashBytes(...model) } : progress.best;
  const saved = { ...checkpoint, progress: { ...progress, best } };
  const parts = checkpointParts(saved);
  try {
    await writeFileAtomic(join(folder, RUN_FILES.checkpoint), parts, { prove: true });
    if (model) await writeFileAtomic(join(folder, RUN_FILES.best), model);
  } catch (error) {
    const way = limitHint(error) ?? (isDiskFull(error) ? "free disk space" : "fix the cause");
    const hint = await isTaken(join(folder, RUN_FILES.checkpoint))
      ? `the last one is intact; ${way}, then resume with --resume`
      : `nothing was trained yet; ${way}, then start again`;
    throw new Error(
      `Cannot save a checkpoint after epoch ${progress.epoch} in ${folder}: ${
        (error as Error).message.split("\n")[0]
      }\nhint: ${hint}`,
      { cause: error },
    );
  }
  return saved;
}

/**
 * Writes the best model that the checkpoint names, if it is missing or another.
 *
 * @throws {Error} if the checkpoint is of a later epoch and so does not have its weights.
 */
export async function restoreBest(folder: string, checkpoint: Checkpoint): Promise<void> {
  const { best } = checkpoint.progress;
  const path = join(folder, RUN_FILES.best);
  if (best === null) return;
  const bytes = await readWholeFile(path).catch(orNull);
  if (bytes !== null && [best.sha256, best.plainSha256].includes(hashUncalibrated(bytes))) return;
  if (!isOfBestEpoch(checkpoint)) {
    throw new Error(
      `Cannot resume ${folder}: its ${basename(path)} is ${
        bytes === null ? "missing" : "not that of epoch " + best.epoch
      }\n` +
        "hint: put it back, or choose a new best epoch from here on with --force",
    );
  }
  await writeFileAtomic(path, bestParts(checkpoint));
}

/** Whether the best epoch is the last one, so that its weights are in the checkpoint. */
function isOfBestEpoch({ progress: { best, epoch, partial } }: Checkpoint): boolean {
  return best !== null && best.epoch === epoch && partial === null;
}

function bestParts({ progress, trainer }: Checkpoint): Uint8Array[] {
  const { config, best, data, versions } = progress;
  const network = networkConfig(config);
  return modelParts({
    state: blockToState(parameterTable(network), trainer.average ?? trainer.weights),
    description: {
      network,
      ...extentsOf(config),
      normalize: config.normalize,
      range: data.train.range,
      // What the metrics of training count by.
      threshold: ORIGINAL_INPUT.threshold,
      ...describeClasses(config),
      recipe: config.recipe,
      epoch: best!.epoch,
      metrics: best!.metrics,
      training: { ...config },
      data: { ...data },
      versions: { ...versions },
    },
  });
}

/** Nothing for the one class of a run that names none. */
function describeClasses(config: TrainConfig): Pick<ModelDescription, "classes" | "ignored"> {
  if (config.classes === undefined) return {};
  const { classes, ignored } = classesOfRun(config);
  return { classes, ...(ignored.length > 0 ? { ignored } : {}) };
}

function orNull(error: unknown): null {
  if (error instanceof Deno.errors.NotFound) return null;
  throw error;
}
