/**
 * `predict`: images to masks, probabilities, figures and numbers.
 *
 * @module
 */
import { escapeLine } from "../src/escape.ts";
import { type Command, InvalidArgumentError } from "commander";
import { join } from "node:path";
import { formatPercent, formatSeconds, plural } from "../src/format.ts";
import { addModelOptions, openModel } from "../src/cli/model.ts";
import {
  addMissRate,
  describePromise,
  type MissRateFlags,
  thresholdOfMissRate,
} from "../src/cli/miss_rate.ts";
import {
  addDistributed,
  addMissing,
  type DistributedOptions,
  onRanks,
  sharedWork,
} from "../src/cli/distributed.ts";
import type { World } from "../src/distributed/world.ts";
import { parseSpacing } from "../src/cli/spacing.ts";
import { describeFar } from "../src/cli/adapt_notes.ts";
import { Progress } from "../src/cli/progress.ts";
import {
  addExamples,
  createCommand,
  EXIT,
  ExitError,
  GROUPS,
  integer,
  main,
  reportError,
  writeStderr,
  writeStdout,
} from "../src/cli/task.ts";
import { findImages, type ImageReport, type MaskReport } from "../src/entries/predict.ts";
import { modelsOrigin } from "../src/prediction/models_origin.ts";
import { predictFilesOnRanks } from "../src/prediction/predict_files.ts";
import { decodeFile } from "../src/prediction/predict_jobs.ts";
import { FOLDERS } from "../src/fs/layout.ts";
import { stopwatch } from "../src/stopwatch.ts";
import { decisionThreshold } from "../src/prediction/class_masks.ts";
import { formatMm2 } from "../src/prediction/figure.ts";
import { FAILURES_FILE, type SkippedPaths } from "../src/prediction/image_files.ts";

interface Options extends MissRateFlags, DistributedOptions {
  readonly output: string;
  readonly largest?: boolean;
  readonly minArea: number;
  readonly batchSize: number;
  readonly recursive?: boolean;
  readonly spacing?: readonly [rows: number, columns: number];
  readonly coco?: string;
  readonly cocoIds?: string;
  readonly labels?: boolean;
  readonly uncertainty?: boolean;
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly missing?: boolean;
}

/** The `predict` command. */
export function command(): Command {
  const predict = createCommand(
    "predict",
    "Segments images. For each image, at its own size, it writes a mask (NAME_mask.png), probabilities " +
      "(NAME_probability.png; of several classes NAME_probability_CLASS.png), a figure of image, mask and overlay " +
      "(NAME_figure.png), and numbers (NAME.json): area, box, lesions, mean probability, COCO RLE; and for all " +
      "images summary.csv. An unreadable image does not stop the others, but sets the exit code 1. Not a medical " +
      "device.",
  ).argument("<path...>", "images, folders of images, or patterns such as 'scans/**/*.png'")
    .optionsGroup(GROUPS.data)
    .option("--recursive", "search folders at any depth; the results are in the same subfolders");
  addMissRate(addModelOptions(predict));
  predict.optionsGroup(GROUPS.device)
    .option("--batch-size <images>", "images per batch", integer(1, 1024), 8)
    .optionsGroup(GROUPS.output)
    .option("--output <folder>", "where the results are written", FOLDERS.predictions)
    .option("--largest", "keep only the largest lesion of each image")
    .option("--min-area <pixels>", "remove lesions of fewer pixels", integer(0), 0)
    .option(
      "--spacing <x,y>",
      "millimeters between columns and between rows of the images, for areas in mm2",
      parseSpacing,
    )
    .option(
      "--labels",
      "masks as grayscale with the values 0, 1, ... of labels, for ITK-SNAP and 3D Slicer, with names and colors in " +
        "labels.txt and labels.ctbl",
    )
    .option(
      "--uncertainty",
      "also write the entropy of each pixel (NAME_uncertainty.png) and, of several models, how far they disagree " +
        "(NAME_disagreement.png), and draw both in the figure",
    )
    .option(
      "--coco <file>",
      "also write all predictions as a COCO dataset, and as COCO's results to FILE_results.json",
      jsonPath,
    )
    .option(
      "--coco-ids <file>",
      "an annotation file whose ids of images and categories --coco takes, to evaluate against it",
    )
    .option("--json", "print everything as one JSON document");
  addExamples(predict, [
    ["Segment one image with the newest run", "scan.jpg"],
    ["Segment a folder with a model file, averaging over flips", "scans --model best.safetensors --flips"],
    ["Hand the predictions to an annotation tool", "scans --recursive --coco predictions/scans.json"],
  ]);
  predict.optionsGroup(GROUPS.device);
  addMissing(addDistributed(predict), "predict");
  return predict.action(async (paths: string[], options: Options) => {
    const ranked = {
      command: predict,
      args: Deno.args,
      folder: FOLDERS.cache,
      hint: "the same command with --missing predicts the rest",
    };
    await onRanks(options, ranked, (world) => predictPaths(paths, options, world));
  });
}

