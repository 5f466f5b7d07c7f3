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
import { createHash } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { writeFileAtomic } from "../fs/atomic_file.ts";
import { evaluatedSplit, evaluationNames, RUN_FILES } from "../fs/layout.ts";
import { removeTree } from "../fs/paths.ts";
import { isTemporaryName } from "../fs/temporary_name.ts";
import { modelParts } from "../unet/model_format.ts";
import { blockToState, parameterTable } from "../unet/parameters.ts";
import { type Checkpoint, checkpointParts, readCheckpoint } from "./checkpoint.ts";
import { networkConfig } from "./train_config.ts";
import { readWholeFile } from "../fs/whole_file.ts";

/** Pixels with a probability above this are foreground: what the metrics of training count by. */
const THRESHOLD = 0.5;

/**
 * Creates the folder of a new run.
 *
 * @throws {Error} if it holds a run already and `replace` is not set.
 */
export async function createRunFolder(
  folder: string,
  options: { replace?: boolean | undefined } = {},
): Promise<void> {
  if (!options.replace && await holdsRun(folder)) {
    throw new Error(
      `Cannot start a run in ${folder}: it holds one already\n` +
        "hint: resume it with --resume, give another folder with --run, or replace it with --force",
    );
  }
  await Deno.mkdir(folder, { recursive: true });
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

/** An empty log is left by a run that ended before its first checkpoint. */
async function holdsRun(folder: string): Promise<boolean> {
  const log = await Deno.stat(join(folder, RUN_FILES.metrics)).catch(orNull);
  const files = [RUN_FILES.best, RUN_FILES.checkpoint].map((name) =>
    Deno.stat(join(folder, name)).catch(orNull)
  );
  return (log?.size ?? 0) > 0 || (await Promise.all(files)).some((file) => file !== null);
}

/**
 * Reads the checkpoint of a run to resume; null if the run ended before its first checkpoint.
 *
 * @throws {Error} if there is no such run, or its checkpoint cannot be read.
 */
export async function reopenRunFolder(folder: string): Promise<Checkpoint | null> {
  if (await Deno.stat(folder).catch(orNull) === null) {
    throw new Error(`Cannot resume ${folder}: ${await describeRuns(dirname(folder))}`);
  }
  for await (const { name } of Deno.readDir(folder)) {
    // A process that is killed while it writes a checkpoint leaves a file of that size behind.
    if (isTemporaryName(name)) await Deno.remove(join(folder, name));
  }
  const path = join(folder, RUN_FILES.checkpoint);
  const bytes = await readWholeFile(path).catch(orNull);
  if (bytes === null) {
    if (!await holdsRun(folder)) return null;
    throw new Error(`Cannot resume ${folder}: it holds a run, but no ${RUN_FILES.checkpoint}`);
  }
  try {
    return readCheckpoint(bytes);
  } catch (error) {
    throw new Error(
      `Cannot resume ${folder}: ${(error as Error).message.split("\n")[0]}\n` +
        `hint: replace it with an intact ${RUN_FILES.checkpoint}, or start another run with --run`,
      { cause: error },
    );
  }
}

async function describeRuns(parent: string): Promise<string> {
  const runs: string[] = [];
  try {
    for await (const { name } of Deno.readDir(parent)) {
      if (await Deno.stat(join(parent, name, RUN_FILES.checkpoint)).catch(orNull)) {
        runs.push(join(parent, name));
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
  const model = isOfBestEpoch(checkpoint) ? bestParts(checkpoint) : null;
  const { progress } = checkpoint;
  const best = progress.best && model ? { ...progress.best, sha256: sha256(model) } : progress.best;
  const saved = { ...checkpoint, progress: { ...progress, best } };
  const parts = checkpointParts(saved);
  try {
    await writeFileAtomic(join(folder, RUN_FILES.checkpoint), parts, { prove: true });
    if (model) await writeFileAtomic(join(folder, RUN_FILES.best), model);
  } catch (error) {
    throw new Error(
      `Cannot save a checkpoint after epoch ${progress.epoch} in ${folder}: ${(error as Error).message}\n` +
        "hint: the last one is intact; fix the cause, then resume with --resume",
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
  if (bytes !== null && sha256([bytes]) === best.sha256) return;
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
      size: config.size,
      normalize: config.normalize,
      threshold: THRESHOLD,
      recipe: config.recipe,
      epoch: best!.epoch,
      metrics: best!.metrics,
      training: { ...config },
      data: { ...data },
      versions: { ...versions },
    },
  });
}

function sha256(parts: readonly Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

function orNull(error: unknown): null {
  if (error instanceof Deno.errors.NotFound) return null;
  throw error;
}
