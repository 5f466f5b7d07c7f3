/**
 * What a convolution does with its sums before it stores them.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Forward: bias and ReLU. Backward: the derivative of the ReLU in front. */
export interface Epilogue {
  /** Adds `bias[channel]`. */
  readonly bias?: boolean;
  /** Applies max(0, y). */
  readonly relu?: boolean;
  /** Multiplies by the derivative of a ReLU whose output (or input to be normalized) is bound as `gate`. */
  readonly gate?: "none" | "activation" | "normalized";
  /** Adds the existing result first: the sums over the channels of another tensor. */
  readonly add?: boolean;
}

/** The field `flags` of `Params`; its bits are those of parts/epilogue.wgsl. */
export function epilogueFlags(epilogue: Epilogue): number {
  const gate = epilogue.gate ?? "none";
  return (epilogue.bias ? 1 : 0) | (epilogue.relu ? 2 : 0) | (gate === "none" ? 0 : 4) |
    (gate === "normalized" ? 8 : 0) | (epilogue.add ? 16 : 0);
}
