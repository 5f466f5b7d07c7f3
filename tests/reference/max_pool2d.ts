/**
 * Maximum over 2x2 windows with stride 2, forward and backward, as plain float64 loops.
 *
 * The gradient goes to the first largest value of each window in row-major order, as in PyTorch: after a ReLU whole
 * windows are zero, and which of them gets the gradient is no matter of taste. A NaN is larger than every number.
 *
 * @module
 */

/** The maxima; `planes` is batch times channels, `height` and `width` are the input's, both even. */
export function maxPool2dForward(
  input: ArrayLike<number>,
  planes: number,
  height: number,
  width: number,
): Float64Array {
  const output = new Float64Array(planes * height * width / 4);
  for (let y = 0; y < output.length; y++) output[y] = input[firstLargest(input, y, width)]!;
  return output;
}

/** The gradient by the input: each output's goes to the value that won. */
export function maxPool2dBackward(
  input: ArrayLike<number>,
  gradOutput: ArrayLike<number>,
  width: number,
): Float64Array {
  const gradInput = new Float64Array(input.length);
  for (let y = 0; y < gradOutput.length; y++) gradInput[firstLargest(input, y, width)] = gradOutput[y]!;
  return gradInput;
}

/** The flat index of the value that wins the window of output `y`. */
function firstLargest(input: ArrayLike<number>, y: number, width: number): number {
  const row = Math.floor(y / (width / 2));
  const corner = 2 * row * width + 2 * (y % (width / 2));
  let winner = corner;
  for (const index of [corner + 1, corner + width, corner + width + 1]) {
    if (input[index]! > input[winner]! || Number.isNaN(input[index])) winner = index;
  }
  return winner;
}
