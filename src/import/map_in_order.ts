/**
 * Asynchronous mapping with bounded concurrency, whose results stream in order.
 *
 * @module
 */

/** Yields the results of `map` in the order of the items, with at most `width` calls pending. */
export async function* mapInOrder<T, R>(
  items: readonly T[],
  width: number,
  map: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const pending: Promise<R>[] = [];
  let next = 0;
  try {
    while (next < items.length || pending.length > 0) {
      while (pending.length < width && next < items.length) {
        const call = map(items[next++]!);
        call.catch(() => {}); // is thrown below, when its turn comes
        pending.push(call);
      }
      yield await pending.shift()!;
    }
  } finally {
    await Promise.allSettled(pending);
  }
}
