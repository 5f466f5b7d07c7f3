/**
 * Maximum over 2x2 windows with stride 2, forward and backward, as plain float64 loops.
 *
 * The gradient goes to the first maximum of each window in row-major order, as in PyTorch. This matters: after a ReLU,
 * whole windows are zero. NaN counts as larger than any number.
 *
 * @module
 */

/** Maxima; `planes` is batch times channels, `height` and `width` are those of the input, both even. */
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

/** Input gradient: the gradient of each output goes to its maximum. */
export function maxPool2dBackward(
  input: ArrayLike<number>,
  gradOutput: ArrayLike<number>,
  width: number,
): Float64Array {
  const gradInput = new Float64Array(input.length);
  for (let y = 0; y < gradOutput.length; y++) gradInput[firstLargest(input, y, width)] = gradOutput[y]!;
  return gradInput;
}

/** Flat index of the first maximum in the window of output `y`. */
function firstLargest(input: ArrayLike<number>, y: number, width: number): number {
  const row = Math.floor(y / (width / 2));
  const corner = 2 * row * width + 2 * (y % (width / 2));
  let largest = corner;
  for (const index of [corner + 1, corner + width, corner + width + 1]) {
    if (input[index]! > input[largest]! || Number.isNaN(input[index])) largest = index;
  }
  return largest;
}
