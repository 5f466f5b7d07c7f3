/**
 * Time of a training step by number of pixels: images of 64 to 512 pixels, in batches of several sizes.
 *
 * @module
 */
import type { Gpu } from "../gpu/gpu.ts";
import { repeat, takeTurns, type Timing } from "../tuning/timing.ts";
import { NetworkBench, type NetworkShape } from "./network_bench.ts";

/** Feature maps of the first block of the networks in the table. */
const FILTERS = 8;

/** Sizes and batches in the table: from 16,384 pixels, four images of 64 x 64, to 32 times as many. */
export const SCALE_SHAPES: readonly NetworkShape[] = [
  [64, 4],
  [128, 1],
  [64, 16],
  [128, 4],
  [256, 1],
  [64, 32],
  [128, 8],
  [256, 2],
  [64, 64],
  [128, 16],
  [256, 4],
  [512, 1],
  [128, 32],
  [256, 8],
  [512, 2],
].map(([size, batch]) => ({ filters: FILTERS, size: size!, batch: batch! }));

/** Time of a step. */
export interface ScaleTime extends NetworkShape {
  /** Seconds per step. */
  readonly step: Timing;
  /** Nanoseconds of the best step per pixel of its batch: constant if time grows with the number of pixels. */
  readonly nanosecondsPerPixel: number;
}

/** Measures steps of all shapes interleaved, so that other load affects all of them alike. */
export async function measureScale(
  gpu: Gpu,
  shapes: readonly NetworkShape[],
  seconds: number,
): Promise<ScaleTime[]> {
  const benches: NetworkBench[] = [];
  try {
    const contestants = [];
    for (const shape of shapes) {
      const bench = await NetworkBench.create(gpu, shape);
      benches.push(bench);
      contestants.push(await repeat((count) => bench.step(count), seconds / 4));
    }
    const steps = await takeTurns(contestants, { seconds: seconds * shapes.length });
    return steps.map((step, index) => {
      const shape = shapes[index]!;
      return { ...shape, step, nanosecondsPerPixel: 1e9 * step.best / (shape.size ** 2 * shape.batch) };
    });
  } finally {
    for (const bench of benches) bench.close();
  }
}
