/**
 * The settings of a U-Net.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { Head } from "../../kernels/loss/definition.ts";

export type { Head };

/** Settings that determine the shapes of the weights and the arithmetic. */
export interface UNetConfig {
  /** Channels of an image; defaults to 3. */
  inChannels: number;
  /** Channels of the logits: one per class, and with a softmax the background's before them; defaults to 1. */
  outChannels: number;
  /** Feature maps of the first level; defaults to 32. */
  filters: number;
  /** Probability that an element of the bottleneck is dropped during training; defaults to 0.4. */
  dropout: number;
  /** `instance` normalizes the result of every 3 x 3 convolution; defaults to `none`, as in the original. */
  norm: "none" | "instance";
  /**
   * How logits become probabilities: `sigmoid`, each class on its own, so that classes may overlap, or `softmax`, exactly
   * one class or the background per pixel. Defaults to `sigmoid`; a complete configuration has it only if `softmax`, so
   * that networks of one class are described as before there was a choice.
   */
  head?: Head;
  /** Number of poolings, 4 to 7; defaults to 5. A complete configuration has it only if it is another. */
  depth?: number;
}

/** The settings of the original network. */
export const DEFAULT_CONFIG: Readonly<UNetConfig> = {
  inChannels: 3,
  outChannels: 1,
  filters: 32,
  dropout: 0.4,
  norm: "none",
};

/** How often a network may halve its images. */
export const DEPTHS = { least: 4, most: 7, default: 5 } as const;

/** How often a network halves its images. */
export function depthOf({ depth = DEPTHS.default }: { readonly depth?: number | undefined }): number {
  return depth;
}

/** Height and width are multiples of this, because every pooling halves them: 32 for five. */
export function sizeStep(config: { readonly depth?: number | undefined }): number {
  return 2 ** depthOf(config);
}

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
  const { head, depth, ...plain } = full;
  const others = { ...plain, ...checkDepth(depth) };
  if (head === undefined || head === "sigmoid") return others;
  if (head !== "softmax") {
    throw new RangeError(`Cannot build a UNet with head ${show(head)}: expected "sigmoid" or "softmax"`);
  }
  if (full.outChannels < 2) {
    throw new RangeError(
      `Cannot build a UNet with head "softmax" and outChannels ${full.outChannels}: expected the background and at ` +
        "least one class, 2 or more",
    );
  }
  return { ...others, head };
}

function checkDepth(depth: number = DEPTHS.default): Pick<UNetConfig, "depth"> {
  const { least, most } = DEPTHS;
  if (!Number.isInteger(depth) || depth < least || depth > most) {
    throw new RangeError(
      `Cannot build a UNet with depth ${show(depth)}: expected an integer from ${least} to ${most}`,
    );
  }
  return depth === DEPTHS.default ? {} : { depth };
}

/** The settings that say what the network's logits mean. */
type HeadConfig = Pick<UNetConfig, "outChannels" | "head">;

/** How the network's logits become probabilities. */
export function headOf({ head }: HeadConfig): Head {
  return head ?? "sigmoid";
}

/** Number of classes, without the background. */
export function classCount({ outChannels, head }: HeadConfig): number {
  return head === "softmax" ? outChannels - 1 : outChannels;
}

/** Channels of the logits of `classes` classes. */
export function logitChannels(classes: number, head: Head = "sigmoid"): number {
  return head === "softmax" ? classes + 1 : classes;
}

/**
 * Channels of a batch's masks: with a sigmoid one per class, of 0 or 1; with a softmax one, of class indices, 0 for the
 * background. In both, -1 is a pixel to ignore.
 */
export function maskChannels({ outChannels, head }: HeadConfig): number {
  return head === "softmax" ? 1 : outChannels;
}

/** A setting for a message: one from a file may be anything. */
function show(value: unknown): string {
  if (typeof value === "object") return "of another type";
  // JSON would turn NaN into null.
  return (typeof value === "string" ? JSON.stringify(value) : String(value)).slice(0, 100);
}
