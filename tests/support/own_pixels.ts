/**
 * Dice at the images' own pixels: the same for a model of whole images, whose `evaluate` counts the pixels of its input,
 * and for one of patches, whose `evaluate` counts those of the images.
 */
import { readForModel } from "../../src/evaluation/model_classes.ts";
import { addCounts, countPixels, NO_PIXELS, overlapMetrics } from "../../src/evaluation/pixel_counts.ts";
import { mean } from "../../src/evaluation/statistics.ts";
import { openSplit } from "../../src/dataset/source_registry.ts";
import { findSplits, splitOf } from "../../src/dataset/splits.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { decodeSamples } from "../../src/image/decode.ts";
import { IGNORE, maskOf } from "../../src/image/label_map.ts";
import { decisionThreshold } from "../../src/prediction/class_masks.ts";
import { loadModel } from "../../src/prediction/load_model.ts";
import { Predictor } from "../../src/prediction/predictor.ts";
import { segmentClasses } from "../../src/prediction/segment_classes.ts";
import { headOf } from "../../src/unet/config.ts";

/** Means over classes; one that is neither shown nor predicted anywhere is left out. */
export interface OwnPixels {
  /** Dice of all pixels of all images. */
  readonly pooled: number;
  /** The mean Dice of the images in which the class is, or is predicted. */
  readonly mean: number;
}

/** Predicts the test split of a dataset, and compares it with the annotations as they are. */
export async function diceAtOwnPixels(gpu: Gpu, model: string, data: string): Promise<OwnPixels> {
  const predictor = await Predictor.create(gpu, await loadModel(model));
  try {
    return await compare(predictor, data);
  } finally {
    predictor.close();
  }
}

async function compare(predictor: Predictor, data: string): Promise<OwnPixels> {
  const { description, classes } = predictor;
  const split = splitOf(await findSplits(data), "test");
  const { samples } = await readForModel(predictor, split, await openSplit(split), "empty");
  const threshold = decisionThreshold(description, undefined);
  const settings = { head: headOf(description.network), ...(threshold === null ? {} : { threshold }) };
  const pooled = Array.from({ length: classes }, () => NO_PIXELS);
  const each: number[][] = Array.from({ length: classes }, () => []);
  for (const sample of samples) {
    const { raster } = await decodeSamples(await Deno.readFile(sample.imagePath));
    const labels = await sample.labelMap();
    const [maps] = await predictor.predictClasses([raster]);
    let index = 0;
    for (const { mask } of segmentClasses(maps!, labels, settings)) {
      const counts = countPixels(mask, maskOf(labels, index + 1), maskOf(labels, IGNORE));
      pooled[index] = addCounts(pooled[index]!, counts);
      const { dice } = overlapMetrics(counts);
      if (dice !== null) each[index]!.push(dice);
      index++;
    }
  }
  return {
    pooled: mean(pooled.flatMap((counts) => overlapMetrics(counts).dice ?? [])),
    mean: mean(each.filter(({ length }) => length > 0).map(mean)),
  };
}
