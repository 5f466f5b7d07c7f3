/**
 * `train`: trains a network on a dataset, into a run's folder.
 *
 * @module
 */
import { addFollowLinks } from "../src/cli/follow_links.ts";
import { type Command, Option } from "commander";
import { formatPercent, formatSeconds, plural } from "../src/format.ts";
import { addDistributed, type DistributedOptions, onRanks } from "../src/cli/distributed.ts";
import { stopOnInterrupt } from "../src/cli/interrupt.ts";
import {
  addExamples,
  createCommand,
  type ExitError,
  GROUPS,
  integer,
  main,
  writeStderr,
  writeStdout,
} from "../src/cli/task.ts";
import { keptChoices, retune, retuneOption } from "../src/cli/kernel_choices.ts";
import { addClassOptions } from "../src/cli/class_options.ts";
import { addCorrectionsOption } from "../src/cli/corrections_option.ts";
import { addEnsembleOptions, askedEnsemble, type EnsembleFlags } from "../src/cli/ensemble_options.ts";
import { addConfigOptions, describeStrongRecipe, givenConfig } from "../src/cli/train_options.ts";
import { describeLongRun } from "../src/cli/budget_view.ts";
import type { SizeFlag } from "../src/cli/input_size.ts";
import { describeEstimate, describePlan, describeResumed, TrainView } from "../src/cli/train_view.ts";
import type { World } from "../src/distributed/world.ts";
import {
  type ClassOptions,
  completeTrainConfig,
  type KernelChoices,
  planRun,
  type SwanLabOnlineOptions,
  type TrackingOptions,
  type TrainConfig,
  type TrainResult,
  trainRun,
} from "../src/entries/train.ts";
import { FOLDERS, RUN_FILES } from "../src/fs/layout.ts";
import { withinProject } from "../src/fs/paths.ts";
import { escapeLine } from "../src/escape.ts";
import { AUTO_RECIPE } from "../src/training/recipe.ts";
import { metricByClass } from "../src/training/epoch_metrics.ts";
import type { Metrics } from "../src/tracking/backend.ts";
import { DEFAULT_SAMPLES } from "../src/training/sample_images.ts";
import { DEFAULT_PROJECT } from "../src/training/train_run.ts";
import type { EnsembleChoice } from "../src/ensembles/train_ensemble.ts";
import { requireServer } from "../src/tracking/swanlab_client.ts";

interface Options
  extends Omit<TrainConfig, "init" | "size">, DistributedOptions, Omit<EnsembleFlags, "recipe"> {
  readonly size: SizeFlag | number;
  readonly binary?: boolean;
  readonly data: string;
  readonly init?: string;
  readonly run?: string;
  readonly cache: string;
  readonly force?: boolean;
  readonly dryRun?: boolean;
  readonly software?: boolean;
  readonly retune?: number;
  readonly swanlab: "offline" | "online" | "off";
  readonly project: string;
  readonly tensorboard: boolean;
  readonly samples: number;
  readonly json?: boolean;
}

/** Seconds between reads of the device: often enough for a progress bar, or for a plain line now and then. */
const READ_SECONDS = { terminal: 2, plain: 10 };

/** The `train` command. */
export function command(): Command {
  const train = createCommand(
    "train",
    "Trains a network on a dataset's train split, validates it on the valid split after each epoch, and saves the " +
      "weights of the best epoch to RUN/best.safetensors. Ctrl-C saves and stops; a run that is resumed with --resume " +
      "has the same weights, bit for bit, as one that was never stopped.",
  );
  addFlags(train);
  addFollowLinks(train, GROUPS.data);
  train.optionsGroup(GROUPS.device);
  addDistributed(train);
  train.addHelpText("after", describeStrongRecipe());
  addExamples(train, [
    [
      "Train as well as half an hour allows on this machine, with settings for this dataset",
      "--data dataset/mine --recipe auto --budget 30m",
    ],
    [
      "Train on your own COCO dataset with the strong recipe",
      "--data dataset/mine --run runs/mine --recipe strong",
    ],
    ["Resume a run that was stopped", "--resume --run runs/mine"],
    ["Cross-validate: five models that together know how certain they are", "--folds 5 --run runs/mine"],
    [
      "Learn from masks that were corrected on the page",
      "--init runs/mine --corrections dataset/corrections/mine.coco.json --data dataset/mine --run runs/better",
    ],
  ]);
  return train.action(async (options: Options) => {
    const typed = (name: string) => train.getOptionValueSource(name) === "cli";
    const config = givenConfig(options, typed);
    const data = typed("data") ? options.data : undefined;
    const ensemble = await askedEnsemble(runFolder(options), options);
    const ranked = {
      command: train,
      args: Deno.args,
      folder: options.cache,
      hint: `the last checkpoint is intact; resume with --resume --run ${runFolder(options)}`,
    };
    await onRanks(options, ranked, async (world) => {
      const choices = await chooseKernels(options, config);
      const given = { config, data, choices, world };
      if (ensemble !== null) return await runSeveral(options, given, ensemble.choice);
      return await (options.dryRun ? plan(options, given) : run(options, given));
    });
  });
}

