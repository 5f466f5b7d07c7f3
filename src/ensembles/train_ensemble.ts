/**
 * Several training runs as one: the folds of a cross-validation, or the same run with several seeds.
 *
 * `RUN/ensemble.json` is written before the first of them and says all that they depend on; each is an ordinary run in
 * `RUN/folds/0`, `RUN/folds/1`, ... or `RUN/seeds/0`, ...; `RUN/ensemble-summary.json` is written last. Whatever is killed
 * in between, the same command with `--resume` does the rest, and the result is the same.
 *
 * @module
 */
import { join } from "node:path";
import { FOLDERS, RUN_FILES, RUN_LOCK } from "../fs/layout.ts";
import { writeFileAtomic } from "../fs/atomic_file.ts";
import { FolderLock, HeldError } from "../fs/folder_lock.ts";
import { isTaken, withinProject } from "../fs/paths.ts";
import { findSplits, splitOf } from "../dataset/splits.ts";
import { openSplit } from "../dataset/source_registry.ts";
import {
  ENSEMBLE_FORMAT,
  type EnsembleFile,
  type FoldImage,
  memberFolder,
  type MemberKind,
  readEnsembleFile,
} from "../prediction/ensemble_file.ts";
import { type BestEpoch, readProgress } from "../training/checkpoint.ts";
import type { TrainCallbacks } from "../training/events.ts";
import type { AutoChoice } from "../training/auto/auto_choice.ts";
import { closeData, loadRunData, planRun, type RunPlan, startConfig } from "../training/plan_run.ts";
import { AUTO_RECIPE, completeTrainConfig } from "../training/recipe.ts";
import { checkLock, clearRunFolder, closeRun, isComplete, openRun } from "../training/run_folder.ts";
import { configDifferences, type TrainConfig } from "../training/train_config.ts";
import { checkData } from "../training/train_data.ts";
import type { TrainResult, TrainRunOptions } from "../training/run_job.ts";
import { trainRun } from "../training/train_run.ts";
import { foldChoice } from "./fold_choice.ts";
import { makeFolds } from "./fold_groups.ts";
import { finishEnsemble } from "./finish_ensemble.ts";
import type { OutOfFold } from "./out_of_fold.ts";
import type { Spread } from "./spread.ts";

/** What is trained several times. */
export interface EnsembleChoice {
  /** Why there are several runs. */
  readonly members: MemberKind;
  /** How many. */
  readonly count: number;
  /** Of folds: what images of one patient share in their paths; see `makeFolds`. */
  readonly group?: string | undefined;
}

/** Settings of {@linkcode trainEnsemble}. */
export interface EnsembleOptions extends Omit<TrainRunOptions, "fold" | "collective"> {
  /** What is trained; of a resumed run its own. */
  readonly ensemble?: EnsembleChoice | undefined;
}

/** Functions that are called while the runs are trained. */
export interface EnsembleCallbacks
  extends Pick<TrainCallbacks, "onNote" | "onPrepare" | "onBudget" | "onAuto"> {
  /** Called before each run; what it returns is called by that run. */
  readonly onMember?: ((index: number, file: EnsembleFile, folder: string) => TrainCallbacks) | undefined;
  /** Called when a run has ended. */
  readonly onMemberEnd?: ((index: number) => void) | undefined;
  /** Called after every image that is compared with the others, and that is predicted by the model of its fold. */
  readonly onImages?: ((what: string, done: number, total: number) => void) | undefined;
}

/** A run of several, when it has ended. */
export interface MemberResult {
  /** Its folder. */
  readonly folder: string;
  /** Finished epochs. */
  readonly epochs: number;
  /** Images that it was validated with. */
  readonly images: number;
  /** The best epoch. */
  readonly best: BestEpoch | null;
}

/** What several runs came to. */
export interface EnsembleResult {
  /** All runs are done, or the signal stopped one. */
  readonly outcome: "finished" | "interrupted";
  /** The folder. */
  readonly folder: string;
  /** The dataset's folder. */
  readonly dataFolder: string;
  /** Why there are several. */
  readonly kind: MemberKind;
  /** The runs that have ended. */
  readonly members: readonly MemberResult[];
  /** Mean and spread of the metrics of the best epochs; null if interrupted. */
  readonly spread: Readonly<Record<string, Spread>> | null;
  /** Of folds: what the images say that a model has not seen; null for seeds, and if interrupted. */
  readonly outOfFold: OutOfFold | null;
}

/**
 * Trains or resumes several runs, one after the other.
 *
 * @throws {Error} as `trainRun`; and if a resumed run was started otherwise
 * @throws {RangeError} as `trainRun`; and if there are fewer groups of images than folds
 */
