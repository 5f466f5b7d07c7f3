/**
 * Rematerialization: tensors that are recomputed for the backward pass instead of being kept.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Activation } from "./activation.ts";
import type { Builder } from "./builder.ts";

/** Tensors of fewer bytes are kept: recomputing them saves too little. */
const LEAST_BYTES = 2 ** 20;

/**
 * Records a tensor, and lets the backward of its only reader record it again, to the same bits. The results of pooling
 * and transposed convolution are a fifth of what a training step would have to keep, and recomputing them takes about a
 * hundredth of its time.
 */
export function emitRematerializable(builder: Builder, output: Activation, emit: () => void): void {
  emit();
  if (output.region.byteLength < LEAST_BYTES) return;
  output.rematerialize = () => {
    output.region = builder.activation(`${output.region.label} again`, output.shape, output.kind).region;
    emit();
  };
}