function addFlags(train: Command): void {
  train
    .optionsGroup(GROUPS.data)
    .option("--data <folder>", "the dataset, with train/ and valid/ (or val/)", FOLDERS.data)
    .option("--cache <folder>", "where prepared images and timed kernel choices are stored", FOLDERS.cache);
  addCorrectionsOption(train);
  addConfigOptions(train, "data");
  addClassOptions(train);
  train.optionsGroup(GROUPS.network);
  train.option(
    "--init <model>",
    "start from a trained model, a file or the folder of its run, instead of random weights; its network, classes and " +
      "normalization are kept",
  );
  addConfigOptions(train, "network");
  train.optionsGroup(GROUPS.training);
  addConfigOptions(train, "training");
  addEnsembleOptions(train);
  train.optionsGroup(GROUPS.device);
  addConfigOptions(train, "device");
  train
    .option("--software", "use the software adapter even if there is a GPU")
    .addOption(retuneOption("CACHE"))
    .optionsGroup(GROUPS.output)
    .option(
      "--run <folder>",
      "the run's folder (default: runs/ and the recipe's name; runs/budget with --budget)",
    )
    .option("--resume", "resume the run in the folder, with its own data and settings")
    .option(
      "--force",
      "with --resume: resume even if data or settings differ; without: replace the existing run",
    )
    .option("--dry-run", "print what training would need, and stop")
    .addOption(
      new Option(
        "--swanlab <how>",
        "SwanLab: files in RUN/swanlog, or a server as well (online), by SWANLAB_API_KEY and SWANLAB_API_HOST",
      )
        .choices(["offline", "online", "off"]).default("offline"),
    )
    .option("--project <name>", "project name at SwanLab", DEFAULT_PROJECT)
    .option("--tensorboard", "write TensorBoard files to RUN/tb", true)
    .option("--no-tensorboard", "do not write TensorBoard files")
    .option(
      "--samples <count>",
      "validation images to draw after epochs, and for SwanLab and TensorBoard at best epochs and at the end; 0 for none",
      integer(0, 64),
      DEFAULT_SAMPLES,
    )
    .option("--json", "print the result as one JSON document");
}

/** The stored variants of this device, or those timed now if requested. */
function chooseKernels(
  { cache, software = false, retune: seconds }: Options,
  config: Partial<TrainConfig>,
): Promise<KernelChoices | undefined> {
  // The given settings of a resumed run may be incomplete.
  const { recipe = completeTrainConfig().recipe } = config;
  const kernels = config.kernels ?? completeTrainConfig({ recipe }).kernels;
  const device = { software, kernels };
  return seconds === undefined ? keptChoices(cache, device) : retune(cache, device, seconds);
}

/** What a command line gives besides its options. */
interface Given {
  readonly config: Partial<TrainConfig>;
  readonly data: string | undefined;
  readonly choices: KernelChoices | undefined;
  /** The ranks that train together; null without `--distributed`. */
  readonly world: World | null;
}

