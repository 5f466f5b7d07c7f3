/**
 * Which model a task takes, and what it reads of the file.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { type ModelDescription, readModel, type StoredModel } from "../unet/model_format.ts";
import { FOLDERS, RUN_FILES } from "../fs/layout.ts";
import { ifFound, listFolder } from "../fs/paths.ts";
import { readWholeFile } from "../fs/whole_file.ts";

const BEST = RUN_FILES.best;

/** What a task is told of the model that it is to take. */
export interface ModelChoice {
  /** A model file, or the folder of a run. */
  readonly model?: string | undefined;
  /** The folder of a run. */
  readonly run?: string | undefined;
  /** The folder of runs, whose newest model is taken where nothing is named; `runs` unless given. */
  readonly runs?: string | undefined;
}

/** A model with where it comes from. */
export interface LoadedModel extends StoredModel {
  /** The file's path as it was named. */
  readonly path: string;
  /** SHA-256 of the file, in hexadecimal digits. */
  readonly sha256: string;
}

/** What is worth telling of a model beside its results. */
export interface ModelOrigin {
  /** The file's path as it was named. */
  readonly file: string;
  /** SHA-256 of the file, in hexadecimal digits. */
  readonly sha256: string;
  /** The recipe that it was trained by; null where unknown. */
  readonly recipe: string | null;
  /** The epoch that the weights are of; null where unknown. */
  readonly epoch: number | null;
  /** The network's settings. */
  readonly network: ModelDescription["network"];
  /** Height and width that images are resized to. */
  readonly size: number;
  /** How images are normalised. */
  readonly normalize: ModelDescription["normalize"];
  /** Whether the file says all this; where not, size and normalisation are the original's. */
  readonly described: boolean;
}

/**
 * The path of the model file that is meant: the named one, a run's best, or the newest run's best.
 *
 * @throws {Error} where there is none, with the way out.
 */
export async function findModelFile({ model, run, runs = FOLDERS.runs }: ModelChoice): Promise<string> {
  if (model !== undefined && !(await isFolder(model))) return model;
  const folder = model ?? run;
  if (folder === undefined) return await newestModel(runs);
  const path = join(folder, BEST);
  if (await modifiedAt(path) !== null) return path;
  throw new Error(
    `Cannot find a model in ${JSON.stringify(folder)}: it has no ${BEST}\n` +
      "hint: a run has one after its first epoch; --model FILE takes any other",
  );
}

/**
 * Reads a model file: a run's safetensors, any other, or a PyTorch checkpoint.
 *
 * @throws {Error} where it cannot be read, or holds no network that makes one mask of a colour image.
 */
export async function loadModel(path: string): Promise<LoadedModel> {
  try {
    const bytes = await readWholeFile(path);
    const model = await readModel(bytes);
    const { inChannels, outChannels } = model.description.network;
    if (inChannels !== 3 || outChannels !== 1) {
      throw new TypeError(
        `its network makes ${outChannels} masks of ${inChannels} channels, expected 1 of 3 (a colour image)`,
      );
    }
    return { ...model, path, sha256: createHash("sha256").update(bytes).digest("hex") };
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    const reason = error instanceof Deno.errors.NotFound
      ? "there is no such file\nhint: --run names a run's folder, --model a file"
      : (error as Error).message;
    throw new Error(`Cannot load the model ${JSON.stringify(path)}: ${reason}`, { cause: error });
  }
}

/** What is worth telling of a model beside its results. */
export function modelOrigin({ path, sha256, description, described }: LoadedModel): ModelOrigin {
  const { recipe, epoch, network, size, normalize } = description;
  return {
    file: path,
    sha256,
    recipe: recipe ?? null,
    epoch: epoch ?? null,
    network,
    size,
    normalize,
    described,
  };
}

/** The model that was written last among the runs; of equally old ones, the last by name. */
async function newestModel(runs: string): Promise<string> {
  const models: { path: string; time: number }[] = [];
  for (const { name } of await listFolder(runs)) {
    const path = join(runs, name, BEST);
    const time = await modifiedAt(path);
    if (time !== null) models.push({ path, time });
  }
  models.sort((a, b) => a.time - b.time || (a.path < b.path ? -1 : 1));
  const newest = models.at(-1);
  if (newest !== undefined) return newest.path;
  throw new Error(
    `Cannot find a model: no run in ${JSON.stringify(runs)} has a ${BEST}\n` +
      "hint: `deno task train` makes one; --model FILE takes a .safetensors or .pth file",
  );
}

/** When a file was written, in milliseconds; null where there is none. */
async function modifiedAt(path: string): Promise<number | null> {
  const info = await ifFound(Deno.stat(path));
  return info && (info.mtime?.getTime() ?? 0);
}

async function isFolder(path: string): Promise<boolean> {
  return (await ifFound(Deno.stat(path)))?.isDirectory ?? false;
}
