/**
 * The figure of the best epoch: validation images with their true and predicted masks.
 *
 * @module
 */
import { join } from "node:path";
import { drawSamples } from "../evaluation/figures.ts";
import { writeFileAtomic } from "../fs/atomic_file.ts";
import { evaluationNames, RUN_FILES } from "../fs/layout.ts";
import { readWholeFile } from "../fs/whole_file.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { encodeRgbPng } from "../image/encode.ts";
import { Predictor } from "../prediction/predictor.ts";
import type { Tracker } from "../tracking/tracker.ts";
import { readModel } from "../unet/model_format.ts";
import type { RunProgress } from "./checkpoint.ts";
import type { Example } from "./train_data.ts";

/** Its file: that of an evaluation of the validation split, which replaces it. */
const FILE = evaluationNames("valid").predictions;

/** What {@linkcode recordBestFigure} draws, and where it is recorded. */
export interface BestFigureRecords {
  /** The images. */
  readonly examples: readonly Example[];
  /** The run's records. */
  readonly tracker: Tracker;
}

/** Draws the examples by the model of the best epoch, into the run's folder and its records. */
export async function recordBestFigure(
  gpu: Gpu,
  folder: string,
  { best, epoch }: RunProgress,
  { examples, tracker }: BestFigureRecords,
): Promise<void> {
  if (best === null || examples.length === 0) return;
  const predictor = await Predictor.create(
    gpu,
    await readModel(await readWholeFile(join(folder, RUN_FILES.best))),
  );
  try {
    const image = await drawSamples(
      predictor,
      // No file names: they may name patients, and records may go to a server.
      examples.map(({ sample }, index) => ({
        sample,
        name: `validation sample ${index + 1}`,
        note: "overlay",
      })),
      {
        kind: "prediction",
        title: `valid: best epoch ${best.epoch} (orange line: predicted, blue line: annotated)`,
      },
    );
    const png = await encodeRgbPng(image);
    await writeFileAtomic(join(folder, FILE), png);
    const caption = `validation images by the model of epoch ${best.epoch}`;
    await tracker.image("valid/predictions", epoch, png, image.width, image.height, caption);
  } finally {
    predictor.close();
  }
}
