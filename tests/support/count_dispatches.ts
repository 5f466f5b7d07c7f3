/**
 * Counts what reaches the GPU.
 *
 * @module
 */

/** Runs `work` and returns its result with the number of dispatches that were encoded meanwhile. */
export async function countDispatches<T>(work: () => Promise<T>): Promise<[T, number]> {
  const { dispatchWorkgroups } = GPUComputePassEncoder.prototype;
  let count = 0;
  GPUComputePassEncoder.prototype.dispatchWorkgroups = function (...args) {
    count++;
    return dispatchWorkgroups.apply(this, args);
  };
  try {
    return [await work(), count];
  } finally {
    GPUComputePassEncoder.prototype.dispatchWorkgroups = dispatchWorkgroups;
  }
}
