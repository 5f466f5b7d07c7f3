/**
 * The device that the tests of one file share.
 *
 * @module
 */
import { type Gpu, openGpu } from "../../src/gpu/gpu.ts";

/** Opens a device that closes with the test file: the next one need not compute beside it. */
export async function openTestGpu(): Promise<Gpu> {
  const gpu = await openGpu();
  addEventListener("unload", () => gpu.close());
  return gpu;
}
