/**
 * What the models of a cross-validation say of the images that they have not seen: calibration, and the evaluation of both
 * splits with every image's out-of-fold probabilities.
 *
 * @module
 */
import { join } from "node:path";
import { batchesOf } from "../dataset/batches.ts";
import { prepareSplit } from "../dataset/prepare.ts";
import type { PreparedSplit } from "../dataset/prepared_split.ts";
import { openSplit } from "../dataset/source_registry.ts";
import { findSplits, splitOf } from "../dataset/splits.ts";
import { drawReliability, type ReliabilityOfClass } from "../evaluation/calibration/draw_reliability.ts";
import { type TemperatureFit, temperatureFit } from "../evaluation/calibration/fit_temperature.ts";
import { missedCurve, missedShares } from "../evaluation/calibration/missed_foreground.ts";
import { Reliability, type ReliabilityBin } from "../evaluation/calibration/reliability.ts";
import { readForModel, targetsOf } from "../evaluation/model_classes.ts";
import { runEvaluation } from "../evaluation/run_evaluation.ts";
import { trueMasks } from "../evaluation/true_masks.ts";
import { writeFileAtomic } from "../fs/atomic_file.ts";
import { RUN_FILES } from "../fs/layout.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { encodeRgbPng } from "../image/encode.ts";
import { type EnsembleFile, memberFiles } from "../prediction/ensemble_file.ts";
import { Ensemble } from "../prediction/ensemble.ts";
import { inputForm } from "../prediction/input_form.ts";
import { loadModel } from "../prediction/load_model.ts";
import { modelsHash, modelsOrigin } from "../prediction/models_origin.ts";
import { classMaps, Predictor } from "../prediction/predictor.ts";
import { scaleLogits } from "../prediction/temperature.ts";
import type { Tensor } from "../tensor.ts";
import type { TrainConfig } from "../training/train_config.ts";
import { foldSplits } from "../training/folds/fold_splits.ts";
import { headOf } from "../unet/config.ts";
import type { Calibration } from "../unet/model_calibration.ts";
import { microBatchAt } from "../unet/unet.ts";
import { writeCalibration } from "./model_file.ts";
import { foldChoice } from "./fold_choice.ts";

/** A cross-validation whose runs are done. */
export interface DoneFolds {
  /** Its folder. */
  readonly folder: string;
  /** What it trained. */
  readonly file: EnsembleFile;
  /** The dataset's folder. */
  readonly dataFolder: string;
}

/** How the images are predicted. */
export interface OutOfFoldOptions {
  /** Folder of prepared images. */
  readonly cacheFolder: string;
  /** Called after every image. */
  readonly onImages?: ((what: string, done: number, total: number) => void) | undefined;
  /** Gets lines for the user. */
  readonly onNote?: ((note: string) => void) | undefined;
  /** Aborts the work. */
  readonly signal?: AbortSignal | undefined;
}

/** What the images of both splits say, each by the model that has not seen it. */
export interface OutOfFold {
  /** All of them. */
  readonly images: number;
  /** By split: images, Dice of all pixels, and mean Dice of the images with foreground. */
  readonly splits: Readonly<
    Record<
      string,
      { readonly images: number; readonly pooledDice: number | null; readonly meanDice: number | null }
    >
  >;
  /** What was written to the models. */
  readonly calibration: Calibration;
  /** The reliability of each class. */
  readonly reliability: readonly ReliabilityOfClass[];
}

/** Images per batch. */
const BATCH_SIZE = 32;

/**
 * Calibrates the models of a cross-validation by the images that each has not seen, writes the calibration to their files
 * and the diagram to the folder, and evaluates both splits.
 *
 * @throws {Error} if a model is missing, or the images cannot be read
 */
export async function evaluateOutOfFold(
  gpu: Gpu,
  done: DoneFolds,
  options: OutOfFoldOptions,
): Promise<OutOfFold> {
  const { folder, file, dataFolder } = done;
  const paths = memberFiles(folder, file);
  // A run that was stopped while it wrote them begins again.
  for (const path of paths) await writeCalibration(path, null);
  const { calibration, reliability } = await calibrate(gpu, paths, done, options);
  for (const path of paths) await writeCalibration(path, calibration);
  await writeFileAtomic(
    join(folder, RUN_FILES.reliability),
    await encodeRgbPng(await drawReliability(reliability, "images that the models have not seen")),
  );
  const models = [];
  for (const path of paths) models.push(await loadModel(path));
  const ensemble = await Ensemble.create(gpu, models);
  try {
    const splits: Record<string, OutOfFold["splits"][string]> = {};
    let images = 0;
    for (const split of ["train", "valid"] as const) {
      const report = await runEvaluation(ensemble, {
        dataFolder,
        split,
        unannotated: (file.config as unknown as TrainConfig).unannotated,
        cacheFolder: options.cacheFolder,
        output: folder,
        maps: true,
        modelHash: modelsHash(models),
        provenance: { ...modelsOrigin(models), device: { flips: false, adapter: gpu.adapter.description } },
        heldOut: new Map(file.images!.map(({ sha256, fold }) => [sha256, fold])),
        onProgress: (done, total) => options.onImages?.(`evaluating ${split}`, done, total),
      });
      images += report.data.images;
      splits[split] = {
        images: report.data.images,
        pooledDice: report.summary?.pooled.dice ?? null,
        meanDice: report.summary?.withForeground.metrics.dice.mean ?? null,
      };
    }
    return { images, splits, calibration, reliability };
  } finally {
    ensemble.close();
  }
}

