/**
 * What a 3 x 3 convolution and its input gradient are by plain sums, for the self-tests of its forms.
 * This module is browser compatible.
 *
 * @module
 */
import { type Nchw, size } from "../../../kernels/shape.ts";
import { pixelOf, placeOf, sum, table } from "./check.ts";

/** A layer's weights, `[outputs, inputs, 3, 3]`, and the first of its inputs that a tensor holds. */
interface Layer {
  readonly w: Float32Array;
  readonly inputs: number;
  readonly firstInput: number;
}

/** The channels that are summed: `count` from `first` on. */
interface Range {
  readonly first: number;
  readonly count: number;
}

/** The outputs over a range of the channels of `x`, with bias and ReLU; the range's first one is input `firstInput`. */
export function reluOfSums(
  { x, input, output, bias }: { x: Float32Array; input: Nchw; output: Nchw; bias: Float32Array },
  { w, inputs, firstInput }: Layer,
  { first, count }: Range,
): Float64Array {
  const pixel = pixelOf(x, input);
  return table(size(output), (index) => {
    const [n, o, i, j] = placeOf(index, output);
    const products = sum(count * 9, (k) => {
      const [c, p, q] = [Math.floor(k / 9), Math.floor(k / 3) % 3, k % 3];
      return w[(o * inputs + firstInput) * 9 + k]! * pixel(n, first + c, i + p - 1, j + q - 1);
    });
    return Math.max(0, products + bias[o]!);
  });
}

/** The gradient of the activation `x`, input `firstInput` on, over a range of the layer's outputs; 0 where `x` is. */
export function gatedGradientSums(
  { x, input, output, gradient }: { x: Float32Array; input: Nchw; output: Nchw; gradient: Float32Array },
  { w, inputs, firstInput }: Layer,
  { first, count }: Range,
): Float64Array {
  const pixel = pixelOf(gradient, output);
  return table(size(input), (index) => {
    const [n, c, i, j] = placeOf(index, input);
    if (x[index]! <= 0) return 0;
    return sum(count * 9, (k) => {
      const [o, p, q] = [first + Math.floor(k / 9), Math.floor(k / 3) % 3, k % 3];
      return w[(o * inputs + firstInput + c) * 9 + 3 * p + q]! * pixel(n, o, i + 1 - p, j + 1 - q);
    });
  });
}
