/**
 * `predict`: images to masks, probabilities, figures and numbers.
 *
 * @module
 */
import { escapeLine } from "../src/escape.ts";
import type { Command } from "commander";
import { join } from "node:path";
import { formatPercent, formatSeconds, plural } from "../src/cli/format.ts";
import { addModelOptions, type ModelFlags, openModel } from "../src/cli/model.ts";
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
import { findImages, type ImageReport, modelOrigin, predictFiles } from "../src/entries/predict.ts";
import { FOLDERS } from "../src/fs/layout.ts";
import { FAILURES_FILE, type SkippedPaths } from "../src/prediction/image_files.ts";

interface Options extends ModelFlags {
  readonly output: string;
  readonly largest?: boolean;
  readonly minArea: number;
  readonly batchSize: number;
  readonly json?: boolean;
  readonly verbose?: boolean;
}

/** The `predict` command. */
export function command(): Command {
  const predict = createCommand(
    "predict",
    "Segments images. For each image, at its own size, it writes a mask (NAME_mask.png), probabilities " +
      "(NAME_probability.png), a figure of image, mask and overlay (NAME_figure.png), and numbers (NAME.json): area, " +
      "box, lesions, mean probability, COCO RLE. An unreadable image does not stop the others, but sets the exit " +
      "code 1. Not a medical device.",
  ).argument("<path...>", "images, folders of images, or patterns such as 'scans/**/*.png'");
  addModelOptions(predict)
    .option("--batch-size <images>", "images per batch", integer(1, 1024), 8)
    .optionsGroup(GROUPS.output)
    .option("--output <folder>", "where the results are written", FOLDERS.predictions)
    .option("--largest", "keep only the largest lesion of each image")
    .option("--min-area <pixels>", "remove lesions of fewer pixels", integer(0), 0)
    .option("--json", "print everything as one JSON document");
  addExamples(predict, [
    ["Segment one image with the newest run", "scan.jpg"],
    ["Segment a folder with a model file, averaging over flips", "scans --model best.safetensors --flips"],
  ]);
  return predict.action(predictPaths);
}

async function predictPaths(paths: string[], options: Options): Promise<void> {
  const lap = options.verbose ? stopwatch() : () => {};
  const { files, problems, skipped } = await findImages(paths);
  for (const { message } of problems) reportError(message);
  writeStderr(describeSkipped(skipped));
  if (files.length === 0) throw new ExitError(EXIT.failed);
  const { gpu, model, predictor, threshold, close } = await openModel(options);
  lap("model and GPU ready");
  const provenance = {
    model: modelOrigin(model),
    settings: {
      threshold,
      largest: options.largest ?? false,
      minArea: options.minArea,
      flips: options.flips ?? false,
      kernels: options.kernels,
      adapter: gpu.adapter.description,
    },
  };
  const progress = new Progress({ label: "predicting", total: files.length });
  let done = 0;
  const report = await predictFiles(predictor, files, {
    ...provenance.settings,
    output: options.output,
    batchSize: options.batchSize,
    problems,
    provenance,
    onImage(image) {
      lap(image.image);
      if (!options.json) {
        progress.clear();
        writeStdout(describe(image));
      }
      if (files.length > 1) progress.update(++done);
    },
    onProblem({ path, message }) {
      progress.clear();
      reportError(`${escapeLine(path)}: ${message}`);
      done++;
    },
  });
  progress.clear();
  close();
  const failed = [...problems, ...report.problems];
  if (options.json) {
    const document = { ...provenance, output: options.output, images: report.images, failed, skipped };
    writeStdout(`${JSON.stringify(document, null, 2)}\n`);
  } else {
    writeStdout(`${plural(report.images.length, "image")} predicted, results in ${options.output}\n`);
  }
  if (failed.length === 0) return;
  writeStderr(
    `${plural(failed.length, "path")} could not be read\nlisted in ${join(options.output, FAILURES_FILE)}\n`,
  );
  throw new ExitError(EXIT.failed);
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
    lines.push(
      `skipped ${plural(folders.length, "subfolder")}: ${list(folders)}; '${
        join(folders[0]!, "..", "**")
      }' includes them`,
    );
  }
  return lines.map((line) => `note: ${escapeLine(line)}\n`).join("");
}

function describe({ image, area, share, lesions, meanProbability, notes, files }: ImageReport): string {
  const found = meanProbability === null
    ? "nothing found"
    : `${plural(lesions.length, "lesion")}, ${plural(area, "pixel")} (${formatPercent(share)}), ` +
      `mean probability ${meanProbability.toFixed(2)}`;
  const lines = [
    escapeLine(`${image}: ${found}; ${files.figure}`),
    ...notes.map(({ message }) => `  note: ${escapeLine(message)}`),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

/** Prints to standard error how long each part took. */
function stopwatch(): (part: string) => void {
  let last = performance.now();
  return (part) => {
    const now = performance.now();
    writeStderr(`${part}: ${formatSeconds((now - last) / 1000)}\n`);
    last = now;
  };
}

if (import.meta.main) await main(command());
