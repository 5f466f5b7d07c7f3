/**
 * What a convolution does with its sums before it stores them.
 *
 * @module
 */

/** Forward: add the bias, apply ReLU. Backward: gate by the activation that the gradient belongs to. */
export interface Epilogue {
  /** Add `bias[channel]`. */
  readonly bias?: boolean;
  /** Apply max(0, y). */
  readonly relu?: boolean;
  /** Multiply by the derivative of a ReLU whose result (or normalised input) is bound as `gate`. */
  readonly gate?: "none" | "activation" | "normalized";
  /** First add what the result's memory holds: the sums over another tensor's channels. */
  readonly add?: boolean;
}

/** The `flags` field of `Params` that the kernels read. */
export function epilogueFlags(epilogue: Epilogue): number {
  const gate = epilogue.gate ?? "none";
  return (epilogue.bias ? 1 : 0) | (epilogue.relu ? 2 : 0) | (gate === "none" ? 0 : 4) |
    (gate === "normalized" ? 8 : 0) | (epilogue.add ? 16 : 0);
}
