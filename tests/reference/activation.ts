/**
 * ReLU and sigmoid as plain float64 loops.
 *
 * @module
 */

/** The larger of each value and zero. */
export function reluForward(input: ArrayLike<number>): Float64Array {
  return Float64Array.from(input, (value) => value > 0 ? value : 0);
}

/** The gradient by the input; `output` is the forward's, and zero has the gradient zero, as in PyTorch. */
export function reluBackward(output: ArrayLike<number>, gradOutput: ArrayLike<number>): Float64Array {
  return Float64Array.from(output, (value, index) => value > 0 ? gradOutput[index]! : 0);
}

/** `1 / (1 + exp(-x))` of each value, in the form that never overflows. */
export function sigmoid(input: ArrayLike<number>): Float64Array {
  return Float64Array.from(input, (value) => {
    const decay = Math.exp(-Math.abs(value));
    return (value >= 0 ? 1 : decay) / (1 + decay);
  });
}
