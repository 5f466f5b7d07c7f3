/**
 * Instance normalization with weight and bias, forward and backward, as plain float64 loops.
 *
 * Formula (PyTorch's `InstanceNorm2d(affine=True)`, no running statistics): over each channel of each image,
 * `y = weight[c] * (x - mean) / sqrt(variance + epsilon) + bias[c]` with the variance divided by the count.
 *
 * @module
 */

/** Shape `[batch, channels, count]`, where `count` is height times width. */
export interface InstanceNormShape {
  /** Images. */
  batch: number;
  /** Channels. */
  channels: number;
  /** Values per channel of an image. */
  count: number;
}

/** Added to the variance; PyTorch's default. */
export const INSTANCE_NORM_EPSILON = 1e-5;

/** Output, in the shape of the input. */
export function instanceNormForward(
  input: ArrayLike<number>,
  weight: ArrayLike<number>,
  bias: ArrayLike<number>,
  shape: InstanceNormShape,
): Float64Array {
  const { normalized } = normalize(input, shape);
  return normalized.map((value, index) => {
    const channel = Math.floor(index / shape.count) % shape.channels;
    return value * weight[channel]! + bias[channel]!;
  });
}

/** Gradients of input, weight and bias. */
export interface InstanceNormGradients {
  /** In the shape of the input. */
  gradInput: Float64Array;
  /** Per channel, summed over the batch. */
  gradWeight: Float64Array;
  /** Per channel, summed over the batch. */
  gradBias: Float64Array;
}

/**
 * Backward pass. With `xhat` the normalized values and `g = gradOutput * weight`,
 * `gradInput = (g - mean(g) - xhat * mean(g * xhat)) / sqrt(variance + epsilon)`.
 */
export function instanceNormBackward(
  input: ArrayLike<number>,
  weight: ArrayLike<number>,
  gradOutput: ArrayLike<number>,
  shape: InstanceNormShape,
): InstanceNormGradients {
  const { batch, channels, count } = shape;
  const { normalized, inverseDeviation } = normalize(input, shape);
  const gradInput = new Float64Array(normalized.length);
  const gradWeight = new Float64Array(channels);
  const gradBias = new Float64Array(channels);
  for (let plane = 0; plane < batch * channels; plane++) {
    const channel = plane % channels;
    let sum = 0;
    let sumNormalized = 0;
    for (let index = plane * count; index < (plane + 1) * count; index++) {
      sum += gradOutput[index]!;
      sumNormalized += gradOutput[index]! * normalized[index]!;
    }
    gradBias[channel]! += sum;
    gradWeight[channel]! += sumNormalized;
    for (let index = plane * count; index < (plane + 1) * count; index++) {
      gradInput[index] = weight[channel]! * inverseDeviation[plane]! *
        (gradOutput[index]! - sum / count - normalized[index]! * sumNormalized / count);
    }
  }
  return { gradInput, gradWeight, gradBias };
}

function normalize(
  input: ArrayLike<number>,
  { batch, channels, count }: InstanceNormShape,
): { normalized: Float64Array; inverseDeviation: Float64Array } {
  const normalized = new Float64Array(batch * channels * count);
  const inverseDeviation = new Float64Array(batch * channels);
  for (let plane = 0; plane < batch * channels; plane++) {
    let mean = 0;
    for (let index = plane * count; index < (plane + 1) * count; index++) mean += input[index]! / count;
    let variance = 0;
    for (let index = plane * count; index < (plane + 1) * count; index++) {
      variance += (input[index]! - mean) ** 2 / count;
    }
    inverseDeviation[plane] = 1 / Math.sqrt(variance + INSTANCE_NORM_EPSILON);
    for (let index = plane * count; index < (plane + 1) * count; index++) {
      normalized[index] = (input[index]! - mean) * inverseDeviation[plane]!;
    }
  }
  return { normalized, inverseDeviation };
}
