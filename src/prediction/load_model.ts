/**
 * Finds and loads the model that a task uses.
 *
 * @module
 */
import { hashBytes } from "../fs/hash_bytes.ts";
import { dirname, join } from "node:path";
import type { SampleRange } from "../image/image.ts";
import { type Fit, formatSize } from "../image/input_frame.ts";
import { NORMALIZATIONS } from "../image/normalize.ts";
import { isSampleRange } from "../image/sample_range.ts";
import { DEPTHS, headOf, MAX_SIZE, sizeStep } from "../unet/config.ts";
import { parameterTable } from "../unet/parameters.ts";
import { modelClasses } from "../unet/model_classes.ts";
import {
  type Model,
  type ModelDescription,
  readModel,
  readSidecar,
  sidecarOf,
  type StoredModel,
} from "../unet/model_format.ts";
import { findShippedModel, SHIPPED_MODEL } from "./shipped_model.ts";
import { FOLDERS, RUN_FILES } from "../fs/layout.ts";
import { memberFiles, readEnsembleFile } from "./ensemble_file.ts";
import { ifFound, listFolder } from "../fs/paths.ts";
import { readWholeFile } from "../fs/whole_file.ts";

const BEST = RUN_FILES.best;

/** What an input may be: multiples of `step` in pixels, or of more for a deeper network, the ways to normalize, and ranges of samples. */
export const INPUT_CHOICES: {
  readonly step: number;
  readonly max: number;
  readonly normalizations: typeof NORMALIZATIONS;
  readonly isRange: (value: unknown) => value is SampleRange;
} = { step: 2 ** DEPTHS.least, max: MAX_SIZE, normalizations: NORMALIZATIONS, isRange: isSampleRange };

/** Settings that take the place of a model's own. */
export type InputSettings = Partial<Pick<ModelDescription, "size" | "height" | "normalize" | "range">>;

/** A description has some kilobytes. */
const MAX_SIDECAR_BYTES = 2 ** 20;

/** Most names of classes in a line. */
const MOST_CLASSES = 8;

/** How a task is told which model to use. */
export interface ModelChoice {
  /** A model file, or the folder of a run. */
  readonly model?: string | undefined;
  /** The folder of a run. */
  readonly run?: string | undefined;
  /** The folder of runs whose newest model is the default; defaults to `runs`. */
  readonly runs?: string | undefined;
  /** The model that comes with the program, the default without a run; defaults to `models/brain-tumor.safetensors`. */
  readonly shipped?: string | undefined;
}

/** A model and its origin. */
export interface LoadedModel extends StoredModel {
  /** The path of the file as given. */
  readonly path: string;
  /** SHA-256 of the file, in hexadecimal digits. */
  readonly sha256: string;
}

/** The description of a model in results. */
export interface ModelOrigin {
  /** The path of the file as given. */
  readonly file: string;
  /** SHA-256 of the file, in hexadecimal digits. */
  readonly sha256: string;
  /** The training recipe; null if unknown. */
  readonly recipe: string | null;
  /** The epoch of the weights; null if unknown. */
  readonly epoch: number | null;
  /** The configuration of the network. */
  readonly network: ModelDescription["network"];
  /** The width and height that images are resized to, in pixels; if `height` is given, the width only. */
  readonly size: number;
  /** The height that images are resized to; absent for that of a square. */
  readonly height?: number;
  /** How images fit the input; absent for `stretch`. */
  readonly fit?: Fit;
  /** The width and height of windows, if images are read in such. */
  readonly patch?: number;
  /** Their resolution relative to the image's own; absent for 1. */
  readonly scale?: number;
  /** How images are normalized. */
  readonly normalize: ModelDescription["normalize"];
  /** By what logits are divided; absent for a model that is not calibrated. */
  readonly temperature?: readonly number[];
  /** Whether the file, or the sidecar next to it, states all this; if not, what was not given is the original's. */
  readonly described: boolean;
}

/**
 * The path of the model file: the one given, the best of the given run, the best of the newest run, or the
 * one that comes with the program.
 *
 * @throws {Error} if there is none, with a hint
 */
export async function findModelFile(
  { model, run, runs = FOLDERS.runs, shipped }: ModelChoice,
): Promise<string> {
  if (model !== undefined && !(await isFolder(model))) return model;
  const folder = model ?? run;
  if (folder === undefined) {
    return await newestModel(runs) ?? await findShippedModel(shipped) ?? missing(runs, shipped);
  }
  const path = join(folder, BEST);
  if (await modifiedAt(path) !== null) return path;
  const several = await readEnsembleFile(folder);
  if (several !== null) {
    const [first] = memberFiles(folder, several);
    throw new Error(
      `Cannot find the model of ${JSON.stringify(folder)}: it holds ${several.count} models, not one\n` +
        `hint: name one of them, such as ${dirname(first!)}; predict and evaluate take them together`,
    );
  }
  throw new Error(
    `Cannot find a model in ${JSON.stringify(folder)}: it has no ${BEST}\n` +
      "hint: a run has one after its first epoch; --model FILE uses any other file",
  );
}

/**
 * Loads a model file: safetensors, of a run or any other, or a PyTorch checkpoint. A file that does not describe its
 * model may have a sidecar, `FILE.json`, that does; `input` takes the place of either.
 *
 * @throws {Error} if it cannot be read, its network does not take color images, or its classes are not those named
 */
export async function loadModel(path: string, input: InputSettings = {}): Promise<LoadedModel> {
  try {
    const bytes = await readWholeFile(path);
    const sha256 = hashBytes(bytes);
    const stored = await readModel(bytes);
    const model = { ...stored, ...(stored.described ? null : await loadSidecar(path, stored, sha256)) };
    return { ...model, description: completeDescription(model.description, input), path, sha256 };
  } catch (error) {
    throw loadFault(path, error);
  }
}

