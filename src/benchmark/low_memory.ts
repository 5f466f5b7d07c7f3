/**
 * What training with `memory` set to `low` costs in time.
 *
 * @module
 */
import type { Gpu } from "../gpu/gpu.ts";
import { type MemoryUse, planBatch } from "../training/batch_memory.ts";
import { NetworkBench, type NetworkShape } from "./network_bench.ts";
import { type Contestant, takeTurns, type Timing, type TurnOptions } from "../tuning/timing.ts";

/** Training one network with either setting of `memory`. */
export interface LowMemory extends NetworkShape {
  /** Memory in bytes, number of micro-batches and time of a step for each setting. */
  readonly uses: Readonly<Record<MemoryUse, { byteLength: number; microBatches: number; step: Timing }>>;
  /** Time and memory of `low` divided by those of `normal`; time by best and by median. */
  readonly ratio: { readonly best: number; readonly median: number; readonly memory: number };
}

/** Measures steps of one shape with both settings, interleaved. */
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
      // One step per measurement: these steps are long.
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
      const { microBatches } = planBatch(
        bench.unet.config,
        gpu,
        { batch, height: size, width: size },
        memory,
      );
      return { byteLength: bench.trainer.byteLength, microBatches, step };
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
