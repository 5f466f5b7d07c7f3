/**
 * Starting from a trained model: its weights, and the settings that they are worth nothing without.
 *
 * @module
 */
import { basename } from "node:path";
import { LOSS_NAMES, type LossName } from "../../kernels/loss/definition.ts";
import { showNames, similar, unionText } from "../dataset/class_names.ts";
import type { CategoryNames, ClassOptions } from "../dataset/classes.ts";
import { withinProject } from "../fs/paths.ts";
import type { ClassSpec } from "../image/class_spec.ts";
import type { SampleRange } from "../image/image.ts";
import { formatSize } from "../image/input_frame.ts";
import { findModelFile, type LoadedModel, loadModel } from "../prediction/load_model.ts";
import type { StateDict } from "../tensor.ts";
import { classCount, depthOf, headOf } from "../unet/config.ts";
import { AUTO_RECIPE, completeTrainConfig, RECIPES } from "./recipe.ts";
import type { InitOrigin, TrainConfig } from "./train_config.ts";

/** A model to start from. */
export interface InitModel {
  /** The weights. */
  readonly state: StateDict;
  /** The settings of the run: the model's, and those that were given. */
  readonly config: Partial<TrainConfig>;
  /** The classes by name, and the categories that they unite; null for a model that names none. */
  readonly classes: { readonly specs: readonly ClassSpec[]; readonly ignored: readonly string[] } | null;
  /** Lines for the user. */
  readonly notes: readonly string[];
}

/** Settings that are the model's, with their flags: other values are refused. */
const FIXED = {
  filters: "--filters",
  depth: "--depth",
  norm: "--norm",
  head: "--head",
  normalize: "--normalize",
} as const;

/** By this a recipe's learning rate is divided: the weights are close to where they should be. */
const SLOWER = 10;

/**
 * Reads a model to start from: a file, or the folder of a run. Filters, depth, normalization layers, head, classes and, if the
 * file states it, the normalization of images are the model's; recipe, loss, input size and dropout are, unless others
 * are given. The learning rate defaults to a tenth of the recipe's.
 *
 * @throws {Error} if the model cannot be read, or a setting is given that contradicts it
 */
export async function readInit(
  choice: string,
  given: Partial<TrainConfig>,
  classes: ClassOptions = {},
): Promise<InitModel> {
  const path = await findModelFile({ model: choice });
  const model = await loadModel(path);
  const { description, described, state } = model;
  const { network, normalize, range, size, height, fit, patch, scale } = description;
  const training = (description.training ?? {}) as Partial<Record<keyof TrainConfig, unknown>>;
  const own: Partial<TrainConfig> = {
    filters: network.filters,
    depth: depthOf(network),
    norm: network.norm,
    head: headOf(network),
    ...(described ? { normalize } : {}),
  };
  for (const [name, flag] of Object.entries(FIXED) as [keyof typeof FIXED, string][]) {
    const [wanted, is] = [given[name], own[name]];
    if (wanted === undefined || is === undefined || wanted === is) continue;
    throw new RangeError(
      `Cannot start from ${JSON.stringify(path)} with ${name} ${wanted}: the model has ${is}\n` +
        `hint: leave ${flag} out, it follows the model; or leave --init out to train a new one`,
    );
  }
  const trainedBy = known(training.recipe, Object.keys(RECIPES)) ?? "original";
  // Choosing settings for a dataset has to be asked for.
  const recipe = given.recipe ?? (trainedBy === AUTO_RECIPE ? "strong" : trainedBy);
  const loss = known(training.loss, LOSS_NAMES) as LossName | undefined;
  const config: Partial<TrainConfig> = {
    size,
    ...(given.size === undefined && height !== undefined ? { height } : {}),
    ...(fit === undefined || given.patch !== undefined ? {} : { fit }),
    ...(patch === undefined || given.size !== undefined
      ? {}
      : { patch, ...(scale === undefined ? {} : { scale }) }),
    dropout: network.dropout,
    // Rounded, so that it reads as a person would write it.
    learningRate: Number((completeTrainConfig({ recipe }).learningRate / SLOWER).toPrecision(3)),
    ...(loss === undefined ? {} : { loss }),
    ...(described ? {} : { normalize }),
    ...given,
    ...own,
    recipe,
    init: originOf(model, range),
  };
  const trained = formatSize({ size, height });
  const now = formatSize({ size: config.size!, height: config.height });
  const notes = [
    ...(trained === now ? [] : [`the model was trained at size ${trained}, this run is at ${now}`]),
    ...(described || given.normalize !== undefined ? [] : [
      `${path} does not say how its images were treated: ${normalize} normalization and size ${now} are ` +
      "assumed (--normalize, --size)",
    ]),
  ];
  return { state, config, notes, classes: classesOf(model, classes) };
}

function known(value: unknown, values: readonly string[]): string | undefined {
  return values.find((each) => each === value);
}

function originOf({ path, sha256 }: LoadedModel, range: SampleRange | undefined): InitOrigin {
  return { model: withinProject(path) ?? basename(path), sha256, ...(range ? { range } : {}) };
}

/** The classes of the model; throws if others were asked for. */
function classesOf(
  { path, description }: LoadedModel,
  { classes: wanted, merge, binary }: ClassOptions,
): InitModel["classes"] {
  const specs = description.classes;
  const count = classCount(description.network);
  const refuse = (what: string, hint: string) =>
    new RangeError(`Cannot start from ${JSON.stringify(path)} ${what}\nhint: ${hint}`);
  if (specs === undefined) {
    if (wanted !== undefined && wanted.length !== count) {
      throw refuse(`with ${wanted.length} classes: the model has ${count}`, "name as many with --classes");
    }
    if (count > 1 && wanted === undefined) {
      throw refuse(
        `without names: the model tells ${count} classes apart and names none`,
        "name them with --classes, in the order of its channels",
      );
    }
    return null;
  }
  const names = specs.map(({ name }) => name);
  const isOther = wanted !== undefined &&
    (wanted.length !== count || wanted.some((name) => similar(name, names) === undefined));
  if (isOther || merge !== undefined || binary) {
    const what = isOther ? `classes ${showNames(wanted)}` : "other unions of categories";
    throw refuse(
      `with ${what}: the model tells ${showNames(names)} apart`,
      "leave --classes, --merge and --binary out, they follow the model",
    );
  }
  return { specs, ignored: description.ignored ?? [] };
}

/**
 * The classes of a model as they are chosen in a dataset: by name, or by the names of the categories that they united.
 *
 * @throws {RangeError} for a class that the dataset does not list: what it shows would be taught as background
 */
export function matchInit(
  { specs, ignored }: NonNullable<InitModel["classes"]>,
  { listed }: CategoryNames,
  model: string,
): ClassOptions {
  const merge: string[] = [];
  for (const { name, categories = [name] } of specs) {
    const same = similar(name, listed);
    const parts = same === undefined ? categories.map((part) => similar(part, listed)) : [same];
    const found = parts.filter((part) => part !== undefined);
    if (found.length < parts.length) {
      throw new RangeError(
        `Cannot start from ${JSON.stringify(model)}: no category of the dataset is its class ` +
          `${showNames([name])}, they are ${showNames(listed)}\n` +
          "hint: list that category in the annotation files, or train a new model without --init",
      );
    }
    if (found.length > 1 || found[0] !== name) merge.push(unionText(name, found));
  }
  const lost = ignored.flatMap((name) => similar(name, listed) ?? []);
  if (lost.length > 0) merge.push(unionText("ignore", lost));
  return { classes: specs.map(({ name }) => name), ...(merge.length > 0 ? { merge } : {}) };
}
