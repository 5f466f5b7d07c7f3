/**
 * Where a benchmark runs: the adapter, its driver, and how busy the machine is otherwise.
 *
 * @module
 */
import { diagnose } from "../host/diagnose.ts";

/** A machine, as far as it matters for speed. */
export interface Machine {
  /** Version of Deno. */
  readonly deno: string;
  /** Operating system and architecture. */
  readonly system: string;
  /** Name of the adapter. */
  readonly adapter: string;
  /** Its driver and version. */
  readonly driver: string;
  /** The API that WebGPU uses, such as Vulkan. */
  readonly backend: string;
  /** Whether the adapter computes on the CPU. */
  readonly isSoftware: boolean;
  /** Number of processors. */
  readonly cores: number;
  /** Load average of the last minute before the benchmark began. */
  readonly loadBefore: number;
}

/** Load average of the last minute: near 0 on a quiet machine, above the number of cores on an overloaded one. */
export function machineLoad(): number {
  return Deno.loadavg()[0]!;
}

/**
 * Describes the machine and the adapter that {@linkcode openGpu} would open.
 *
 * @throws {Error} if there is no adapter.
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
