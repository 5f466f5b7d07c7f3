/**
 * The network's settings.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Settings that the weights' shapes and the arithmetic depend on. */
export interface UNetConfig {
  /** Channels of an image; 3. */
  inChannels: number;
  /** Classes, independent sigmoid channels; 1. */
  outChannels: number;
  /** Feature maps of the first block; 32. */
  filters: number;
  /** Probability that an element of the bottleneck is dropped in training; 0.4. */
  dropout: number;
  /** `instance` normalises every 3 x 3 convolution's result; `none` is the original. */
  norm: "none" | "instance";
}

/** The original's settings. */
export const DEFAULT_CONFIG: Readonly<UNetConfig> = {
  inChannels: 3,
  outChannels: 1,
  filters: 32,
  dropout: 0.4,
  norm: "none",
};

/** Height and width are multiples of this: five poolings halve them. */
export const SIZE_STEP = 32;

/**
 * Fills a configuration up with the original's values and checks it.
 *
 * @throws {RangeError} where a value is out of range.
 */
export function completeConfig(config: Partial<UNetConfig> = {}): UNetConfig {
  const full = { ...DEFAULT_CONFIG, ...config };
  for (const name of ["inChannels", "outChannels", "filters"] as const) {
    if (!Number.isInteger(full[name]) || full[name] < 1 || full[name] > 1024) {
      throw new RangeError(
        `Cannot build a UNet with ${name} ${full[name]}: expected a whole number from 1 to 1024`,
      );
    }
  }
  if (!(full.dropout >= 0 && full.dropout < 1)) {
    throw new RangeError(
      `Cannot build a UNet with dropout ${full.dropout}: expected 0 up to, not including, 1`,
    );
  }
  if (full.norm !== "none" && full.norm !== "instance") {
    throw new RangeError(`Cannot build a UNet with norm "${full.norm}": expected "none" or "instance"`);
  }
  return full;
}
