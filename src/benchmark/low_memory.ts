/**
 * What training in half the memory costs in time.
 *
 * @module
 */
import type { Gpu } from "../gpu/gpu.ts";
import { type MemoryUse, planBatch } from "../training/batch_memory.ts";
import { NetworkBench, type NetworkShape } from "./network.ts";
import { type Contestant, takeTurns, type Timing, type TurnOptions } from "../tuning/timing.ts";

/** A network's training in either use of memory. */
export interface LowMemory extends NetworkShape {
  /** Each use, with the time of a step. */
  readonly uses: Readonly<Record<MemoryUse, { byteLength: number; parts: number; step: Timing }>>;
  /** Time and memory of `low` over those of `normal`; the time by the bests and by the medians. */
  readonly ratio: { readonly best: number; readonly median: number; readonly memory: number };
}

/** Measures steps of one shape in either use of memory, in turns. */
export async function measureLowMemory(
  gpu: Gpu,
  shape: NetworkShape,
  turns: TurnOptions,
): Promise<LowMemory> {
  const { size, batch } = shape;
  const uses = ["normal", "low"] as const;
  const benches: NetworkBench[] = [];
  try {
    const steps: Contestant[] = [];
    for (const memory of uses) {
      const bench = await NetworkBench.create(gpu, shape, { memory });
      benches.push(bench);
      // One step for each measurement: these are long.
      await bench.step(1);
      const run = async () => {
        const start = performance.now();
        await bench.step(1);
        return (performance.now() - start) / 1000;
      };
      steps.push({ run });
    }
    const [normal, low] = await takeTurns(steps, turns) as [Timing, Timing];
    const use = (memory: MemoryUse, step: Timing, bench: NetworkBench) => {
      const { microBatches: parts } = planBatch(
        bench.unet.config,
        gpu,
        { batch, height: size, width: size },
        memory,
      );
      return { byteLength: bench.trainer.byteLength, parts, step };
    };
    const measured = { normal: use("normal", normal, benches[0]!), low: use("low", low, benches[1]!) };
    return {
      ...shape,
      uses: measured,
      ratio: {
        best: low.best / normal.best,
        median: low.median / normal.median,
        memory: measured.low.byteLength / measured.normal.byteLength,
      },
    };
  } finally {
    for (const bench of benches) bench.close();
  }
}
