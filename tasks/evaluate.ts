/**
 * `evaluate`: what a model is worth on images that it has not seen.
 *
 * @module
 */
import {
  addDistributed,
  addMissing,
  type DistributedOptions,
  onRanks,
  sharedWork,
} from "../src/cli/distributed.ts";
import type { World } from "../src/distributed/world.ts";
import { runEvaluationOnRanks } from "../src/evaluation/run_evaluation.ts";
import { addFollowLinks } from "../src/cli/follow_links.ts";
import { type Command, Option } from "commander";
import { basename, dirname, extname, join } from "node:path";
import { plural } from "../src/format.ts";
import { addModelOptions, openModel } from "../src/cli/model.ts";
import {
  addMissRate,
  describeMissed,
  describePromise,
  type MissRateFlags,
  thresholdOfMissRate,
} from "../src/cli/miss_rate.ts";
import { parseSpacing } from "../src/cli/spacing.ts";
import { describeFar } from "../src/cli/adapt_notes.ts";
import { Progress } from "../src/cli/progress.ts";
import {
  addExamples,
  createCommand,
  GROUPS,
  integer,
  main,
  writeStderr,
  writeStdout,
} from "../src/cli/task.ts";
import { openSplit } from "../src/dataset/source_registry.ts";
import { readForModel, targetsOf } from "../src/evaluation/model_classes.ts";
import { reportDocument } from "../src/evaluation/report_json.ts";
import {
  findSplits,
  formatEvaluation,
  prepareSplit,
  type Spacing,
  UNANNOTATED,
  type Unannotated,
} from "../mod.ts";
import { completeCard } from "../src/card/complete_card.ts";
import { findModels, type FoundModels } from "../src/prediction/find_models.ts";
import { modelsHash, modelsOrigin } from "../src/prediction/models_origin.ts";
import type { ImagePredictor } from "../src/prediction/predictor.ts";
import { FOLDERS, RUN_FILES } from "../src/fs/layout.ts";
import { escapeLine } from "../src/escape.ts";
import { tryReport } from "../src/page/report/write_report.ts";
import { readProgress, type RunProgress } from "../src/training/checkpoint.ts";
import { extentsOf } from "../src/training/train_config.ts";

interface Options extends MissRateFlags, DistributedOptions {
  readonly data: string;
  readonly split: string;
  readonly spacing?: Spacing;
  readonly seed: number;
  readonly audit?: boolean | number;
  readonly unannotated: Unannotated;
  readonly output?: string;
  readonly cache: string;
  readonly json?: boolean;
  readonly maps: boolean;
  readonly missing?: boolean;
}

/** The `evaluate` command. */
export function command(): Command {
  const evaluate = createCommand(
    "evaluate",
    "Evaluates a model on a split of a dataset: Dice, IoU, sensitivity, specificity, precision, HD95 and average " +
      "surface distance, missed and false lesions, the training loss, and accuracy next to that of an empty " +
      "prediction. Writes SPLIT.json, SPLIT.csv (one row per image), predictions.png and cases.png (worst, median, " +
      "best), and report.html with all of it. docs/metrics.md defines the metrics.",
  );
  addFollowLinks(evaluate, GROUPS.data);
  evaluate.optionsGroup(GROUPS.data)
    .option(
      "--data <folder>",
      "folder with train/, valid/ (or val/) and test/; defaults to the run's own",
      FOLDERS.data,
    )
    .option("--split <name>", "the split: the name of a folder, or train, valid or test", "test")
    .addOption(
      new Option(
        "--unannotated <how>",
        "images without annotations: empty counts them as background only, skip leaves them out",
      ).choices([...UNANNOTATED]).default("empty"),
    )
    .option("--cache <folder>", "where prepared images and timed kernel choices are stored", FOLDERS.cache);
  addMissRate(addModelOptions(evaluate));
  evaluate.optionsGroup(GROUPS.output)
    .option(
      "--spacing <x,y>",
      "millimeters between columns and between rows of the images; without it, distances are in pixels of the " +
        "network's input",
      parseSpacing,
    )
    .option("--seed <number>", "seed of the bootstrap intervals", integer(0, 2 ** 32 - 1), 0)
    .option(
      "--audit [count]",
      "also rank the images whose annotation the model contradicts most: all in audit.csv, the first 16 (or count) " +
        "in audit.png; works for a split without annotations, too",
      integer(1, 200),
    )
    .option("--output <folder>", "where the results are written (default: the folder of the run)")
    .option("--no-maps", "do not store probability maps, which the results page of board shows")
    .option("--json", "print everything as one JSON document");
  addExamples(evaluate, [
    ["Evaluate the newest run on its test split", "--data dataset/mine"],
    [
      "Rank doubtful annotations of the train split",
      "--run runs/mine --data dataset/mine --split train --audit",
    ],
  ]);
  evaluate.optionsGroup(GROUPS.device);
  addMissing(addDistributed(evaluate), "evaluate");
  return evaluate.action(async (options: Options) => {
    const ranked = {
      command: evaluate,
      args: Deno.args,
      folder: options.cache,
      hint: "the same command with --missing evaluates the rest",
    };
    const typedData = evaluate.getOptionValueSource("data") === "cli";
    await onRanks(options, ranked, async (world) => {
      await evaluateModel(options, typedData, world);
      return undefined;
    });
  });
}

