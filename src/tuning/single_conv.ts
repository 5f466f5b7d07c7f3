/**
 * Convolutions alone, outside of any network: what benchmarks and the tuner time.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { roundUp } from "../../kernels/grid.ts";
import { type Nchw, size } from "../../kernels/shape.ts";
import type { Activation } from "../layers/activation.ts";
import { Builder, type ParameterLayout, type PlanTarget } from "../layers/builder.ts";
import type { UNetConfig } from "../unet/config.ts";
import { convTranspose2d } from "../layers/conv_transpose2d.ts";
import type { ConvLayer } from "../layers/conv3x3/algorithm.ts";
import { conv3x3 } from "../layers/conv3x3/conv3x3.ts";
import { parameterTable } from "../unet/parameters.ts";
import type { RecordedStep, Region } from "../graph/recorder.ts";

/** A convolution with as many inputs as outputs. */
export interface ConvShape {
  /** Channels of input and output. */
  readonly channels: number;
  /** Rows and columns. */
  readonly size: number;
  /** Images. */
  readonly batch: number;
}

/** What is computed. */
export const DIRECTIONS = ["forward", "input gradient", "weight gradient"] as const;

/** One of {@linkcode DIRECTIONS}. */
export type Direction = typeof DIRECTIONS[number];

/** A convolution's steps, and the region that they leave their result in. */
export interface RecordedConv {
  /** The steps. */
  readonly steps: readonly RecordedStep[];
  /** Binds input, weights, bias, gradient and result under these names. */
  readonly regions: Readonly<Record<"input" | "parameters" | "gradient" | "result", Region>>;
}

/** Records one direction of a convolution of a tensor that holds the result of a ReLU. */
export function recordConv(target: PlanTarget, conv: ConvShape, direction: Direction): RecordedConv {
  const { channels } = conv;
  const layer = { name: "conv", inputs: channels, outputs: channels };
  const builder = new Builder(convLayout(layer), target, { training: true });
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

/**
 * Records a transposed convolution of a network, such as `up3.up`, of a tensor that holds the result of a ReLU: forward,
 * and where wanted both gradients.
 */
export function recordConvTranspose(
  target: PlanTarget,
  config: UNetConfig,
  name: string,
  shape: Nchw,
  backward: boolean,
): readonly RecordedStep[] {
  const table = parameterTable(config);
  const builder = new Builder(table, target, { training: backward });
  const { recorder } = builder;
  const region = recorder.fixed("input", size(shape));
  const [, outputs] = table.get(`${name}.weight`).shape;
  const output = convTranspose2d(builder, name, { shape, region, kind: "relu", gradientScale: 1 }, outputs!);
  output.gradient = recorder.fixed("gradient", size(output.shape));
  builder.emitBackward();
  return recorder.steps;
}

/** The parameters of a 3 x 3 convolution without a network around it: `.weight` and `.bias` of any name. */
export function convLayout({ inputs, outputs }: Pick<ConvLayer, "inputs" | "outputs">): ParameterLayout {
  const weight = { offset: 0, size: 9 * inputs * outputs };
  const bias = { offset: roundUp(weight.size, 64), size: outputs };
  return {
    blockSize: bias.offset + roundUp(bias.size, 64),
    get: (name) => name.endsWith(".weight") ? weight : bias,
  };
}
