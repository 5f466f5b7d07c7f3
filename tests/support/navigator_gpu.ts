/**
 * Another WebGPU than the platform's.
 *
 * @module
 */

/** Runs `work` with another `navigator.gpu`; undefined for none. */
export async function withNavigatorGpu<T>(value: unknown, work: () => Promise<T>): Promise<T> {
  Object.defineProperty(navigator, "gpu", { value, configurable: true });
  try {
    return await work();
  } finally {
    delete (navigator as { gpu?: unknown }).gpu;
  }
}
