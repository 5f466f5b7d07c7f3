/**
 * A prepared split in batches: in an order that seed and epoch decide alone, put together ahead of their use.
 *
 * @module
 */
import { shuffled } from "../random.ts";
import type { Batch, PreparedSplit } from "./prepared_split.ts";

/** How {@linkcode batches} goes through a split. */
export interface BatchOptions {
  /** Samples of a batch; the last one may have fewer. */
  readonly batchSize: number;
  /** With the epoch, decides the order; 0 unless given. */
  readonly seed?: number;
  /** Number of the pass; 0 unless given. */
  readonly epoch?: number;
  /** False for the split's own order; true unless given. */
  readonly shuffle?: boolean;
  /** Batches to leave out at the beginning, for a run that goes on within an epoch; 0 unless given. */
  readonly firstBatch?: number;
  /** Batches that are put together ahead; 2 unless given, and memory for two more is needed. */
  readonly prefetch?: number;
}

/**
 * Goes through every sample once. The order is a function of seed and epoch: a run that was interrupted goes on with
 * the batches that it would have had. While a batch is used, the next ones are put together in Workers, so that
 * they are there even if this thread was waiting for a GPU.
 *
 * Throws a RangeError for a batch size, a seed, an epoch or a count that is none.
 */
export function batches(prepared: PreparedSplit, options: BatchOptions): AsyncGenerator<Batch, void, void> {
  const { batchSize, seed = 0, epoch = 0, shuffle = true, firstBatch = 0, prefetch = 2 } = options;
  const wholes = { batchSize, seed, epoch, firstBatch, prefetch };
  for (const [name, value] of Object.entries(wholes)) {
    const least = name === "batchSize" ? 1 : 0;
    if (!Number.isSafeInteger(value) || value < least || value >= 2 ** 32) {
      throw new RangeError(
        `Cannot make batches with ${name} ${value}: a whole number from ${least} on is wanted`,
      );
    }
  }
  const { count } = prepared;
  const order = shuffle ? shuffled(count, seed, epoch) : Uint32Array.from({ length: count }, (_, i) => i);
  return serve(prepared, order, { batchSize, firstBatch, prefetch });
}

async function* serve(
  prepared: PreparedSplit,
  order: Uint32Array,
  { batchSize, firstBatch, prefetch }: { batchSize: number; firstBatch: number; prefetch: number },
): AsyncGenerator<Batch, void, void> {
  const ahead: Promise<Batch>[] = [];
  let next = firstBatch * batchSize;
  const begin = () => {
    if (next >= order.length) return;
    const batch = prepared.batch(order.subarray(next, next + batchSize));
    // Until it is its turn, a failure is nobody's to catch.
    batch.catch(() => {});
    ahead.push(batch);
    next += batchSize;
  };
  for (let i = 0; i <= prefetch; i++) begin();
  while (ahead.length > 0) {
    const batch = await ahead.shift()!;
    begin();
    yield batch;
  }
}
