/**
 * Single 3 x 3 convolutions: forward, input gradient and weight gradient with the variants that a plan for this
 * adapter chooses, measured interleaved with the calibration kernel.
 *
 * @module
 */
import type { Gpu } from "../gpu/gpu.ts";
import { kernelsOf } from "../graph/program.ts";
import { repeat, takeTurns, type TurnOptions } from "../tuning/timing.ts";
import { planTarget } from "../layers/plan_target.ts";
import { type ConvShape, type Direction, DIRECTIONS, recordConv } from "../tuning/single_conv.ts";
import { Standalone } from "../tuning/standalone.ts";
import { createCalibration, type Speed, speed } from "./calibration.ts";

/** The shapes in the table: the first level of a network with few filters, and three levels of the original. */
export const CONV_SHAPES: readonly ConvShape[] = [
  { channels: 8, size: 128, batch: 4 },
  { channels: 32, size: 128, batch: 4 },
  { channels: 64, size: 64, batch: 4 },
  { channels: 256, size: 16, batch: 4 },
];

/** Speed of one convolution in one direction. */
export interface KernelSpeed extends ConvShape {
  /** Forward, input gradient or weight gradient. */
  readonly direction: Direction;
  /** Dispatches per repetition. */
  readonly dispatches: number;
  /** Labels of its kernels. */
  readonly kernels: readonly string[];
  /** GFLOPS, counting the operations of a direct convolution even if another algorithm is used. */
  readonly gigaflops: Speed;
  /** The same as a share of the peak speed in the same rounds. */
  readonly share: { readonly best: number; readonly median: number };
}

/** Operations of a direct convolution; a multiply-add is two. */
export function convOperations({ channels, size, batch }: ConvShape): number {
  return 2 * 9 * channels * channels * size * size * batch;
}

/** Measures all directions of a convolution, interleaved with the calibration kernel. */
export async function measureConv(
  gpu: Gpu,
  conv: ConvShape,
  options: TurnOptions & {
    /** Seconds per measurement. */
    readonly measurement: number;
  },
): Promise<KernelSpeed[]> {
  const calibration = await createCalibration(gpu, options.measurement);
  const programs: Standalone[] = [];
  try {
    const contestants = [];
    for (const direction of DIRECTIONS) {
      let steps = recordConv(planTarget(gpu), conv, direction).steps;
      while (await gpu.admit?.(kernelsOf(steps))) steps = recordConv(planTarget(gpu), conv, direction).steps;
      const program = await Standalone.create(gpu, steps);
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
