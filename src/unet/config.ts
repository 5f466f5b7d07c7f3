/**
 * The settings of a U-Net.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Settings that determine the shapes of the weights and the arithmetic. */
export interface UNetConfig {
  /** Channels of an image; defaults to 3. */
  inChannels: number;
  /** Classes, one independent sigmoid channel each; defaults to 1. */
  outChannels: number;
  /** Feature maps of the first level; defaults to 32. */
  filters: number;
  /** Probability that an element of the bottleneck is dropped during training; defaults to 0.4. */
  dropout: number;
  /** `instance` normalizes the result of every 3 x 3 convolution; defaults to `none`, as in the original. */
  norm: "none" | "instance";
}

/** The settings of the original network. */
export const DEFAULT_CONFIG: Readonly<UNetConfig> = {
  inChannels: 3,
  outChannels: 1,
  filters: 32,
  dropout: 0.4,
  norm: "none",
};

/** Height and width are multiples of this, because five poolings halve them. */
export const SIZE_STEP = 32;

/** The largest height and width of an input. */
export const MAX_SIZE = 8192;

/**
 * Completes a configuration with the defaults and checks it.
 *
 * @throws {RangeError} if a value is out of range.
 */
export function completeConfig(config: Partial<UNetConfig> = {}): UNetConfig {
  const full = { ...DEFAULT_CONFIG, ...config };
  for (const name of ["inChannels", "outChannels", "filters"] as const) {
    if (!Number.isInteger(full[name]) || full[name] < 1 || full[name] > 1024) {
      throw new RangeError(
        `Cannot build a UNet with ${name} ${show(full[name])}: expected an integer from 1 to 1024`,
      );
    }
  }
  if (typeof full.dropout !== "number" || !(full.dropout >= 0 && full.dropout < 1)) {
    throw new RangeError(
      `Cannot build a UNet with dropout ${show(full.dropout)}: expected a number from 0 to less than 1`,
    );
  }
  if (full.norm !== "none" && full.norm !== "instance") {
    throw new RangeError(`Cannot build a UNet with norm ${show(full.norm)}: expected "none" or "instance"`);
  }
  return full;
}

/** A setting for a message: one from a file may be anything. */
function show(value: unknown): string {
  if (typeof value === "object") return "of another type";
  // JSON would turn NaN into null.
  return (typeof value === "string" ? JSON.stringify(value) : String(value)).slice(0, 100);
}
