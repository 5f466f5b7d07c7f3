/**
 * Asynchronous mapping with bounded concurrency.
 *
 * @module
 */

/** Files to read ahead: enough that no Worker waits, few enough that they fit into memory. */
export const READ_AHEAD: number = 2 * navigator.hardwareConcurrency;

/**
 * Maps in order with at most `width` calls pending. After a failure no further call is made; it is thrown once the
 * pending calls have ended.
 */
export async function mapConcurrently<T, R>(
  items: readonly T[],
  width: number,
  map: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  const work = async () => {
    try {
      while (next < items.length) {
        const index = next++;
        results[index] = await map(items[index]!, index);
      }
    } catch (error) {
      next = items.length;
      throw error;
    }
  };
  for (const outcome of await Promise.allSettled(Array.from({ length: width }, work))) {
    if (outcome.status === "rejected") throw outcome.reason;
  }
  return results;
}
