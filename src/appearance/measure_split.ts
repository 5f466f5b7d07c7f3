/**
 * The appearance of a training set, for the file of a model.
 *
 * @module
 */
import type { PreparedSplit } from "../dataset/prepared_split.ts";
import type { ModelAppearance } from "../unet/model_appearance.ts";
import type { Model } from "../unet/model_format.ts";
import { fitAppearance, meterOf, MOST_MEASURED } from "./appearance.ts";
import type { FeatureMeter, Features } from "./features.ts";

/** Most validation images that are measured. */
const MOST_FURTHER = 128;

/** The appearance that a model's prepared splits have to it; null for too few images. */
export function appearanceOf(
  model: Model,
  train: PreparedSplit,
  valid: PreparedSplit,
): ModelAppearance | null {
  const meter = meterOf(model);
  return fitAppearance(measured(meter, train, MOST_MEASURED), measured(meter, valid, MOST_FURTHER));
}

/** The features of up to `most` images, spread evenly over a split. */
function measured(meter: FeatureMeter, split: PreparedSplit, most: number): Features[] {
  const count = Math.min(most, split.count);
  return Array.from(
    { length: count },
    (_, place) => meter.measure(split.image(Math.floor(place * split.count / count))),
  );
}
