/**
 * Many calls, a few of them under way at once.
 *
 * @module
 */

/**
 * Maps in order with at most `width` calls under way, so that no Worker waits and no more than a few files are in
 * memory. After a failure no further call is made; it is thrown when those under way have ended.
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
  for (const end of await Promise.allSettled(Array.from({ length: width }, work))) {
    if (end.status === "rejected") throw end.reason;
  }
  return results;
}
