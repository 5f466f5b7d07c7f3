/**
 * The optimizer: Adam and AdamW over one flat block of parameters.
 *
 * @module
 */
import { flatGrid } from "../grid.ts";
import { type Dispatch, kernel } from "../kernel.ts";
import { f32, packParams } from "../params.ts";
import code from "./adam.wgsl" with { type: "text" };

const WORKGROUP = 64;

/** Settings of Adam. */
export interface AdamOptions {
  /** Step size; 1e-4 in the original. */
  readonly learningRate: number;
  /** Decay of the first moment; 0.9. */
  readonly beta1: number;
  /** Decay of the second moment; 0.999. */
  readonly beta2: number;
  /** Added outside the square root; 1e-8. */
  readonly epsilon: number;
  /** Decoupled weight decay (AdamW); 0 for Adam. */
  readonly weightDecay: number;
}

/** One step over `count` parameters, a multiple of 4; bindings weights, gradient, first_moment, second_moment,
 * gradient_scale, step. */
export function adamStep(count: number): Dispatch {
  return {
    kernel: kernel("adam/adam", code),
    params: packParams([count / 4]),
    workgroups: flatGrid("adam/adam", count / 4, WORKGROUP),
  };
}

/** Bytes of the `step` uniform: what changes from one training step to the next. */
export const STEP_BYTE_LENGTH = 48;

/**
 * Packs the `step` uniform: seed and step key all random draws, `updates` (counted from 1) is the exponent of the bias
 * corrections `1 - beta^updates`, `record` the place of this step's metrics in the history, `firstImage` where a part
 * of a batch begins within the whole, `averageKeep` the share of a moving average of the weights that this step keeps.
 */
export function packStep(
  seed: number,
  step: number,
  updates: number,
  record: number,
  options: AdamOptions,
  firstImage = 0,
  averageKeep = 0,
): Uint8Array {
  const { learningRate, beta1, beta2, epsilon, weightDecay } = options;
  return packParams([
    seed >>> 0,
    step,
    record,
    firstImage,
    f32(learningRate / (1 - beta1 ** updates)),
    f32(1 / Math.sqrt(1 - beta2 ** updates)),
    f32(beta1),
    f32(beta2),
    f32(epsilon),
    f32(1 - learningRate * weightDecay),
    f32(averageKeep),
  ]);
}
