/**
 * What the numbers of a benchmark belong to: the adapter, its driver, and how busy the machine is with other things.
 *
 * @module
 */
import { diagnose } from "../host/diagnose.ts";

/** A machine as far as it bears on speed. */
export interface Machine {
  /** Version of Deno. */
  readonly deno: string;
  /** Operating system and architecture. */
  readonly system: string;
  /** Name of the adapter. */
  readonly adapter: string;
  /** Its driver and version. */
  readonly driver: string;
  /** The interface under WebGPU. */
  readonly backend: string;
  /** Whether the adapter computes on the CPU. */
  readonly isSoftware: boolean;
  /** Processors. */
  readonly cores: number;
  /** Processes that wanted to run in the last minute, on average, before the benchmark began. */
  readonly loadBefore: number;
}

/** Load of the machine in the last minute: near 0 where it is quiet, above the number of cores where work queues. */
export function machineLoad(): number {
  return Deno.loadavg()[0]!;
}

/**
 * Describes the machine and the adapter that {@linkcode openGpu} would open.
 *
 * @throws {Error} where there is no adapter.
 */
export async function describeMachine(software: boolean): Promise<Machine> {
  const loadBefore = machineLoad();
  const { adapter, ailments } = await diagnose({ software });
  if (adapter === null) {
    throw new Error(`Cannot measure: ${ailments[0]!.message}\nhint: deno task doctor says what to install`);
  }
  return {
    deno: Deno.version.deno,
    system: `${Deno.build.os}, ${Deno.build.arch}`,
    adapter: adapter.description,
    driver: adapter.driver,
    backend: adapter.backend,
    isSoftware: adapter.isSoftware,
    cores: navigator.hardwareConcurrency,
    loadBefore,
  };
}
