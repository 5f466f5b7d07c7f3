/**
 * `train`: trains a network on a dataset, into a run's folder.
 *
 * @module
 */
import { addFollowLinks } from "../src/cli/follow_links.ts";
import type { Command } from "commander";
import { plural } from "../src/format.ts";
import { addDistributed, type DistributedOptions, onRanks } from "../src/cli/distributed.ts";
import { stopOnInterrupt } from "../src/cli/interrupt.ts";
import {
  addExamples,
  createCommand,
  type ExitError,
  GROUPS,
  main,
  writeStderr,
  writeStdout,
} from "../src/cli/task.ts";
import { keptChoices, retune } from "../src/cli/kernel_choices.ts";
import { askedEnsemble, type EnsembleFlags } from "../src/cli/ensemble_options.ts";
import { describeStrongRecipe, givenConfig } from "../src/cli/train_options.ts";
import { addTrainFlags } from "../src/cli/train_flags.ts";
import { describeResult } from "../src/cli/train_result.ts";
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
import { FOLDERS } from "../src/fs/layout.ts";
import { escapeLine } from "../src/escape.ts";
import { AUTO_RECIPE } from "../src/training/recipe.ts";
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
  addTrainFlags(train);
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

if (import.meta.main) await main(command());
