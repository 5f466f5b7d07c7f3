/**
 * From recorded steps to a program: the one place where steps get memory and bind groups on a device.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Gpu } from "../gpu/gpu.ts";
import { bindSteps } from "./binding.ts";
import type { SlotPool } from "./buffer_pool.ts";
import { type MemoryPlan, planMemory } from "./memory_plan.ts";
import { Program, type ProgramOptions } from "./program.ts";
import type { RecordedStep, Region } from "./recorder.ts";

/** The memory that steps are instantiated with. */
export interface InstanceMemory {
  /** The buffer of a fixed region; called once for each one that the steps use, in the order of first use. */
  readonly bufferOf: (region: Region) => GPUBuffer | undefined | Promise<GPUBuffer>;
  /** Provides the slots; its owner frees them. */
  readonly slots: SlotPool;
  /** Where temporary regions lie in the slots; planned here by default. */
  readonly memory?: MemoryPlan | undefined;
  /** Steps whose results the others rely on from one run to the next; the memory plan must leave them in place. */
  readonly preparation?: readonly RecordedStep[] | undefined;
  /** The fixed region that these depend on. */
  readonly source?: Region | undefined;
}

/** Recorded steps on a device. */
export interface Instance {
  /** The steps with their bind groups. */
  readonly program: Program;
  /** The buffer that holds a region, and the region's first byte in it; undefined if no step uses the region. */
  locate(region: Region): { readonly buffer: GPUBuffer; readonly offset: number } | undefined;
}

/**
 * Allocates the slots that the pool lacks, binds the steps and compiles their kernels.
 *
 * @throws {CapacityError} if a slot does not fit the device, and what `bufferOf` throws.
 * @throws {TypeError} if a fixed region has no buffer.
 */
export async function instantiate(
  gpu: Gpu,
  steps: readonly RecordedStep[],
  { bufferOf, slots: pool, memory = planMemory(steps, [], pool.sizes), preparation = [], source }:
    InstanceMemory,
): Promise<Instance> {
  const slots = await pool.grow(memory.slots);
  const fixed = new Map<Region, GPUBuffer>();
  for (const { region } of [...preparation, ...steps].flatMap(({ views }) => views)) {
    if (!region.fixed || fixed.has(region)) continue;
    const buffer = await bufferOf(region);
    if (buffer) fixed.set(region, buffer);
  }
  const create = async (recorded: readonly RecordedStep[], options: ProgramOptions) => {
    const bound = bindSteps(recorded, memory, slots, fixed);
    return await Program.create(gpu, bound.steps, bound.buffers, options);
  };
  const program = await create(steps, {
    memory: pool,
    preparation: preparation.length === 0
      ? undefined
      : { program: await create(preparation, {}), source: fixed.get(source!)! },
  });
  return {
    program,
    locate(region) {
      const place = memory.places.get(region);
      if (place) return { buffer: slots[place.slot]!, offset: place.offset };
      const buffer = fixed.get(region);
      return buffer && { buffer, offset: 0 };
    },
  };
}
