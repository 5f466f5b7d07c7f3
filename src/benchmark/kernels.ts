/**
 * The 3 x 3 convolution alone: forward, input gradient and weight gradient, as a plan for this adapter chooses them,
 * timed in turns with the calibration kernel.
 *
 * @module
 */
import type { Gpu } from "../gpu/gpu.ts";
import { repeat, takeTurns, type TurnOptions } from "../tuning/timing.ts";
import { planTarget } from "../layers/plan_target.ts";
import { type ConvShape, type Direction, DIRECTIONS, recordConv } from "../tuning/single_conv.ts";
import { Standalone } from "../tuning/standalone.ts";
import { createCalibration, type Speed, speed } from "./calibration.ts";

/** The shapes that stand in the tables: a thin network's first level, and three of the original's. */
export const CONV_SHAPES: readonly ConvShape[] = [
  { channels: 8, size: 128, batch: 4 },
  { channels: 32, size: 128, batch: 4 },
  { channels: 64, size: 64, batch: 4 },
  { channels: 256, size: 16, batch: 4 },
];

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

/** Operations of a direct convolution; a multiplication with its addition is two. */
export function convOperations({ channels, size, batch }: ConvShape): number {
  return 2 * 9 * channels * channels * size * size * batch;
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
