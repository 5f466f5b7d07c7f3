/**
 * What a model file says about how far its probabilities can be trusted.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { integerOf, listOf, numberOf, objectOf, orMissing } from "../fs/json_shape.ts";

/** How probabilities are corrected, by images that the model was not trained on. */
export interface Calibration {
  /**
   * By this logits are divided: one value per class with a sigmoid, a single one with a softmax. Above 1 the model was
   * too certain. A probability of 0.5, and which of several exclusive classes is the most probable, stay as they are.
   */
  readonly temperature: readonly number[];
  /** The images that it was fitted on. */
  readonly images: number;
  /** The expected calibration error of each class on them. */
  readonly error: { readonly before: readonly number[]; readonly after: readonly number[] };
  /** How much foreground is missed at which threshold; absent if no image has any. */
  readonly missed?: MissedCurve | undefined;
}

/** The mean share of an image's foreground pixels that is missed, by threshold. */
export interface MissedCurve {
  /** Images with foreground. */
  readonly images: number;
  /** Thresholds of the calibrated probabilities, ascending. */
  readonly thresholds: readonly number[];
  /** The mean share at each of them, rounded up; never falling. */
  readonly shares: readonly number[];
}

/** Temperatures beyond these say that something else is wrong. */
export const TEMPERATURES = { least: 0.05, most: 20 } as const;

const CLASSES = listOf(numberOf(0, 1));

const CALIBRATION = objectOf({
  temperature: listOf(numberOf(TEMPERATURES.least, TEMPERATURES.most)),
  images: integerOf(1),
  error: objectOf({ before: CLASSES, after: CLASSES }),
  missed: orMissing(objectOf({
    images: integerOf(1),
    thresholds: listOf(numberOf(0, 1)),
    shares: listOf(numberOf(0, 1)),
  })),
});

/** Whether a value of a file is a calibration of a model with so many temperatures. */
export function isCalibration(value: unknown): value is Calibration {
  if (CALIBRATION(value, "calibration") !== null) return false;
  const { temperature, missed } = value as Calibration;
  if (temperature.length === 0) return false;
  if (missed === undefined) return true;
  const { thresholds, shares } = missed;
  const rises = (values: readonly number[], least: number) =>
    values.every((value, at) => at === 0 || value - values[at - 1]! >= least);
  return thresholds.length === shares.length && rises(thresholds, Number.MIN_VALUE) && rises(shares, 0);
}
