/**
 * The software adapter in tests that need it, or any adapter that is soon ready.
 *
 * @module
 */
import { adapterKind, describeGpu } from "../../src/gpu/adapter.ts";

const described = await describeGpu({ software: true });

/** Asks for the software adapter; on a machine that has none beside its GPU, for that. */
export const SOFTWARE = { software: described !== null };

/** The kind of adapter that {@linkcode SOFTWARE} opens. */
export const SOFTWARE_KIND = described === null ? "hardware" : adapterKind(described.adapter);

/** A test of what holds of the software adapter alone; where there is none, there is nothing to test. */
export function softwareTest(name: string, fn: () => void | Promise<void>): void {
  Deno.test({ name, fn, ignore: SOFTWARE_KIND !== "software" });
}