async function plan(options: Options, { config, data, choices, world }: Given): Promise<undefined> {
  const view = viewOn(world, options);
  const planned = await planRun({
    folder: runFolder(options),
    resume: options.resume,
    force: options.force,
    dataFolder: data,
    cacheFolder: options.cache,
    config,
    classes: classesOf(options),
    init: options.init,
    corrections: options.corrections,
    software: options.software,
    choices,
    collective: world?.collective,
  }, view ?? {});
  view?.close();
  if (view === null) return;
  if (options.json) {
    writeStdout(`${JSON.stringify(planned, null, 2)}\n`);
    return;
  }
  const { secondsPerEpoch, config: { epochs, budget }, resumes } = planned;
  const left = Math.max(0, epochs - (resumes?.epochs ?? 0));
  writeStdout(
    describePlan(planned) +
      (resumes ? `run           ${runFolder(options)}, ${plural(left, "epoch")} left\n` : "") +
      (resumes ? describeResumed(resumes) : "") +
      (secondsPerEpoch === null || left === 0
        ? ""
        : describeEstimate(secondsPerEpoch, left) + describeLongRun(secondsPerEpoch, budget)),
  );
}

function classesOf({ classes, merge, binary }: Options): ClassOptions {
  return { classes, merge, binary };
}

function runFolder({ run, recipe, budget }: Options): string {
  return run ?? `${FOLDERS.runs}/${budget === undefined || recipe === AUTO_RECIPE ? recipe : "budget"}`;
}

/** The display of the first rank, which speaks for all. */
function viewOn(world: World | null, options: Options): TrainView | null {
  return world === null || world.isFirst ? new TrainView(writer(options)) : null;
}

/** Trains several runs, or plans them. */
async function runSeveral(
  options: Options,
  { config, data, choices }: Given,
  choice: EnsembleChoice | undefined,
): Promise<ExitError | undefined> {
  // Loaded by those that ask for it: a single run needs neither.
  const { trainSeveral } = await import("../src/cli/train_several.ts");
  return await trainSeveral({
    folder: runFolder(options),
    dataFolder: data,
    cacheFolder: options.cache,
    config,
    classes: classesOf(options),
    init: options.init,
    resume: options.resume,
    force: options.force,
    software: options.software,
    choices,
    samples: options.samples,
    readEverySeconds: readSeconds(),
    tracking: trackingOf(options),
    ensemble: choice,
  }, { dryRun: options.dryRun ?? false, json: options.json ?? false, write: writer(options) });
}

function readSeconds(): number {
  return Deno.stderr.isTerminal() ? READ_SECONDS.terminal : READ_SECONDS.plain;
}

function trackingOf({ swanlab, project, tensorboard }: Options): TrackingOptions {
  return { swanlab, online: swanlab === "online" ? access() : undefined, project, tensorboard };
}

/** Trains; returns the reason of a stop by a signal. */
async function run(
  options: Options,
  { config, data, choices, world }: Given,
): Promise<ExitError | undefined> {
  const view = viewOn(world, options);
  const stop = stopOnInterrupt(
    view && "saving and stopping; press Ctrl-C again to stop at once",
    view?.onForeignLine,
    // mpirun passes this one on, and ends its ranks on most others.
    { also: world ? ["SIGUSR1"] : [] },
  );
  let result: TrainResult;
  try {
    result = await trainRun({
      folder: runFolder(options),
      dataFolder: data,
      cacheFolder: options.cache,
      config,
      classes: classesOf(options),
      init: options.init,
      corrections: options.corrections,
      resume: options.resume,
      force: options.force,
      software: options.software,
      choices,
      collective: world?.collective,
      signal: stop.signal,
      samples: options.samples,
      readEverySeconds: readSeconds(),
      tracking: trackingOf(options),
    }, view ?? {});
  } finally {
    stop.release();
    view?.close();
  }
  const stopped: ExitError | undefined = result.outcome === "interrupted" ? stop.signal.reason : undefined;
  if (view === null) return stopped;
  // Also of a run that was stopped: whoever stops it wants to see how far it came.
  const report = result.resumable ? await writeRunReport(result.folder) : null;
  if (options.json) writeStdout(`${JSON.stringify(result, null, 2)}\n`);
  writer(options)(describeResult(result.folder, { ...result, report }));
  return stopped;
}

/** The path of the run's report; a failure is a note, since the run itself is saved. */
async function writeRunReport(folder: string): Promise<string | null> {
  // Loaded by runs that came to an end.
  const { tryReport } = await import("../src/page/report/write_report.ts");
  return await tryReport(folder, (note) => writeStderr(`note: ${escapeLine(note)}\n`));
}

