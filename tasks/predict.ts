/**
 * `predict`: images to masks, probabilities, figures and numbers.
 *
 * @module
 */
import type { Command } from "commander";
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
  const { files, problems } = await findImages(paths);
  for (const { message } of problems) reportError(message);
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
      reportError(`${path}: ${message}`);
      done++;
    },
  });
  progress.clear();
  close();
  const failed = [...problems, ...report.problems];
  if (options.json) {
    const document = { ...provenance, output: options.output, images: report.images, failed };
    writeStdout(`${JSON.stringify(document, null, 2)}\n`);
  } else {
    writeStdout(`${plural(report.images.length, "image")} predicted, results in ${options.output}\n`);
  }
  if (failed.length === 0) return;
  writeStderr(`${plural(failed.length, "path")} could not be read\n`);
  throw new ExitError(EXIT.failed);
}

function describe({ image, area, share, lesions, meanProbability, files }: ImageReport): string {
  const found = meanProbability === null
    ? "nothing found"
    : `${plural(lesions.length, "lesion")}, ${plural(area, "pixel")} (${formatPercent(share)}), ` +
      `mean probability ${meanProbability.toFixed(2)}`;
  return `${image}: ${found}; ${files.figure}\n`;
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
