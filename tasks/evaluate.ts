/**
 * `evaluate`: what a model is worth on images that it has not seen.
 *
 * @module
 */
import { type Command, InvalidArgumentError, Option } from "commander";
import { basename, dirname, extname, join } from "node:path";
import { plural } from "../src/cli/format.ts";
import { addModelOptions, type ModelFlags, openModel } from "../src/cli/model.ts";
import { Progress } from "../src/cli/progress.ts";
import { createCommand, integer, main, writeStderr, writeStdout } from "../src/cli/task.ts";
import { reportDocument } from "../src/evaluation/report_json.ts";
import {
  formatEvaluation,
  modelOrigin,
  runEvaluation,
  type Spacing,
  UNANNOTATED,
  type Unannotated,
} from "../mod.ts";
import { FOLDERS, RUN_FILES } from "../src/fs/layout.ts";

interface Options extends ModelFlags {
  readonly data: string;
  readonly split: string;
  readonly spacing?: Spacing;
  readonly seed: number;
  readonly audit?: boolean | number;
  readonly unannotated: Unannotated;
  readonly output?: string;
  readonly cache: string;
  readonly json?: boolean;
}

/** The `evaluate` command. */
export function command(): Command {
  const evaluate = createCommand(
    "evaluate",
    "Measures a model on a split of a dataset: accuracy beside that of an answer of nothing, Dice, IoU, " +
      "sensitivity, specificity, precision, HD95 and average surface distance, missed and false lesions, and the " +
      "training's loss. Writes SPLIT.json, SPLIT.csv (a row an image), predictions.png and cases.png (worst, " +
      "median, best). docs/metrics.md defines the numbers.",
  ).option("--data <folder>", "folder with train/, valid/ (or val/) and test/", FOLDERS.data)
    .option("--split <name>", "what to measure on: a folder's name, or train, valid or test", "test");
  return addModelOptions(evaluate)
    .option(
      "--spacing <x,y>",
      "millimetres from column to column and from row to row of the images; distances are then in mm, else in " +
        "pixels of the network's input",
      parseSpacing,
    )
    .option("--seed <number>", "draws of the bootstrap intervals", integer(0, 2 ** 32 - 1), 0)
    .option(
      "--audit [count]",
      "also rank the images whose annotation the model contradicts most: all in audit.csv, the first 16, or so " +
        "many, in audit.png; with --split also for a folder of images that nobody annotated",
      integer(1, 200),
    )
    .addOption(
      new Option(
        "--unannotated <how>",
        "images without annotations: empty takes them as free of tumors, skip leaves them out",
      ).choices([...UNANNOTATED]).default("empty"),
    )
    .option("--output <folder>", "where the results go (default: the run's folder)")
    .option("--cache <folder>", "where prepared images are kept", FOLDERS.cache)
    .option("--json", "print everything as one JSON document")
    .action(evaluateModel);
}

async function evaluateModel(options: Options): Promise<void> {
  const { gpu, model, predictor, threshold, close } = await openModel(options);
  const provenance = {
    model: modelOrigin(model),
    device: { kernels: options.kernels, flips: options.flips ?? false, adapter: gpu.adapter.description },
  };
  let progress: Progress | undefined;
  const show = (label: string) => (done: number, total: number) => {
    if (done === 1 || progress === undefined) progress = new Progress({ label, total });
    progress.update(done);
    if (done === total) progress.clear();
  };
  const report = await runEvaluation(predictor, {
    dataFolder: options.data,
    split: options.split,
    unannotated: options.unannotated,
    cacheFolder: options.cache,
    output: options.output ?? outputOf(model.path),
    threshold,
    spacing: options.spacing,
    bootstrap: { seed: options.seed },
    audit: options.audit !== undefined,
    ...(typeof options.audit === "number" ? { auditSamples: options.audit } : {}),
    provenance,
    onPrepare: show("preparing"),
    onProgress: show("evaluating"),
    onNote: (note) => writeStderr(`${note}\n`),
  });
  close();
  const { problems } = report.data;
  if (problems.length > 0) {
    writeStderr(`note: ${plural(problems.length, "problem")} in the split; deno task inspect lists them\n`);
  }
  writeStdout(
    options.json
      ? `${JSON.stringify(reportDocument(report, provenance), null, 2)}\n`
      : formatEvaluation(report),
  );
}

/** The folder of a run's model; a folder of its own below `runs` for any other. */
function outputOf(path: string): string {
  return basename(path) === RUN_FILES.best
    ? dirname(path)
    : join(FOLDERS.runs, basename(path, extname(path)));
}

/** Reads `x,y`, or one number for both, as the distances of rows and columns. */
function parseSpacing(text: string): Spacing {
  const parts = text.split(",").map((part) => part.trim() === "" ? NaN : Number(part));
  const [x = NaN, y = x] = parts;
  if (parts.length > 2 || ![x, y].every((value) => Number.isFinite(value) && value > 0)) {
    throw new InvalidArgumentError("expected two positive numbers with a comma, such as 0.5,0.5.");
  }
  return [y, x];
}

if (import.meta.main) await main(command());
