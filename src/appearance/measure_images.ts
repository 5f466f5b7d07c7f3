/**
 * The appearance of a training set, for the file of a model.
 * This module is browser compatible.
 *
 * @module
 */
import type { Tensor } from "../tensor.ts";
import type { ModelAppearance } from "../unet/model_appearance.ts";
import type { Model } from "../unet/model_format.ts";
import { fitAppearance, meterOf } from "./appearance.ts";

/** The appearance that images have to a model: inputs of the network, `[3, h, w]`; null for too few images. */
export function appearanceOf(
  model: Model,
  train: Iterable<Tensor>,
  valid: Iterable<Tensor>,
): ModelAppearance | null {
  const meter = meterOf(model);
  return fitAppearance(
    Array.from(train, (input) => meter.measure(input)),
    Array.from(valid, (input) => meter.measure(input)),
  );
}
