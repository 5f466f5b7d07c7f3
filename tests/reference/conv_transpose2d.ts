/**
 * Transposed convolution with a 2x2 kernel and stride 2, forward and its gradients, as plain float64 loops.
 *
 * Formula (PyTorch's `ConvTranspose2d(in, out, 2, stride=2)`):
 * `y[n,o,2i+r,2j+s] = b[o] + sum over c of x[n,c,i,j] * w[c,o,r,s]`. Each output has exactly one tap.
 *
 * @module
 */

/** Sizes of a transposed convolution: input NCHW, weight `[inChannels, outChannels, 2, 2]`. */
export interface ConvTranspose2dShape {
  /** Images. */
  batch: number;
  /** Channels of the input. */
  inChannels: number;
  /** Channels of the output. */
  outChannels: number;
  /** Rows of the input; the output has twice as many. */
  height: number;
  /** Columns of the input; the output has twice as many. */
  width: number;
}

/** Output `[batch, outChannels, 2 * height, 2 * width]`. */
export function convTranspose2dForward(
  input: ArrayLike<number>,
  weight: ArrayLike<number>,
  bias: ArrayLike<number>,
  shape: ConvTranspose2dShape,
): Float64Array {
  const plane = 4 * shape.height * shape.width;
  const output = new Float64Array(shape.batch * shape.outChannels * plane);
  for (let index = 0; index < output.length; index++) {
    output[index] = bias[Math.floor(index / plane) % shape.outChannels]!;
  }
  forEachProduct(shape, (x, w, y) => output[y]! += input[x]! * weight[w]!);
  return output;
}

/** Input gradient. */
export function convTranspose2dDgrad(
  gradOutput: ArrayLike<number>,
  weight: ArrayLike<number>,
  shape: ConvTranspose2dShape,
): Float64Array {
  const gradInput = new Float64Array(shape.batch * shape.inChannels * shape.height * shape.width);
  forEachProduct(shape, (x, w, y) => gradInput[x]! += gradOutput[y]! * weight[w]!);
  return gradInput;
}

/** Weight gradient `[inChannels, outChannels, 2, 2]`. */
export function convTranspose2dWgrad(
  input: ArrayLike<number>,
  gradOutput: ArrayLike<number>,
  shape: ConvTranspose2dShape,
): Float64Array {
  const gradWeight = new Float64Array(shape.inChannels * shape.outChannels * 4);
  forEachProduct(shape, (x, w, y) => gradWeight[w]! += input[x]! * gradOutput[y]!);
  return gradWeight;
}

/** Bias gradient: the sum over each output channel. */
export function convTranspose2dBiasGrad(
  gradOutput: ArrayLike<number>,
  shape: ConvTranspose2dShape,
): Float64Array {
  const plane = 4 * shape.height * shape.width;
  const gradBias = new Float64Array(shape.outChannels);
  for (let index = 0; index < gradOutput.length; index++) {
    gradBias[Math.floor(index / plane) % shape.outChannels]! += gradOutput[index]!;
  }
  return gradBias;
}

/** Calls `visit` with the flat indices into input, weight and output of each product. */
function forEachProduct(
  { batch, inChannels, outChannels, height, width }: ConvTranspose2dShape,
  visit: (x: number, w: number, y: number) => void,
): void {
  for (let n = 0; n < batch; n++) {
    for (let o = 0; o < outChannels; o++) {
      for (let row = 0; row < 2 * height; row++) {
        for (let column = 0; column < 2 * width; column++) {
          const y = ((n * outChannels + o) * 2 * height + row) * 2 * width + column;
          const tap = 2 * (row % 2) + column % 2;
          for (let c = 0; c < inChannels; c++) {
            const x = ((n * inChannels + c) * height + (row >> 1)) * width + (column >> 1);
            visit(x, (c * outChannels + o) * 4 + tap, y);
          }
        }
      }
    }
  }
}
