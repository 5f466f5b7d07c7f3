/**
 * Binding: from regions of memory to buffers.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { MemoryPlan } from "./memory_plan.ts";
import type { ProgramStep } from "./program.ts";
import type { RecordedStep, Region } from "./recorder.ts";

/** Steps that refer to buffers by index. */
export interface BoundSteps {
  /** In the order of the recorded steps. */
  readonly steps: ProgramStep[];
  /** The slots, then the buffers of the fixed regions. */
  readonly buffers: GPUBuffer[];
}

/**
 * Binds recorded steps to slots and to the buffers of the fixed regions.
 *
 * @throws {TypeError} if a step uses a region that has neither.
 */
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
      if (place) return { buffer: place.slot, offset: place.offset + offset, byteLength };
      const buffer = indices.get(region);
      if (buffer !== undefined) return { buffer, offset, byteLength };
      throw new TypeError(
        `Cannot bind "${region.label}" for kernel "${dispatch.kernel.label}": the region has no buffer`,
      );
    }),
  }));
  return { steps, buffers };
}
