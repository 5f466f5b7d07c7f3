/**
 * Order statistics and bootstrap intervals.
 *
 * @module
 */
import { draw } from "../random.ts";

/** Keeps the bootstrap's draws apart from those of other uses of one seed: "boot". */
const STREAM = 0x626f6f74;

/**
 * The value below which a `share` (0 to 1) of ascending `sorted` lies, between two of them by a straight line:
 * `numpy.quantile`'s default. Throws a RangeError for no values or another share.
 */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) throw new RangeError("Cannot take a quantile of no values");
  if (!(share >= 0 && share <= 1)) {
    throw new RangeError(`Cannot take a quantile at ${share}: a share from 0 to 1 is wanted`);
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

/** How {@linkcode bootstrapMean} draws. */
export interface BootstrapOptions {
  /** Which draws: the same seed gives the same interval; 0 unless given. */
  readonly seed?: number;
  /** How many times the values are drawn anew; 2,000 unless given. */
  readonly resamples?: number;
  /** Which share of the resampled means the interval holds; 0.95 unless given. */
  readonly level?: number;
}

/** What {@linkcode BootstrapOptions} say where they say nothing. */
export const BOOTSTRAP_DEFAULTS: Required<BootstrapOptions> = { seed: 0, resamples: 2000, level: 0.95 };

/**
 * The interval of the mean by the percentile bootstrap (Efron and Tibshirani, An Introduction to the Bootstrap,
 * 1993, chapter 13): the values are drawn anew with replacement, and the middle `level` of the means is taken.
 * Throws a RangeError for no values, fewer than 1 resample or a level outside of 0 to 1.
 */
export function bootstrapMean(values: ArrayLike<number>, options: BootstrapOptions = {}): [number, number] {
  const { seed, resamples, level } = { ...BOOTSTRAP_DEFAULTS, ...options };
  if (!Number.isSafeInteger(resamples) || resamples < 1) {
    throw new RangeError(`Cannot draw ${resamples} resamples: a whole number from 1 is wanted`);
  }
  if (!(level > 0 && level < 1)) {
    throw new RangeError(`Cannot take a ${level} interval: a level between 0 and 1 is wanted`);
  }
  const count = values.length;
  const drawn = new Float64Array(count);
  const means = Float64Array.from({ length: resamples }, (_, resample) => {
    for (let i = 0; i < count; i++) {
      drawn[i] = values[Math.floor(draw(i, resample, seed, STREAM) / 2 ** 32 * count)]!;
    }
    return mean(drawn);
  }).sort();
  return [quantile(means, (1 - level) / 2), quantile(means, (1 + level) / 2)];
}