export async function trainEnsemble(
  options: EnsembleOptions,
  callbacks: EnsembleCallbacks = {},
): Promise<EnsembleResult> {
  const { resume, force, signal } = options;
  const opened = resume ? await reopen(options.folder) : await startFolder(options, callbacks);
  const { folder, lock } = opened;
  try {
    const file = opened.file ?? await start(folder, options, callbacks, force ?? false);
    if (opened.file !== null) refuseOthers(folder, opened.file, options);
    const dataFolder = dataFolderOf(folder, file, options);
    if (opened.file !== null) await checkSameData(folder, file, dataFolder, options, callbacks);
    const members: MemberResult[] = [];
    for (let index = 0; index < file.count; index++) {
      const own = join(folder, memberFolder(file.members, index));
      if (!await isComplete(own)) {
        await checkLock(folder, lock);
        const result = await trainMember(own, index, { file, dataFolder, folder }, options, callbacks);
        if (result.outcome === "interrupted") {
          return {
            outcome: "interrupted",
            folder,
            dataFolder,
            kind: file.members,
            members,
            spread: null,
            outOfFold: null,
          };
        }
      }
      members.push(await describeMember(own));
    }
    await checkLock(folder, lock);
    const { spread, outOfFold } = await finishEnsemble(
      { folder, file, dataFolder, members },
      options,
      callbacks,
    );
    return { outcome: "finished", folder, dataFolder, kind: file.members, members, spread, outOfFold };
  } catch (error) {
    if (!signal?.aborted || error !== signal.reason) throw error;
    const dataFolder = options.dataFolder ?? FOLDERS.data;
    const kind = options.ensemble?.members ?? "folds";
    return { outcome: "interrupted", folder, dataFolder, kind, members: [], spread: null, outOfFold: null };
  } finally {
    await closeRun({ folder, lock });
  }
}

/** A folder that is this process's. */
interface OpenFolder {
  readonly folder: string;
  readonly lock: FolderLock | null;
  /** Of a resumed run. */
  readonly file: EnsembleFile | null;
}

async function startFolder(options: EnsembleOptions, { onNote }: EnsembleCallbacks): Promise<OpenFolder> {
  await startConfig(null, options, {});
  await checkData(options.dataFolder ?? FOLDERS.data);
  const { folder, force } = options;
  const { lock, ...opened } = await openRun({ folder, force, onNote });
  return { folder: opened.folder, lock, file: null };
}

/** Holds the lock of the whole; each run has one of its own. */
async function reopen(folder: string): Promise<OpenFolder> {
  const file = await readEnsembleFile(folder);
  if (file === null) {
    throw new Error(
      `Cannot resume ${folder} as folds or seeds: it has no ${RUN_FILES.ensemble}\n` +
        "hint: leave --folds and --seeds out to resume a single run, or --resume to start one",
    );
  }
  const lock = await FolderLock.take(join(folder, RUN_LOCK)).catch((error) => {
    if (!(error instanceof HeldError)) throw error;
    throw new Error(
      `Cannot train in ${folder}: another process is training there\nhint: wait until it ends or stop it`,
      { cause: error },
    );
  });
  lock.beat();
  return { folder, lock, file };
}

/** Reads the dataset as a whole, which also prepares its images for all runs, and writes what will be trained. */
async function start(
  folder: string,
  options: EnsembleOptions,
  callbacks: EnsembleCallbacks,
  force: boolean,
): Promise<EnsembleFile> {
  const { members, count, group } = options.ensemble!;
  const { config, auto } = await settingsOf(options, callbacks);
  const dataFolder = options.dataFolder ?? FOLDERS.data;
  const data = await fingerprints(dataFolder, config, options, callbacks);
  const images = members === "seeds"
    ? undefined
    : await foldImages(dataFolder, { count, group }, config, options, callbacks);
  const file: EnsembleFile = {
    format: ENSEMBLE_FORMAT,
    members,
    count,
    dataFolder: withinProject(dataFolder),
    config: { ...config },
    asked: {
      classes: options.classes ?? {},
      ...(options.init === undefined ? {} : { init: options.init }),
      ...(group === undefined ? {} : { group }),
    },
    ...(auto === undefined ? {} : { auto: { ...auto } }),
    data,
    ...(images === undefined ? {} : { images }),
  };
  if (force) await clearRunFolder(folder);
  await writeFileAtomic(join(folder, RUN_FILES.ensemble), `${JSON.stringify(file)}\n`);
  return file;
}

/** The settings of all runs: the recipe `auto` chooses them once, for an equal share of the budget each. */
export async function settingsOf(
  options: EnsembleOptions,
  callbacks: EnsembleCallbacks,
): Promise<Pick<RunPlan, "config" | "auto"> & { readonly plan: RunPlan | null }> {
  const { config } = await startConfig(null, options, callbacks);
  if (config.recipe !== AUTO_RECIPE) return { config, plan: null };
  // Without a folder, of whose run it would speak.
  const plan = await planRun({ ...options, folder: undefined, runs: options.ensemble!.count }, callbacks);
  return { config: plan.config, ...(plan.auto ? { auto: plan.auto } : {}), plan };
}

