/**
 * The value that rooms exchange: a dense float32 array with its shape.
 * This module is browser compatible.
 *
 * @module
 */

/** A dense, row-major float32 tensor; images are NCHW. */
export interface Tensor {
  /** Extent of each dimension, outermost first. */
  readonly shape: readonly number[];
  /** The values; its length is the product of {@linkcode Tensor.shape}. */
  readonly data: Float32Array;
}

/** The weights of a network: the original network's parameter names to their values. */
export type StateDict = Map<string, Tensor>;
