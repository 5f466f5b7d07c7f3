/**
 * Probabilities as ranks among thresholds: small integers that say exactly which thresholds a probability exceeds.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Mask } from "../image/mask.ts";
import type { Size } from "../image/image.ts";

/** Thresholds are exact at every multiple of `1 / THRESHOLD_STEPS`. */
export const THRESHOLD_STEPS = 1000;

/**
 * The thresholds at which masks from codes are exact, ascending: 0, 0.001, ..., 1, and the one of the evaluation (null
 * for none).
 */
export function codedThresholds(evaluated: number | null): Float64Array {
  const steps = Array.from({ length: THRESHOLD_STEPS + 1 }, (_, step) => step / THRESHOLD_STEPS);
  const all = new Set(evaluated === null ? steps : [...steps, evaluated]);
  return Float64Array.from(all).sort();
}

/**
 * The code of each probability: how many of the thresholds it exceeds. Codes rise with probabilities, and
 * `probability > threshold` holds exactly if `code >= cutOf(threshold)`.
 */
export function encodeProbabilities(
  probabilities: Float32Array,
  thresholds: Float64Array,
  target: Uint16Array = new Uint16Array(probabilities.length),
): Uint16Array {
  for (let at = 0; at < probabilities.length; at++) {
    const value = probabilities[at]!;
    // A guess from the even steps, moved until it is right: products of decimals are rounded.
    let code = Math.max(0, Math.min(thresholds.length, Math.ceil(value * THRESHOLD_STEPS)));
    while (code < thresholds.length && value > thresholds[code]!) code++;
    while (code > 0 && !(value > thresholds[code - 1]!)) code--;
    target[at] = code;
  }
  return target;
}

/** The least code of a probability above a threshold; exact for one of `thresholds`, else for the next lower one. */
export function cutOf(threshold: number, thresholds: Float64Array): number {
  let count = 0;
  while (count < thresholds.length && thresholds[count]! <= threshold) count++;
  return count;
}

/** The pixels whose probability is above a threshold. */
export function codedMask(
  codes: Uint16Array,
  { width, height }: Size,
  threshold: number,
  thresholds: Float64Array,
): Mask {
  const cut = cutOf(threshold, thresholds);
  return { width, height, data: Uint8Array.from(codes, (code) => code >= cut ? 1 : 0) };
}

/** The probabilities that codes stand for: the middle between two thresholds, at most 0.0005 off. */
export function decodeProbabilities(codes: Uint16Array, thresholds: Float64Array): Float32Array {
  const values = Float32Array.from(
    { length: thresholds.length + 1 },
    (_, code) => code === 0 ? 0 : (thresholds[code - 1]! + (thresholds[code] ?? 1)) / 2,
  );
  return Float32Array.from(codes, (code) => values[code]!);
}
