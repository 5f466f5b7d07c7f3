/**
 * Convolutions without a network around them, for benchmarks and the tuner.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { roundUp } from "../../kernels/grid.ts";
import { type Nchw, size } from "../../kernels/shape.ts";
import type { Activation } from "../layers/activation.ts";
import { Builder, type ParameterLayout } from "../layers/builder.ts";
import type { PlanTarget } from "../layers/plan_target.ts";
import { convTranspose2d } from "../layers/conv_transpose2d.ts";
import type { ConvLayer } from "../layers/conv3x3/algorithm.ts";
import { conv3x3 } from "../layers/conv3x3/conv3x3.ts";
import type { RecordedStep, Region } from "../graph/recorder.ts";

/** A convolution with as many output channels as input channels. */
export interface ConvShape {
  /** Channels of input and output. */
  readonly channels: number;
  /** Rows and columns. */
  readonly size: number;
  /** Images. */
  readonly batch: number;
}

/** The three computations of a convolution. */
export const DIRECTIONS = ["forward", "input gradient", "weight gradient"] as const;

/** One of {@linkcode DIRECTIONS}. */
export type Direction = typeof DIRECTIONS[number];

/** The steps of a convolution and its regions. */
export interface RecordedConv {
  /** The steps. */
  readonly steps: readonly RecordedStep[];
  /** Input, weights with bias, gradient of the output, and what the steps compute. */
  readonly regions: Readonly<Record<"input" | "parameters" | "gradient" | "result", Region>>;
}

/** Records one direction of a convolution of a tensor that holds the result of a ReLU. */
export function recordConv(target: PlanTarget, conv: ConvShape, direction: Direction): RecordedConv {
  const { channels } = conv;
  const layer = { name: "conv", inputs: channels, outputs: channels };
  const builder = new Builder(layerLayout(layer), target, { training: true });
  const { recorder } = builder;
  const shape: Nchw = { batch: conv.batch, channels, height: conv.size, width: conv.size };
  const tensor = (label: string): Activation => ({
    shape,
    region: recorder.fixed(label, size(shape)),
    kind: "relu",
    gradientScale: 1,
  });
  const [input, output] = [tensor("input"), tensor("output")];
  const regions = { input: input.region, parameters: builder.weights, gradient: output.region };
  switch (direction) {
    case "forward":
      conv3x3.forward(builder, layer, [input], output, { bias: true, relu: true });
      return { steps: recorder.steps, regions: { ...regions, result: output.region } };
    case "input gradient":
      conv3x3.inputGradients(builder, layer, [input], shape, output.region);
      return { steps: recorder.steps, regions: { ...regions, result: input.gradient! } };
    case "weight gradient":
      conv3x3.weightGradient(builder, layer, [input], shape, output.region);
      return { steps: recorder.steps, regions: { ...regions, result: builder.gradients } };
  }
}

/** Records a transposed convolution of a tensor that holds the result of a ReLU: forward, or both forward and backward. */
export function recordConvTranspose(
  target: PlanTarget,
  shape: Nchw,
  outputs: number,
  backward: boolean,
): readonly RecordedStep[] {
  const layout = layerLayout({ inputs: shape.channels, outputs }, 4);
  const builder = new Builder(layout, target, { training: backward });
  const { recorder } = builder;
  const region = recorder.fixed("input", size(shape));
  const output = convTranspose2d(builder, "up", { shape, region, kind: "relu", gradientScale: 1 }, outputs);
  output.gradient = recorder.fixed("gradient", size(output.shape));
  builder.emitBackward();
  return recorder.steps;
}

/** The parameters of one layer without a network around it, `.weight` and `.bias`; 3 x 3 weights by default. */
export function layerLayout(
  { inputs, outputs }: Pick<ConvLayer, "inputs" | "outputs">,
  taps = 9,
): ParameterLayout {
  const weight = { offset: 0, size: taps * inputs * outputs };
  const bias = { offset: roundUp(weight.size, 64), size: outputs };
  return {
    blockSize: bias.offset + roundUp(bias.size, 64),
    get: (name) => name.endsWith(".weight") ? weight : bias,
  };
}
