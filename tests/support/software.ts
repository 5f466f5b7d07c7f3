/**
 * The software adapter in tests that need it, or whichever adapter starts quickly.
 *
 * @module
 */
import "./vulkan_only.ts";
import { adapterKind, describeGpu } from "../../src/gpu/adapter.ts";

const described = await describeGpu({ software: true });

/** Requests the software adapter, or the GPU on a machine that has nothing else. */
export const SOFTWARE = { software: described !== null };

/** The kind of adapter that {@linkcode SOFTWARE} opens. */
export const SOFTWARE_KIND = described === null ? "hardware" : adapterKind(described.adapter);

/** A test of what holds only for the software adapter; ignored if there is none. */
export function softwareTest(name: string, fn: () => void | Promise<void>): void {
  Deno.test({ name, fn, ignore: SOFTWARE_KIND !== "software" });
}
