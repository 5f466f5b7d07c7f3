/**
 * The 3 x 3 convolution alone: forward, input gradient and weight gradient, as a plan for this adapter chooses them,
 * timed in turns with the calibration kernel.
 *
 * @module
 */
import type { Nchw } from "../../kernels/shape.ts";
import { size } from "../../kernels/shape.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { Activation } from "../unet/activation.ts";
import { Builder, type PlanTarget } from "../unet/builder.ts";
import { DEFAULT_CONFIG } from "../unet/config.ts";
import { convForward, convInputGradients, convWeightGradient } from "../unet/conv3x3.ts";
import { planTarget } from "../unet/executor.ts";
import type { ParameterTable } from "../unet/parameters.ts";
import type { RecordedStep, Region } from "../unet/recorder.ts";
import { createCalibration, type Speed, speed } from "./calibration.ts";
import { Standalone } from "./standalone.ts";
import { repeat, takeTurns, type TurnOptions } from "./timing.ts";

/** A convolution with as many inputs as outputs. */
export interface ConvShape {
  /** Channels of input and output. */
  readonly channels: number;
  /** Rows and columns. */
  readonly size: number;
  /** Pictures. */
  readonly batch: number;
}

/** The shapes that stand in the tables: a thin network's first level, and three of the original's. */
export const CONV_SHAPES: readonly ConvShape[] = [
  { channels: 8, size: 128, batch: 4 },
  { channels: 32, size: 128, batch: 4 },
  { channels: 64, size: 64, batch: 4 },
  { channels: 256, size: 16, batch: 4 },
];

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

/** What was measured of one convolution in one direction. */
export interface KernelSpeed extends ConvShape {
  /** What is computed. */
  readonly direction: Direction;
  /** Dispatches of one repetition. */
  readonly dispatches: number;
  /** Labels of its kernels. */
  readonly kernels: readonly string[];
  /** Billions of the direct convolution's operations a second, whatever is computed in fact. */
  readonly gigaflops: Speed;
  /** The same as a share of the calibration kernel's speed in the same rounds. */
  readonly share: { readonly best: number; readonly median: number };
}

/** Names the layer whose steps are recorded. */
const LAYER = "conv";

/** Operations of a direct convolution; a multiplication with its addition is two. */
export function convOperations({ channels, size, batch }: ConvShape): number {
  return 2 * 9 * channels * channels * size * size * batch;
}

/** Records one direction of a convolution of a tensor that holds the result of a ReLU. */
export function recordConv(target: PlanTarget, conv: ConvShape, direction: Direction): RecordedConv {
  const { channels } = conv;
  const builder = new Builder({ ...DEFAULT_CONFIG, filters: channels }, layerTable(channels), target, true);
  const { recorder } = builder;
  const shape: Nchw = { batch: conv.batch, channels, height: conv.size, width: conv.size };
  const tensor = (label: string): Activation => ({
    shape,
    region: recorder.fixed(label, size(shape)),
    kind: "relu",
    gradientScale: 1,
  });
  const layer = { name: LAYER, inputs: channels, outputs: channels };
  const [input, output] = [tensor("input"), tensor("output")];
  const regions = { input: input.region, parameters: builder.weights, gradient: output.region };
  switch (direction) {
    case "forward":
      convForward(builder, layer, [input], output, { bias: true, relu: true });
      return { steps: recorder.steps, regions: { ...regions, result: output.region } };
    case "input gradient":
      convInputGradients(builder, layer, [input], shape, output.region);
      return { steps: recorder.steps, regions: { ...regions, result: input.gradient! } };
    case "weight gradient":
      convWeightGradient(builder, layer, [input], shape, output.region);
      return { steps: recorder.steps, regions: { ...regions, result: builder.gradients } };
  }
}

/** Measures all directions of a convolution in turns with the calibration kernel. */
export async function measureConv(
  gpu: Gpu,
  conv: ConvShape,
  options: TurnOptions & {
    /** Seconds of one measurement. */
    readonly measurement: number;
  },
): Promise<KernelSpeed[]> {
  const calibration = await createCalibration(gpu, options.measurement);
  const programs: Standalone[] = [];
  try {
    const contestants = [];
    for (const direction of DIRECTIONS) {
      const program = await Standalone.create(gpu, recordConv(planTarget(gpu), conv, direction).steps);
      programs.push(program);
      contestants.push(await repeat((times) => program.run(times), options.measurement));
    }
    const [reference, ...timings] = await takeTurns([calibration, ...contestants], options);
    const peak = speed(calibration.operations, reference!);
    return timings.map((timing, index) => {
      const gigaflops = speed(convOperations(conv), timing);
      return {
        ...conv,
        direction: DIRECTIONS[index]!,
        dispatches: programs[index]!.length,
        kernels: programs[index]!.kernels,
        gigaflops,
        share: { best: gigaflops.best / peak.best, median: gigaflops.median / peak.median },
      };
    });
  } finally {
    calibration.destroy();
    for (const program of programs) program.destroy();
  }
}

/** A parameter table of one convolution. */
function layerTable(channels: number): ParameterTable {
  const weight = 9 * channels * channels;
  const list = [
    { name: `${LAYER}.weight`, shape: [channels, channels, 3, 3], size: weight, offset: 0 },
    { name: `${LAYER}.bias`, shape: [channels], size: channels, offset: Math.ceil(weight / 64) * 64 },
  ].map((parameter) => ({ ...parameter, initial: { bound: 1 } }));
  const blockSize = list[1]!.offset + Math.ceil(channels / 64) * 64;
  return {
    list,
    blockSize,
    count: weight + channels,
    get: (name) => list.find((parameter) => parameter.name === name)!,
  };
}