/** With --json, standard output holds only the result. */
function writer({ json }: Options): (text: string) => void {
  return json ? writeStderr : writeStdout;
}

/** Key and host of SwanLab's server; read only for online runs. */
function access(): SwanLabOnlineOptions {
  const [apiKey, host] = [Deno.env.get("SWANLAB_API_KEY") ?? "", Deno.env.get("SWANLAB_API_HOST")];
  // Without a key the run is refused for that.
  if (apiKey !== "") requireServer(host);
  return { apiKey, host };
}

/** What a run came to, and what to do next. */
export function describeResult(
  folder: string,
  {
    outcome,
    resumable = true,
    dataFolder,
    epochs,
    best,
    marksNothing,
    budgetSpent,
    recipe,
    syncCommand,
    report,
  }:
    & Omit<TrainResult, "folder" | "resumable">
    & Partial<TrainResult>
    & { readonly report?: string | null },
): string {
  const lines: string[] = [];
  if (!resumable) {
    lines.push("stopped before the first checkpoint: nothing is saved; start again with the same command");
  } else if (outcome === "interrupted") {
    // A dataset elsewhere is not kept with the run.
    const data = withinProject(dataFolder) === null ? ` --data ${dataFolder}` : "";
    lines.push(`saved after epoch ${epochs}; resume with:  deno task train --resume --run ${folder}${data}`);
  } else if (budgetSpent !== undefined) {
    lines.push(
      `stopped after epoch ${epochs}: the budget of ${
        formatSeconds(budgetSpent)
      } is used up; for the remaining epochs` +
        `:  deno task train --resume --run ${folder}`,
    );
  } else if (outcome === "stopped") {
    lines.push(`stopped after epoch ${epochs}: the validation loss no longer falls`);
  } else lines.push(`finished after epoch ${epochs}`);
  if (best) {
    const { metrics } = best;
    const share = (name: string) => formatPercent(metrics[`valid/${name}`]!);
    const fixed = (name: string) => showMetric(metrics[`valid/${name}`]);
    lines.push(
      `best epoch ${best.epoch}: validation loss ${fixed("loss")}, accuracy ${share("accuracy")}, ` +
        `Dice ${fixed("dice")}, IoU ${fixed("iou")}`,
      ...describeClasses(metrics),
      `its weights   ${folder}/best.safetensors`,
      `all numbers   ${folder}/metrics.jsonl, drawn in ${folder}/curves.png`,
    );
  }
  if (report) lines.push(`in one page   ${report}`);
  if (best && outcome !== "interrupted") lines.push(`its card      ${folder}/${RUN_FILES.cardText}`);
  if (syncCommand) lines.push(`to SwanLab    ${syncCommand}`);
  if (outcome !== "interrupted") {
    lines.push(
      `evaluate it   deno task evaluate --run ${folder}${
        dataFolder === FOLDERS.data ? "" : ` --data ${dataFolder}`
      }`,
      marksNothing
        ? `this model marks nothing; ${
          recipe === AUTO_RECIPE
            ? "try a longer --budget"
            : recipe === "strong"
            ? "try more --epochs"
            : "try --recipe strong"
        }`
        : `use it        deno task predict --run ${folder} IMAGE...`,
    );
  }
  return lines.map((line) => `${line}\n`).join("");
}

/** JSON has no NaN: an undefined metric of a resumed run is null. */
function showMetric(value: number | null | undefined): string {
  return Number.isFinite(value) ? value!.toFixed(4) : "undefined";
}

/** Most classes whose Dice the result lists; `metrics.jsonl` has all. */
const SHOWN_CLASSES = 12;

/** A line with the Dice of each class; none for a single class. */
function describeClasses(metrics: Metrics): string[] {
  const all = metricByClass(metrics, "valid", "dice");
  if (all.length === 0) return [];
  const shown = all.slice(0, SHOWN_CLASSES).map(([name, dice]) => `${escapeLine(name)} ${showMetric(dice)}`);
  const more = all.length > shown.length ? `, and ${all.length - shown.length} more` : "";
  return [`Dice by class ${shown.join(", ")}${more}`];
}

if (import.meta.main) await main(command());