/** The folds of a dataset's training and validation split. */
export async function foldImages(
  dataFolder: string,
  { count, group }: Pick<EnsembleChoice, "count" | "group">,
  { seed }: Pick<TrainConfig, "seed">,
  { signal }: Pick<EnsembleOptions, "signal">,
  { onNote, onImages }: EnsembleCallbacks,
): Promise<FoldImage[]> {
  const splits = await findSplits(dataFolder);
  const open = (["train", "valid"] as const).map((role) => splitOf(splits, role));
  const opened = await Promise.all(open.map(async (split) => ({ split, listing: await openSplit(split) })));
  const onProgress = (done: number, total: number) => onImages?.("comparing images", done, total);
  return await makeFolds(opened, { count, seed, group, signal, onNote, onProgress });
}

async function fingerprints(
  dataFolder: string,
  config: TrainConfig,
  options: EnsembleOptions,
  callbacks: EnsembleCallbacks,
): Promise<EnsembleFile["data"]> {
  const { init } = await startConfig(null, options, {});
  const { data } = await loadRunData(
    dataFolder,
    config,
    { folder: null, init, corrections: [] },
    { ...options, collective: undefined },
    callbacks,
  );
  await closeData(data);
  return { train: data.train.fingerprint.sha256, valid: data.valid.fingerprint.sha256 };
}

/** The options of a started run are its own: others would make its runs no longer comparable. */
function refuseOthers(folder: string, file: EnsembleFile, { ensemble, config, init }: EnsembleOptions): void {
  const old = completeTrainConfig(file.config as unknown as TrainConfig);
  const differences = configDifferences(old, completeTrainConfig({ ...old, ...config }));
  if (ensemble !== undefined && (ensemble.members !== file.members || ensemble.count !== file.count)) {
    differences.push(`it has ${file.count} ${file.members}, not ${ensemble.count} ${ensemble.members}`);
  }
  if (ensemble?.group !== undefined && ensemble.group !== file.asked.group) {
    differences.push(`group was ${file.asked.group ?? "guessed"}, is ${ensemble.group}`);
  }
  if (init !== undefined && init !== file.asked.init) {
    differences.push(`init was ${file.asked.init ?? "none"}, is ${init}`);
  }
  if (differences.length === 0) return;
  throw new Error(
    `Cannot resume ${folder} with other settings: ${differences.join("; ")}\n` +
      "hint: leave them as they were, or start another run with --run",
  );
}

function dataFolderOf(folder: string, file: EnsembleFile, options: EnsembleOptions): string {
  const known = options.dataFolder ?? (options.resume ? file.dataFolder : FOLDERS.data);
  if (known !== null) return known;
  throw new Error(
    `Cannot resume ${folder}: its dataset lies outside the project, and a run keeps no such path\n` +
      "hint: name it with --data FOLDER; that it is the same dataset is checked",
  );
}

async function checkSameData(
  folder: string,
  file: EnsembleFile,
  dataFolder: string,
  options: EnsembleOptions,
  callbacks: EnsembleCallbacks,
): Promise<void> {
  const config = completeTrainConfig(file.config as unknown as TrainConfig);
  const now = await fingerprints(dataFolder, config, { ...options, ...startedWith(file) }, callbacks);
  const changed = (["train", "valid"] as const).filter((role) => now[role] !== file.data[role]);
  if (changed.length === 0) return;
  throw new Error(
    `Cannot resume ${folder} with other data: the ${
      changed.join(" and the ")
    } split has other images or annotations\n` +
      "hint: name the run's own dataset with --data, or start another run with --run",
  );
}

/** What the runs were started with, besides settings. */
function startedWith(
  { asked, config, auto }: EnsembleFile,
): Pick<EnsembleOptions, "classes" | "init" | "config" | "auto"> {
  const { classes, init } = asked as Pick<EnsembleOptions, "classes" | "init">;
  const { init: _, ...settings } = config as unknown as TrainConfig;
  return { classes, init, config: settings, auto: auto as unknown as AutoChoice | undefined };
}

async function trainMember(
  own: string,
  index: number,
  { file, dataFolder, folder }: { file: EnsembleFile; dataFolder: string; folder: string },
  options: EnsembleOptions,
  { onMember, onMemberEnd }: EnsembleCallbacks,
): Promise<TrainResult> {
  const { config, ...started } = startedWith(file);
  const seed = (config!.seed ?? 0) + (file.members === "seeds" ? index : 0);
  const resume = await isTaken(join(own, RUN_FILES.checkpoint));
  const { ensemble: _, ...rest } = options;
  try {
    return await trainRun({
      ...rest,
      ...started,
      // A resumed run has its model's settings already.
      init: resume ? undefined : started.init,
      folder: own,
      dataFolder,
      resume,
      force: false,
      config: { ...config, seed },
      fold: foldChoice(file, index),
      tracking: { name: `${folder.split(/[\\/]/).at(-1)} ${file.members} ${index}`, ...options.tracking },
    }, onMember?.(index, file, own));
  } finally {
    onMemberEnd?.(index);
  }
}

async function describeMember(folder: string): Promise<MemberResult> {
  const { epoch, best, data } = await readProgress(join(folder, RUN_FILES.checkpoint));
  return { folder, epochs: epoch, images: data.valid.samples, best };
}
