/**
 * Asynchronous mapping with bounded concurrency, whose results stream in order.
 *
 * @module
 */
import { trimDecoders } from "../image/decode.ts";

/** Items after which the Workers that decode are replaced: their memory never shrinks. */
const BATCH = 512;

/** Files that are decoded at a time, each by a Worker: on many cores memory, too, is limited. */
const WIDTH = 4;

/** Yields the results of `decode`, which decodes images, in the order of the items. */
export async function* decodeInOrder<T, R>(
  items: readonly T[],
  decode: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  for (let start = 0; start < items.length; start += BATCH) {
    yield* mapInOrder(items.slice(start, start + BATCH), WIDTH, decode);
    await trimDecoders();
  }
}

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
