/**
 * ReLU and sigmoid as plain float64 loops.
 *
 * @module
 */

/** max(0, x) of each value. */
export function reluForward(input: ArrayLike<number>): Float64Array {
  return Float64Array.from(input, (value) => value > 0 ? value : 0);
}

/** Input gradient from the output of the forward pass; 0 at 0, as in PyTorch. */
export function reluBackward(output: ArrayLike<number>, gradOutput: ArrayLike<number>): Float64Array {
  return Float64Array.from(output, (value, index) => value > 0 ? gradOutput[index]! : 0);
}

/** `1 / (1 + exp(-x))` of each value, in a form that does not overflow. */
export function sigmoid(input: ArrayLike<number>): Float64Array {
  return Float64Array.from(input, (value) => {
    const decay = Math.exp(-Math.abs(value));
    return (value >= 0 ? 1 : decay) / (1 + decay);
  });
}