/** Predicts; returns what it ends with if an image could not be read. */
async function predictPaths(
  paths: string[],
  options: Options,
  world: World | null,
): Promise<ExitError | undefined> {
  const isFirst = world?.isFirst ?? true;
  const lap = options.verbose ? printLaps() : () => {};
  if (options.cocoIds !== undefined && options.coco === undefined) {
    throw new RangeError("Cannot use --coco-ids without --coco\nhint: name the file to write with --coco");
  }
  const { files, subfolders, problems, skipped } = await findImages(paths, {
    recursive: options.recursive ?? false,
    except: options.output,
  });
  if (isFirst) {
    for (const { message } of problems) reportError(message);
    writeStderr(describeSkipped(skipped));
  }
  if (files.length === 0) return new ExitError(EXIT.failed);
  // In a Worker, while the model is opened.
  const [first] = files as [string];
  const decoding = world === null ? new Map([[first, decodeFile(first)]]) : undefined;
  const { gpu, models, predictor, close } = await openModel(options, world?.collective);
  const promised = thresholdOfMissRate(options, predictor);
  const threshold = decisionThreshold(predictor.description, promised ?? options.threshold) ?? undefined;
  lap("model and GPU ready");
  if (isFirst && promised !== undefined) writeStderr(describePromise(options.missRate!, promised));
  const provenance = {
    ...modelsOrigin(models),
    settings: {
      threshold: threshold ?? null,
      ...(promised === undefined ? {} : { missRate: options.missRate }),
      largest: options.largest ?? false,
      minArea: options.minArea,
      flips: options.flips ?? false,
      ...(options.adapt ? { adapt: true } : {}),
      kernels: options.kernels,
      adapter: gpu.adapter.description,
    },
  };
  const { largest, minArea } = provenance.settings;
  const progress = new Progress({ label: "predicting", total: files.length });
  /** Of this rank's files. */
  let shares: Progress | undefined;
  let done = 0;
  const report = await predictFilesOnRanks(predictor, files, {
    ...(threshold === undefined ? {} : { threshold }),
    largest,
    minArea,
    output: options.output,
    subfolders,
    spacing: options.spacing,
    labels: options.labels,
    uncertainty: options.uncertainty,
    coco: options.coco === undefined ? undefined : { path: options.coco, ids: options.cocoIds },
    batchSize: options.batchSize,
    decoding,
    problems,
    provenance,
    modelHashes: models.map(({ sha256 }) => sha256),
    onImage(image) {
      lap(image.image);
      if (!options.json) {
        progress.clear();
        writeStdout(describe(image));
      }
      if (files.length > 1 && shares === undefined) progress.update(++done);
    },
    onProblem({ path, message }) {
      progress.clear();
      reportError(`${escapeLine(path)}: ${message}`);
      done++;
    },
    onShared: (done, total) =>
      isFirst && (shares ??= new Progress({ label: "predicting", total })).update(done),
  }, sharedWork(world, options.missing));
  progress.clear();
  shares?.clear();
  close();
  if (report === null) return undefined;
  const failed = [...problems, ...report.problems];
  if (options.json) {
    const { images, summary, coco } = report;
    const document = { ...provenance, output: options.output, summary, coco, images, failed, skipped };
    writeStdout(`${JSON.stringify(document, null, 2)}\n`);
  } else {
    writeStdout(`${plural(report.images.length, "image")} predicted, results in ${options.output}\n`);
    if (report.coco !== undefined) {
      writeStdout(`COCO dataset ${report.coco.dataset}, results ${report.coco.results}\n`);
    }
  }
  writeStderr(describeFar(report.images, models, options));
  if (failed.length === 0) return undefined;
  writeStderr(
    `${plural(failed.length, "path")} could not be read\nlisted in ${join(options.output, FAILURES_FILE)}\n`,
  );
  return new ExitError(EXIT.failed);
}

function jsonPath(path: string): string {
  if (!path.toLowerCase().endsWith(".json")) {
    throw new InvalidArgumentError("expected a name that ends in .json.");
  }
  return path;
}

/** Most names in a note about skipped files. */
const MOST_NAMES = 5;

/** Notes about what the given folders hold besides images. */
function describeSkipped({ files, folders }: SkippedPaths): string {
  const list = (paths: readonly string[]) =>
    paths.slice(0, MOST_NAMES).join(", ") + (paths.length > MOST_NAMES ? ", ..." : "");
  const lines: string[] = [];
  if (files.length > 0) {
    lines.push(`skipped ${plural(files.length, "file")} without an image: ${list(files)}`);
  }
  if (folders.length > 0) {
    lines.push(`skipped ${plural(folders.length, "subfolder")}: ${list(folders)}; --recursive includes them`);
  }
  return lines.map((line) => `note: ${escapeLine(line)}\n`).join("");
}

function describe(report: ImageReport): string {
  const { image, classes, notes, files } = report;
  const lines = [
    `${escapeLine(image)}: ${describeMask(report)}; ${escapeLine(files.figure)}`,
    ...(classes ?? []).map((each) => `  ${escapeLine(each.name)}: ${describeMask(each)}`),
    ...notes.map(({ message }) => `  note: ${escapeLine(message)}`),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

function describeMask({ area, share, areaMm2, lesions, meanProbability }: MaskReport): string {
  if (meanProbability === null) return "nothing found";
  const physical = areaMm2 === undefined ? "" : `, ${formatMm2(areaMm2)}`;
  return `${plural(lesions.length, "lesion")}, ${plural(area, "pixel")} (${
    formatPercent(share)
  })${physical}, ` +
    `mean probability ${meanProbability.toFixed(2)}`;
}

/** Prints to standard error how long each part took. */
function printLaps(): (part: string) => void {
  const lap = stopwatch();
  return (part) => writeStderr(`${part}: ${formatSeconds(lap())}\n`);
}

if (import.meta.main) await main(command());
