/**
 * The description of several models as one.
 * This module is browser compatible.
 *
 * @module
 */
import { headOf } from "../unet/config.ts";
import type { Calibration } from "../unet/model_calibration.ts";
import { modelClasses } from "../unet/model_classes.ts";
import type { ModelDescription } from "../unet/model_format.ts";
import { meanTemperature } from "./temperature.ts";

/**
 * The first model's description, with the mean threshold and the calibration of all.
 *
 * @throws {RangeError} if there is no model, or their classes or heads differ
 */
export function meanDescription(descriptions: readonly ModelDescription[]): ModelDescription {
  const [first] = descriptions;
  if (first === undefined) throw new RangeError("Cannot predict with no model");
  for (const [index, other] of descriptions.entries()) {
    const [one, two] = [classText(first), classText(other)];
    if (one === two) continue;
    throw new RangeError(
      `Cannot average models of other classes: the first has ${one}, number ${index + 1} has ${two}\n` +
        "hint: models that were trained with the same --classes and --head go together",
    );
  }
  const { calibration: _, ...description } = first;
  const calibration = meanCalibration(descriptions.map(({ calibration }) => calibration));
  return {
    ...description,
    threshold: descriptions.reduce((sum, { threshold }) => sum + threshold, 0) / descriptions.length,
    ...(calibration === undefined ? {} : { calibration }),
  };
}

function classText(description: ModelDescription): string {
  const names = modelClasses(description).map(({ name }) => name).join(", ");
  return `${names} (${headOf(description.network)})`;
}

/** Curves hold for models of one cross-validation, which all have the same. */
function meanCalibration(all: readonly (Calibration | undefined)[]): Calibration | undefined {
  const temperature = meanTemperature(all.map((each) => each?.temperature));
  const [first] = all;
  if (temperature === undefined) return undefined;
  if (first !== undefined && all.every((each) => JSON.stringify(each) === JSON.stringify(first))) {
    return first;
  }
  const known = all.find((each) => each !== undefined)!;
  const { missed: _, ...rest } = known;
  return { ...rest, temperature };
}
