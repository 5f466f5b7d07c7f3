/**
 * What is kept of a predicted image: probabilities at the network's size, from which everything else follows.
 * This module is browser compatible.
 *
 * @module
 */
import type { ImageNote, RgbImage, Size, Spacing } from "../../../image/image.ts";
import type { ResultClasses } from "../../../prediction/result_images.ts";
import { type MeasuredClass, type MeasuredImage, measureImage } from "../../../prediction/measure_image.ts";
import type { ProbabilityMap } from "../../../prediction/probability_map.ts";
import { decisionThreshold } from "../../../prediction/class_masks.ts";
import type { EngineModel, EnginePrediction } from "./engine.ts";
import type { Settings } from "./settings.ts";

/** A predicted image. */
export interface PredictedImage {
  /** Its size in pixels. */
  readonly size: Size;
  /** Its pixels as they are displayed; null once the memory was needed. */
  image: RgbImage | null;
  /** The probabilities of each class. */
  readonly maps: readonly ProbabilityMap[];
  /** What is known of its file. */
  readonly notes: readonly ImageNote[];
  /** Distance between pixels, if the file states it. */
  readonly spacing: Spacing | null;
  /** Who decoded it, in words. */
  readonly decodedBy: string;
  /** Whether the project's own decoders did, as `predict` does. */
  readonly isExact: boolean;
  /** Seconds that it took. */
  readonly seconds: number;
}

/** What is kept of a prediction. */
export function keepPrediction(prediction: EnginePrediction): PredictedImage {
  const { image, classes, notes, spacing, decodedBy, seconds } = prediction;
  return {
    size: { width: image.width, height: image.height },
    image,
    maps: classes.map(({ probabilities }) => probabilities),
    notes,
    spacing: spacing ?? null,
    decodedBy: decodedBy.message,
    isExact: decodedBy.decoder !== "browser",
    seconds: Object.values(seconds).reduce((sum, value) => sum + value, 0),
  };
}

/** The classes of a model, as results take them. */
export function resultClasses({ classes, head }: EngineModel): ResultClasses {
  return { classes, head };
}

/** The threshold of the settings, or the model's own; null if the most probable class counts. */
export function thresholdOf(model: EngineModel, { threshold }: Settings): number | null {
  return decisionThreshold(model.description, threshold);
}

/**
 * Masks and numbers of an image at these settings.
 *
 * @param onClass gets each class, one after the other
 */
export function measure(
  name: string,
  predicted: PredictedImage,
  model: EngineModel,
  settings: Settings,
  onClass?: (measured: MeasuredClass) => void,
): MeasuredImage {
  const { size, maps, notes } = predicted;
  const threshold = thresholdOf(model, settings);
  const spacing = settings.spacing ?? predicted.spacing ?? undefined;
  const { minArea, largest } = settings;
  const options = { minArea, largest, spacing, ...(threshold === null ? {} : { threshold }) };
  return measureImage({ image: name, size, maps, notes }, resultClasses(model), options, onClass);
}
