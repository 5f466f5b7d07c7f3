/**
 * Convolution of stride 1 with zero padding, forward and its gradients, as plain float64 loops.
 *
 * Formula (PyTorch's `Conv2d`): `y[n,o,i,j] = b[o] + sum over c,r,s of w[o,c,r,s] * x[n,c,i+r-p,j+s-p]`.
 *
 * @module
 */

/** Sizes of a convolution; input NCHW, weight OIHW with a square kernel. */
export interface Conv2dShape {
  /** Images. */
  batch: number;
  /** Channels of the input. */
  inChannels: number;
  /** Channels of the output. */
  outChannels: number;
  /** Rows of the input. */
  height: number;
  /** Columns of the input. */
  width: number;
  /** Rows and columns of the kernel. */
  kernel: number;
  /** Width of the zero padding. */
  padding: number;
}

/** Rows and columns of the output. */
export function conv2dOutputSize(shape: Conv2dShape): { height: number; width: number } {
  const less = shape.kernel - 1 - 2 * shape.padding;
  return { height: shape.height - less, width: shape.width - less };
}

/** Output `[batch, outChannels, height, width]`, of {@linkcode conv2dOutputSize}. */
export function conv2dForward(
  input: ArrayLike<number>,
  weight: ArrayLike<number>,
  bias: ArrayLike<number>,
  shape: Conv2dShape,
): Float64Array {
  const { height, width } = conv2dOutputSize(shape);
  const plane = height * width;
  const output = new Float64Array(shape.batch * shape.outChannels * plane);
  for (let index = 0; index < output.length; index++) {
    output[index] = bias[Math.floor(index / plane) % shape.outChannels]!;
  }
  forEachProduct(shape, (x, w, y) => output[y]! += input[x]! * weight[w]!);
  return output;
}

/** Input gradient. */
export function conv2dDgrad(
  gradOutput: ArrayLike<number>,
  weight: ArrayLike<number>,
  shape: Conv2dShape,
): Float64Array {
  const gradInput = new Float64Array(shape.batch * shape.inChannels * shape.height * shape.width);
  forEachProduct(shape, (x, w, y) => gradInput[x]! += gradOutput[y]! * weight[w]!);
  return gradInput;
}

/** Weight gradient `[outChannels, inChannels, kernel, kernel]`. */
export function conv2dWgrad(
  input: ArrayLike<number>,
  gradOutput: ArrayLike<number>,
  shape: Conv2dShape,
): Float64Array {
  const gradWeight = new Float64Array(shape.outChannels * shape.inChannels * shape.kernel ** 2);
  forEachProduct(shape, (x, w, y) => gradWeight[w]! += input[x]! * gradOutput[y]!);
  return gradWeight;
}

/** Bias gradient: the sum over each output channel. */
export function conv2dBiasGrad(gradOutput: ArrayLike<number>, shape: Conv2dShape): Float64Array {
  const { height, width } = conv2dOutputSize(shape);
  const gradBias = new Float64Array(shape.outChannels);
  for (let index = 0; index < gradOutput.length; index++) {
    gradBias[Math.floor(index / (height * width)) % shape.outChannels]! += gradOutput[index]!;
  }
  return gradBias;
}

/** Calls `visit` with the flat indices into input, weight and output of each product. */
function forEachProduct(shape: Conv2dShape, visit: (x: number, w: number, y: number) => void): void {
  const { batch, inChannels, outChannels, height, width, kernel, padding } = shape;
  const out = conv2dOutputSize(shape);
  for (let n = 0; n < batch; n++) {
    for (let o = 0; o < outChannels; o++) {
      for (let i = 0; i < out.height; i++) {
        for (let j = 0; j < out.width; j++) {
          const y = ((n * outChannels + o) * out.height + i) * out.width + j;
          for (let c = 0; c < inChannels; c++) {
            for (let r = 0; r < kernel; r++) {
              const row = i + r - padding;
              if (row < 0 || row >= height) continue;
              for (let s = 0; s < kernel; s++) {
                const column = j + s - padding;
                if (column < 0 || column >= width) continue;
                const x = ((n * inChannels + c) * height + row) * width + column;
                const w = ((o * inChannels + c) * kernel + r) * kernel + s;
                visit(x, w, y);
              }
            }
          }
        }
      }
    }
  }
}
