/**
 * The classes and the head of a run: from what was asked for, or from the annotations of both splits.
 *
 * @module
 */
import { type Head, LOSSES } from "../../kernels/loss/definition.ts";
import { isBackgroundName, isIgnoreName, showNames, similar } from "../dataset/class_names.ts";
import { findClassOverlap, type OpenSplit } from "../dataset/class_overlaps.ts";
import {
  categoryNames,
  chooseClasses,
  classesOfRun,
  type ClassOptions,
  type ClassTable,
  keptClasses,
  plainTable,
} from "../dataset/classes.ts";
import { IGNORE } from "../image/label_map.ts";
import { type InitModel, matchInit } from "./init_model.ts";
import { configDifferences, type TrainConfig } from "./train_config.ts";

/** The classes of a run. */
export interface RunClasses {
  /** How annotations become labels. */
  readonly table: ClassTable;
  /** Whether classes exclude each other. */
  readonly head: Head;
  /** The settings of the run, with its classes and its head. */
  readonly config: TrainConfig;
}

/** What is known of the classes before the annotations are. */
export interface RunClassesOptions {
  /** What the user asked for. */
  readonly given?: ClassOptions | undefined;
  /** The classes of the model that a new run starts from; null if it names none. */
  readonly init?: InitModel["classes"] | undefined;
  /** The folder of the run that is resumed, whose settings are given; null for a new run. */
  readonly resumes: string | null;
  /** Folder for what is known of overlaps; null for none. */
  readonly cacheFolder: string | null;
  /** Gets lines for the user. */
  readonly onNote?: ((message: string) => void) | undefined;
  /** Aborts the work. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Chooses the classes over the training and the validation split, by name, and the head: a softmax if no two classes
 * overlap in any image. A run that is resumed keeps both.
 *
 * @throws {RangeError} if a class is none of the dataset's, or the training split outlines none.
 * @throws {Error} if a resumed run would get other classes.
 */
export async function chooseRunClasses(
  splits: readonly OpenSplit[],
  config: TrainConfig,
  options: RunClassesOptions,
): Promise<RunClasses> {
  const { given = {}, resumes, onNote } = options;
  const names = categoryNames(splits.map(({ listing }) => listing));
  const ofInit = options.init && config.init ? matchInit(options.init, names, config.init.model) : {};
  const wanted: ClassOptions = { ...given, classes: ofInit.classes ?? given.classes ?? config.classes };
  const unions = ofInit.merge ?? given.merge ?? config.merge;
  const isAsked = wanted.classes !== undefined || unions !== undefined || wanted.binary === true;
  if (resumes !== null) refuseLost(resumes, config, names.listed);
  // A run without classes was trained on the union of all, and so is one that starts from such a model.
  const isPlain = resumes !== null || (config.init !== undefined && options.init === null);
  const table = isPlain && !isAsked
    ? plainTable()
    : chooseClasses(names, { ...wanted, ...(unions ? { merge: unions } : {}) });
  if (
    table.isPlain && names.outlined.length > 0 && names.outlined.every((name) => !showsClass(table, name))
  ) {
    throw new Error(
      `Cannot train on these annotations: the only categories with outlines are ${
        showNames(names.outlined)
      }, ` +
        "which are no classes\nhint: deno task inspect lists the categories; rename those that are meant as classes",
    );
  }
  const chosen: TrainConfig = { ...config };
  delete chosen.classes;
  delete chosen.merge;
  if (!table.isPlain) Object.assign(chosen, keptClasses(table));
  if (resumes !== null) refuseOthers(resumes, config, chosen);
  if (!table.isPlain) {
    onNote?.(describeClasses(table, names.outlined, isAsked));
    const missing = missingClasses(splits[0]!, table);
    if (missing.length > 0) onNote?.(`no annotation of ${splits[0]!.split.name} shows ${showNames(missing)}`);
  }
  const ignored = names.outlined.filter((name) => isIgnoreName(name) || table.ignored.includes(name));
  if (ignored.length > 0) {
    onNote?.(`pixels of ${showNames(ignored)} count neither in the loss nor in metrics`);
  }
  const head = config.head ?? await chooseHead(splits, table, config, options);
  delete chosen.head;
  // One class has a sigmoid unless a softmax was asked for, and files of such runs do not say so.
  if (table.classes.length > 1 || head === "softmax") chosen.head = head;
  return { table, head, config: chosen };
}

function showsClass(table: ClassTable, category: string): boolean {
  return table.labelsOf(category).some((label) => label !== IGNORE);
}

async function chooseHead(
  splits: readonly OpenSplit[],
  table: ClassTable,
  { loss }: TrainConfig,
  { cacheFolder, signal, onNote }: RunClassesOptions,
): Promise<Head> {
  if (table.classes.length === 1) return "sigmoid";
  if (!LOSSES[loss].softmax) {
    onNote?.(`head sigmoid: the loss ${loss} has no form for exclusive classes`);
    return "sigmoid";
  }
  const overlap = await findClassOverlap(splits, table, { cacheFolder, signal });
  if (overlap === null) {
    onNote?.("head softmax: no two classes overlap in any image");
    return "softmax";
  }
  const { classes, image, pixels } = overlap;
  onNote?.(
    `head sigmoid: ${
      showNames(classes)
    } overlap in ${image} (${pixels} pixels); with --head softmax the later ` +
      "annotation wins",
  );
  return "sigmoid";
}

function describeClasses(table: ClassTable, outlined: readonly string[], isAsked: boolean): string {
  const count = table.classes.length;
  const classes = `${count === 1 ? "1 class" : `${count} classes`}: ${showNames(table.names)}`;
  if (!isAsked) {
    return `${classes}: all outlined categories; --classes picks, --merge unites, --binary makes one`;
  }
  const left = outlined.filter((name) =>
    table.labelsOf(name).length === 0 && !isBackgroundName(name) && !isIgnoreName(name)
  );
  return left.length === 0 ? classes : `${classes}; background: ${showNames(left)}`;
}

/** The dataset may have changed: what a run was trained on must be there by name. */
function refuseLost(folder: string, { classes = [], merge }: TrainConfig, listed: readonly string[]): void {
  const specs = classesOfRun({ classes, ...(merge ? { merge } : {}) }).classes;
  const lost = specs.flatMap(({ name, categories = [name] }) => categories)
    .filter((name) => similar(name, listed) === undefined);
  if (lost.length === 0) return;
  throw new Error(
    `Cannot resume ${folder} with other data: it was trained on ${showNames(lost)}, the categories are ` +
      `${showNames(listed)}\nhint: name the run's own dataset with --data, or start another run with --run`,
  );
}

function refuseOthers(
  folder: string,
  { head: _, ...before }: TrainConfig,
  { head: __, ...now }: TrainConfig,
): void {
  const differences = configDifferences(before, now);
  if (differences.length === 0) return;
  throw new Error(
    `Cannot resume ${folder} with other classes: ${differences.join("; ")}\n` +
      "hint: leave --classes, --merge and --binary out, or start another run with --run",
  );
}

/** The classes that no annotation of the training split shows; throws if these are all. */
function missingClasses({ split, listing }: OpenSplit, table: ClassTable): string[] {
  const { outlined } = categoryNames([listing]);
  const found = new Set(outlined.flatMap((name) => table.labelsOf(name)));
  const missing = table.names.filter((_, i) => !found.has(i + 1));
  if (missing.length < table.names.length) return missing;
  throw new RangeError(
    `Cannot train on ${showNames(missing)}: no annotation of split ${JSON.stringify(split.name)} ` +
      `has ${missing.length === 1 ? "this class" : "these classes"}\n` +
      "hint: pick others with --classes, or unite them with --merge",
  );
}