/** A fold's model and the images that it has not seen. */
interface Fold {
  readonly predictor: Predictor;
  readonly prepared: PreparedSplit;
}

async function calibrate(
  gpu: Gpu,
  paths: readonly string[],
  done: DoneFolds,
  options: OutOfFoldOptions,
): Promise<{ calibration: Calibration; reliability: ReliabilityOfClass[] }> {
  let fit: TemperatureFit | null = null;
  const total = done.file.images!.length;
  const each = async (
    what: string,
    use: (fold: Fold, logits: Tensor, masks: Tensor, images: number) => void,
  ): Promise<number> => {
    let images = 0;
    for (const [index, path] of paths.entries()) {
      await using fold = await openFold(gpu, path, index, done, options);
      const { prepared, predictor } = fold;
      const all = prepared.samples.map((_, place) => place);
      for await (const batch of batchesOf(prepared, all, BATCH_SIZE)) {
        options.signal?.throwIfAborted();
        const microBatches = Array.from(batch.indices, (place) => microBatchAt(place, prepared.count));
        use(fold, await predictor.logits(batch.images, { microBatches, raw: true }), batch.masks, images);
        images += batch.indices.length;
        options.onImages?.(what, images, total);
      }
    }
    return images;
  };
  let head = "sigmoid" as ReturnType<typeof headOf>;
  let names: string[] = [];
  const images = await each("calibrating", ({ predictor }, logits, masks) => {
    head = headOf(predictor.description.network);
    names = predictor.classNames;
    const [, channels, height, width] = logits.shape as [number, number, number, number];
    fit ??= temperatureFit(head, channels, total * height * width);
    fit.add(logits, masks);
  });
  const temperature = (fit as TemperatureFit | null)?.temperatures() ?? [1];
  const before = new Reliability(head, names.length);
  const after = new Reliability(head, names.length);
  const missed: Float64Array[] = [];
  await each("measuring what is missed", (_, logits, masks) => {
    const calibrated = scaleLogits(logits, temperature);
    before.add(logits, masks);
    after.add(calibrated, masks);
    for (const [place, maps] of classMaps(calibrated, head).entries()) {
      const { masks: truths, ignored } = trueMasks(masks, place, names.length, head);
      const shares = missedShares(maps, truths, head, ignored);
      if (shares !== null) missed.push(shares);
    }
  });
  const curve = missedCurve(missed);
  const errors = { before: before.errors(), after: after.errors() };
  const sides = { before: before.bins(), after: after.bins() };
  const side = (when: "before" | "after", index: number): { bins: ReliabilityBin[]; error: number } => ({
    bins: sides[when][index]!,
    error: errors[when][index]!,
  });
  return {
    calibration: { temperature, images, error: errors, ...(curve === null ? {} : { missed: curve }) },
    reliability: names.map((name, index) => ({
      name,
      before: side("before", index),
      after: side("after", index),
    })),
  };
}

async function openFold(
  gpu: Gpu,
  path: string,
  index: number,
  { file, dataFolder }: DoneFolds,
  { cacheFolder }: OutOfFoldOptions,
): Promise<Fold & AsyncDisposable> {
  const predictor = await Predictor.create(gpu, await loadModel(path));
  const form = inputForm(predictor.description);
  const splits = await findSplits(dataFolder);
  const opened = await Promise.all((["train", "valid"] as const).map(async (role) => {
    const split = splitOf(splits, role);
    return { split, listing: await openSplit(split) };
  }));
  const { unannotated } = file.config as unknown as TrainConfig;
  const held = foldSplits(opened, foldChoice(file, index)!).valid;
  const readings = await Promise.all(
    held.map(({ split, listing }) => readForModel(predictor, split, listing, unannotated)),
  );
  const prepared = await prepareSplit(readings.flatMap(({ samples }) => samples), {
    ...form,
    range: form.range ?? null,
    targets: targetsOf(predictor),
    cacheFolder,
  });
  return {
    predictor,
    prepared,
    async [Symbol.asyncDispose]() {
      predictor.close();
      await prepared.close();
    },
  };
}