/** What is thrown for a model that cannot be loaded. */
export function loadFault(path: string, error: unknown): unknown {
  if (error instanceof Deno.errors.NotCapable) return error;
  const reason = error instanceof Deno.errors.NotFound
    ? "no such file\nhint: --run takes the folder of a run, --model a file"
    : (error as Error).message;
  return new Error(`Cannot load the model ${JSON.stringify(path)}: ${reason}`, { cause: error });
}

/**
 * A model's description with `input` in place of its own, checked: it takes color images of that size, and its classes
 * are those named.
 *
 * @throws {TypeError | RangeError} if not
 */
export function completeDescription(description: ModelDescription, input: InputSettings): ModelDescription {
  const { inChannels } = description.network;
  if (inChannels !== 3) {
    throw new TypeError(`its network takes images of ${inChannels} channels, expected 3 (a color image)`);
  }
  modelClasses(description);
  return withInput(description, input);
}

function withInput(description: ModelDescription, input: InputSettings): ModelDescription {
  const { size, height = size } = input;
  if (size === undefined || height === undefined) return { ...description, ...input };
  const step = sizeStep(description.network);
  const nearest = (extent: number) => Math.max(1, Math.round(extent / step)) * step;
  if (size % step !== 0 || height % step !== 0) {
    const way = formatSize({ size: nearest(size), height: nearest(height) });
    throw new RangeError(
      `its network takes sizes that are multiples of ${step}, not ${formatSize({ size, height })}\n` +
        `hint: --size ${way} is the nearest`,
    );
  }
  const square = { ...description, ...input, height: height === size ? undefined : height };
  if (description.patch === undefined) return square;
  if (height === size) return { ...square, patch: size };
  throw new RangeError(
    `its network reads windows of ${description.patch} pixels\nhint: give one number with --size`,
  );
}

/**
 * The description in the sidecar of a weights file; null without one.
 *
 * @throws {Error} if it is damaged or describes another file
 */
export async function loadSidecar(
  path: string,
  model: Model,
  sha256: string,
): Promise<Pick<StoredModel, "description" | "described"> | null> {
  const sidecar = sidecarOf(path);
  const info = await ifFound(Deno.stat(sidecar));
  if (info === null || !info.isFile) return null;
  try {
    if (info.size > MAX_SIDECAR_BYTES) {
      throw new RangeError(`it has ${info.size} bytes, the limit is ${MAX_SIDECAR_BYTES}`);
    }
    const text = new TextDecoder("utf-8", { fatal: true }).decode(await readWholeFile(sidecar));
    return readSidecar(text, model, sha256);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    throw new Error(`${JSON.stringify(sidecar)}: ${(error as Error).message}`, { cause: error });
  }
}

/** Bytes of a model's weights as float32. */
export function weightBytes({ network }: Pick<ModelDescription, "network">): number {
  return 4 * parameterTable(network).count;
}

/** Describes a model for results. */
export function modelOrigin({ path, sha256, description, described }: LoadedModel): ModelOrigin {
  const { recipe, epoch, network, size, height, fit, patch, scale, normalize, calibration } = description;
  return {
    file: path,
    sha256,
    recipe: recipe ?? null,
    epoch: epoch ?? null,
    network,
    size,
    ...(height === undefined ? {} : { height }),
    ...(fit === undefined ? {} : { fit }),
    ...(patch === undefined ? {} : { patch }),
    ...(scale === undefined ? {} : { scale }),
    normalize,
    ...(calibration === undefined ? {} : { temperature: calibration.temperature }),
    described,
  };
}

/** Several classes of a model, and whether they exclude each other; nothing for one. */
export function describeClasses(description: ModelDescription): string[] {
  const classes = modelClasses(description).map(({ name }) => name);
  if (classes.length === 1) return [];
  const kind = headOf(description.network) === "softmax" ? "classes" : "classes that may overlap";
  const names = classes.slice(0, MOST_CLASSES).join(", ");
  return [`${classes.length} ${kind} (${names}${classes.length > MOST_CLASSES ? ", ..." : ""})`];
}

/** The most recent model of all runs; among equally old ones, the last by name. Null if there is none. */
async function newestModel(runs: string): Promise<string | null> {
  const models: { path: string; time: number }[] = [];
  for (const { name } of await listFolder(runs)) {
    // Of a run of folds or seeds, the first model stands for all.
    for (const inner of ["", `${RUN_FILES.folds}/0`, `${RUN_FILES.seeds}/0`]) {
      const path = join(runs, name, inner, BEST);
      const time = await modifiedAt(path);
      if (time !== null) models.push({ path, time });
    }
  }
  models.sort((a, b) => a.time - b.time || (a.path < b.path ? -1 : 1));
  return models.at(-1)?.path ?? null;
}

function missing(runs: string, shipped: string = SHIPPED_MODEL): never {
  throw new Error(
    `Cannot find a model: no run in ${JSON.stringify(runs)} has a ${BEST}, and ${shipped} is missing\n` +
      "hint: `deno task train` makes one; --model FILE uses a .safetensors or .pth file",
  );
}

/** The modification time of a file in milliseconds; null if it does not exist. */
async function modifiedAt(path: string): Promise<number | null> {
  const info = await ifFound(Deno.stat(path));
  return info && (info.mtime?.getTime() ?? 0);
}

async function isFolder(path: string): Promise<boolean> {
  return (await ifFound(Deno.stat(path)))?.isDirectory ?? false;
}
