/**
 * Recorded steps with buffers for their regions.
 *
 * @module
 */
import type { ProgramStep } from "./program.ts";
import type { MemoryPlan } from "./memory_plan.ts";
import type { RecordedStep, Region } from "./recorder.ts";

/** Steps that bind buffers by their places in a list. */
export interface BoundSteps {
  /** In the order of the recorded ones. */
  readonly steps: ProgramStep[];
  /** The slots, then the buffers of fixed regions. */
  readonly buffers: GPUBuffer[];
}

/** Binds recorded steps to slots and to buffers for the fixed regions that they use. */
export function bindSteps(
  recorded: readonly RecordedStep[],
  { places }: MemoryPlan,
  slots: readonly GPUBuffer[],
  fixed: ReadonlyMap<Region, GPUBuffer>,
): BoundSteps {
  const buffers = [...slots];
  const indices = new Map<Region, number>();
  for (const [region, buffer] of fixed) indices.set(region, buffers.push(buffer) - 1);
  const steps = recorded.map(({ dispatch, views }) => ({
    dispatch,
    views: views.map(({ region, offset, byteLength }) => {
      const place = places.get(region);
      return place
        ? { buffer: place.slot, offset: place.offset + offset, byteLength }
        : { buffer: indices.get(region)!, offset, byteLength };
    }),
  }));
  return { steps, buffers };
}
