/**
 * Adam as a plain float64 loop, as in PyTorch: bias-corrected, epsilon outside the square root, no weight decay.
 *
 * @module
 */

/** Hyperparameters of Adam. */
export interface AdamOptions {
  /** Learning rate. */
  learningRate: number;
  /** Decay of the first moment. */
  beta1: number;
  /** Decay of the second moment. */
  beta2: number;
  /** Added to the root of the second moment. */
  epsilon: number;
}

/** PyTorch's defaults with the original's learning rate. */
export const ADAM_DEFAULTS: Readonly<AdamOptions> = {
  learningRate: 1e-4,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
};

/** State of Adam between steps; {@linkcode adamStep} updates it in place. */
export interface AdamState {
  /** The parameters. */
  parameters: Float64Array;
  /** Running mean of the gradient; zeros at the start. */
  firstMoment: Float64Array;
  /** Running mean of the squared gradient; zeros at the start. */
  secondMoment: Float64Array;
}

/** One step; `step` counts from 1. */
export function adamStep(
  state: AdamState,
  gradient: ArrayLike<number>,
  step: number,
  { learningRate, beta1, beta2, epsilon }: AdamOptions = ADAM_DEFAULTS,
): void {
  const { parameters, firstMoment, secondMoment } = state;
  for (let index = 0; index < parameters.length; index++) {
    const g = gradient[index]!;
    firstMoment[index] = beta1 * firstMoment[index]! + (1 - beta1) * g;
    secondMoment[index] = beta2 * secondMoment[index]! + (1 - beta2) * g * g;
    const mean = firstMoment[index]! / (1 - beta1 ** step);
    const square = secondMoment[index]! / (1 - beta2 ** step);
    parameters[index]! -= learningRate * mean / (Math.sqrt(square) + epsilon);
  }
}