async function evaluateModel(options: Options, typedData: boolean, world: World | null): Promise<void> {
  const isFirst = world?.isFirst ?? true;
  const found = await findModels(options);
  const run = await trainingOf(found);
  const dataFolder = typedData || run === null ? options.data : ownData(run);
  const { gpu, models, predictor, close } = await openModel(options, world?.collective, found);
  const promised = thresholdOfMissRate(options, predictor);
  const provenance = {
    ...modelsOrigin(models),
    ...(promised === undefined ? {} : { missRate: options.missRate }),
    device: {
      kernels: options.kernels,
      flips: options.flips ?? false,
      ...(options.adapt ? { adapt: true } : {}),
      adapter: gpu.adapter.description,
    },
  };
  const say = (line: string) => isFirst && writeStderr(`${escapeLine(line)}\n`);
  say(`data ${dataFolder}, split ${options.split}`);
  if (isFirst && promised !== undefined) writeStderr(describePromise(options.missRate!, promised));
  let progress: Progress | undefined;
  const show = (label: string) => (done: number, total: number) => {
    if (!isFirst) return;
    if (done === 1 || progress === undefined) progress = new Progress({ label, total });
    progress.update(done);
    if (done === total) progress.clear();
  };
  const output = options.output ?? outputOf(found);
  const report = await runEvaluationOnRanks(predictor, {
    dataFolder,
    split: options.split,
    unannotated: options.unannotated,
    cacheFolder: options.cache,
    output,
    threshold: promised ?? options.threshold,
    spacing: options.spacing,
    bootstrap: { seed: options.seed },
    audit: options.audit !== undefined,
    ...(typeof options.audit === "number" ? { auditSamples: options.audit } : {}),
    maps: options.maps,
    modelHash: modelsHash(models),
    heldOut: heldOutIn(found),
    provenance,
    onPrepare: show("preparing"),
    onProgress: show("evaluating"),
    onNote: say,
  }, sharedWork(world, options.missing));
  close();
  if (report === null) return;
  if (run !== null && found.ensemble === null && dataFolder !== run.dataFolder) {
    await compareData(run, predictor, dataFolder, options);
  }
  const { problems } = report.data;
  if (problems.length > 0) {
    writeStderr(`note: ${plural(problems.length, "problem")} in the split; deno task inspect lists them\n`);
  }
  writeStderr(describeFar(report.scores, models, options));
  const page = await tryReport(output, (note) => writeStderr(`note: ${escapeLine(note)}\n`));
  // A card is about one file.
  const card = models.length > 1 ? null : await completeCard(models[0]!, report, output).catch((error) => {
    writeStderr(`note: the card is not completed: ${escapeLine((error as Error).message.split("\n")[0]!)}\n`);
    return null;
  });
  if (models.length > 1) {
    writeStderr(
      "note: no card is written, since a card describes one model: evaluate a model alone to get its card\n",
    );
  }
  const further = [page, card].filter((path) => path !== null);
  writeStdout(
    options.json
      ? `${JSON.stringify(reportDocument(report, provenance), null, 2)}\n`
      : formatEvaluation(report) +
        (promised === undefined ? "" : describeMissed(options.missRate!, report)) +
        further.map((path) => `wrote ${escapeLine(path)}\n`).join(""),
  );
}

/** What is known of the training of a model file; null if it is no run's, or its checkpoint is lost or damaged. */
async function trainingOf({ paths, ensemble }: FoundModels): Promise<RunProgress | null> {
  const [path] = paths as [string];
  if (paths.length > 1 && ensemble === null) return null;
  if (basename(path) !== RUN_FILES.best) return null;
  return await readProgress(join(dirname(path), RUN_FILES.checkpoint)).catch((error) => {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return null;
  });
}

function ownData({ dataFolder }: RunProgress): string {
  if (dataFolder !== null) return dataFolder;
  throw new Error(
    "Cannot evaluate the run on its own dataset: it lies outside the project, and a run keeps no such path\n" +
      "hint: name it with --data FOLDER; that it is the same dataset is checked",
  );
}

/** Notes if the named dataset is not the one that the run was validated with. */
async function compareData(
  { data, config }: RunProgress,
  predictor: ImagePredictor,
  folder: string,
  { cache }: Options,
): Promise<void> {
  const split = (await findSplits(folder)).find(({ role }) => role === "valid");
  let fingerprint: string | null = null;
  if (split !== undefined && split.annotationFile !== null) {
    const { samples } = await readForModel(predictor, split, await openSplit(split), config.unannotated);
    const targets = targetsOf(predictor);
    await using prepared = await prepareSplit(samples, { ...extentsOf(config), targets, cacheFolder: cache });
    fingerprint = prepared.fingerprint;
  }
  if (fingerprint === data.valid.sha256) return;
  writeStderr(`note: ${folder} is not the dataset that this run was trained with: its valid split differs\n`);
}

/** In which fold an image is held out, by its content; undefined if the models are not of a cross-validation. */
function heldOutIn({ ensemble }: FoundModels): ReadonlyMap<string, number> | undefined {
  const images = ensemble?.file.images;
  return images && new Map(images.map(({ sha256, fold }) => [sha256, fold]));
}

/** The folder of the run for a run's model; for any others, a folder in `runs` with the names of the files. */
function outputOf({ paths, ensemble }: FoundModels): string {
  if (ensemble !== null) return ensemble.folder;
  const [path] = paths as [string];
  if (paths.length === 1 && basename(path) === RUN_FILES.best) return dirname(path);
  const names = paths.map((path) =>
    basename(path) === RUN_FILES.best ? basename(dirname(path)) : basename(path, extname(path))
  );
  return join(FOLDERS.runs, names.join("+").slice(0, MOST_LETTERS));
}

/** Of the name of a folder. */
const MOST_LETTERS = 100;

if (import.meta.main) await main(command());
