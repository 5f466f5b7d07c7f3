/**
 * The optimizer step of Adam and AdamW over one flat block of parameters, and the EMA of the weights.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { flatGrid } from "../grid.ts";
import { type Dispatch, kernel } from "../kernel.ts";
import { f32, packParams } from "../params.ts";
import code from "./adam.wgsl" with { type: "text" };
import averageCode from "./adam_average.wgsl" with { type: "text" };

const WORKGROUP = 64;

/** Hyperparameters of Adam. */
export interface AdamOptions {
  /** Learning rate; the original uses 1e-4. */
  readonly learningRate: number;
  /** Decay of the first moment; usually 0.9. */
  readonly beta1: number;
  /** Decay of the second moment; usually 0.999. */
  readonly beta2: number;
  /** Added outside the square root; usually 1e-8. */
  readonly epsilon: number;
  /** Decoupled weight decay (AdamW); 0 for Adam. */
  readonly weightDecay: number;
}

/**
 * One optimizer step over `count` parameters, a multiple of 4; bindings weights, gradient, first_moment, second_moment,
 * gradient_scale, step.
 */
export function adamStep(count: number): Dispatch {
  return updateOf(count, "adam/adam", code);
}

/**
 * {@linkcode adamStep} followed by `average += (1 - keep) * (weights - average)`, with `keep` from the uniform `step`;
 * bindings also average.
 */
export function adamAverageStep(count: number): Dispatch {
  return updateOf(count, "adam/adam_average", averageCode);
}

function updateOf(count: number, label: string, code: string): Dispatch {
  return {
    kernel: kernel(label, code),
    params: packParams([count / 4]),
    workgroups: flatGrid(label, count / 4, WORKGROUP),
  };
}

/** Bytes of the uniform `step`, which holds what changes from one training step to the next. */
export const STEP_BYTE_LENGTH = 48;

/**
 * Packs the uniform `step`.
 *
 * @param seed with `step`, the key of all random draws
 * @param step counted from 0
 * @param updates optimizer steps, counted from 1: the exponent of the bias corrections `1 - beta^updates`
 * @param record index of the step's metrics in the history
 * @param options hyperparameters
 * @param firstImage index in the batch of the first image of a micro-batch
 * @param averageKeep decay of the EMA of the weights at this step
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
