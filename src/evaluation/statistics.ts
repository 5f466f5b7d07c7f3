/**
 * Quantiles, means and bootstrap intervals.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { draw, STREAMS } from "../random.ts";

/**
 * The quantile of ascending values at `share` (0 to 1), linearly interpolated like `numpy.quantile`'s default. Throws a
 * RangeError for no values or a share out of bounds.
 */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) throw new RangeError("Cannot take a quantile of no values");
  if (!(share >= 0 && share <= 1)) {
    throw new RangeError(`Cannot take a quantile at ${share}: expected 0 to 1`);
  }
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (high - low) * (place - below);
}

/** The arithmetic mean. Throws a RangeError for no values. */
export function mean(values: ArrayLike<number>): number {
  if (values.length === 0) throw new RangeError("Cannot take the mean of no values");
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

/**
 * Spreads consecutive integers evenly over 0 to 1, by multiples of the golden ratio: those below a share are a sample of
 * pixels from all columns, where every so many-th pixel would be the same column of each row.
 */
export function evenPlace(place: number): number {
  return (Math.imul(place, 0x9e3779b1) >>> 0) / 2 ** 32;
}

/** Options of {@linkcode bootstrapMean}. */
export interface BootstrapOptions {
  /** The same seed gives the same interval; defaults to 0. */
  readonly seed?: number;
  /** The number of resamples; defaults to 2,000. */
  readonly resamples?: number;
  /** The confidence level; defaults to 0.95. */
  readonly level?: number;
}

/** The defaults of {@linkcode BootstrapOptions}. */
export const BOOTSTRAP_DEFAULTS: Required<BootstrapOptions> = { seed: 0, resamples: 2000, level: 0.95 };

/**
 * The confidence interval of the mean by the percentile bootstrap (Efron and Tibshirani, An Introduction to the
 * Bootstrap, 1993, chapter 13): the values are resampled with replacement, and the middle `level` of the means is
 * taken. Throws a RangeError for no values, fewer than 1 resample or a level out of bounds.
 */
export function bootstrapMean(values: ArrayLike<number>, options: BootstrapOptions = {}): [number, number] {
  const { seed, resamples, level } = { ...BOOTSTRAP_DEFAULTS, ...options };
  if (!Number.isSafeInteger(resamples) || resamples < 1) {
    throw new RangeError(`Cannot draw ${resamples} resamples: expected an integer >= 1`);
  }
  if (!(level > 0 && level < 1)) {
    throw new RangeError(`Cannot take an interval of level ${level}: expected a number between 0 and 1`);
  }
  const count = values.length;
  const drawn = new Float64Array(count);
  const means = Float64Array.from({ length: resamples }, (_, resample) => {
    for (let i = 0; i < count; i++) {
      drawn[i] = values[Math.floor(draw(i, resample, seed, STREAMS.bootstrap) / 2 ** 32 * count)]!;
    }
    return mean(drawn);
  }).sort();
  return [quantile(means, (1 - level) / 2), quantile(means, (1 + level) / 2)];
}
