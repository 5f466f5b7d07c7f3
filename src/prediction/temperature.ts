/**
 * Temperature scaling: logits divided by what was fitted on images that the model had not seen (Guo et al., On
 * Calibration of Modern Neural Networks, ICML 2017).
 * This module is browser compatible.
 *
 * @module
 */
import type { Tensor } from "../tensor.ts";

/**
 * Logits [N, C, H, W] at a temperature: one value per channel, or a single one for all of a softmax. The same tensor if
 * nothing changes.
 */
export function scaleLogits(logits: Tensor, temperature: readonly number[] | undefined): Tensor {
  if (temperature === undefined || temperature.every((value) => value === 1)) return logits;
  const [, channels, height, width] = logits.shape as [number, number, number, number];
  const pixels = height * width;
  const data = logits.data.map((value, at) =>
    value / temperature[temperature.length === 1 ? 0 : Math.floor(at / pixels) % channels]!
  );
  return { shape: logits.shape, data };
}

/** The geometric mean of several models' temperatures; those without count as 1. Undefined if none has any. */
export function meanTemperature(
  temperatures: readonly (readonly number[] | undefined)[],
): readonly number[] | undefined {
  const length = temperatures.find((each) => each !== undefined)?.length;
  if (length === undefined) return undefined;
  const [first] = temperatures;
  // Equal ones, exactly.
  if (temperatures.every((each) => each?.every((value, at) => value === first?.[at]))) return first;
  return Array.from({ length }, (_, at) => {
    const sum = temperatures.reduce((sum, each) => sum + Math.log(each?.[at] ?? 1), 0);
    return Math.exp(sum / temperatures.length);
  });
}
