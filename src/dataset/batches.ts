/**
 * Batches of a prepared split, in an order that only seed and epoch determine, assembled ahead of their use.
 *
 * @module
 */
import type { Size } from "../image/image.ts";
import { shuffled } from "../random.ts";
import { choosePatch, withMargin } from "./patches.ts";
import type { PatchWindow } from "./whole_record.ts";
import type { Batch, PreparedSplit } from "./prepared_split.ts";
import { type Share, shareOf, WHOLE } from "../ranks/share.ts";

/** Batches assembled ahead by default. */
const PREFETCH = 2;

/** How {@linkcode batches} iterates over a split. */
export interface BatchOptions {
  /** Samples per batch; the last batch may have fewer. */
  readonly batchSize: number;
  /** Determines the order, together with the epoch; defaults to 0. */
  readonly seed?: number;
  /** Number of the epoch; defaults to 0. */
  readonly epoch?: number;
  /** Indices of samples that are drawn once more per epoch, each as often as it occurs; none by default. */
  readonly again?: readonly number[] | undefined;
  /** Whether the samples are shuffled; defaults to true. */
  readonly shuffle?: boolean;
  /** Batches to skip at the beginning, for a run that resumes within an epoch; defaults to 0. */
  readonly firstBatch?: number;
  /** Batches assembled ahead; defaults to 2. Memory must hold two more than that. */
  readonly prefetch?: number;
  /**
   * Of images that are read in patches: height and width of the sources around the patches, by default the patches; each
   * draw is one patch. Without it, whole images are read.
   */
  readonly patches?: { readonly source?: Size | undefined } | undefined;
  /** The part of each batch that is served, for one of several ranks; defaults to all of it. */
  readonly share?: Share | undefined;
}

/** A batch, or a rank's share of it. */
export interface ServedBatch extends Batch {
  /** Samples of the whole batch. */
  readonly whole: number;
}

/**
 * Visits every sample once, and those of `again` once more each time they occur. The order is a function of seed and
 * epoch: a resumed run gets the batches of an uninterrupted one. While a batch is in use, the next ones are assembled
 * in Workers, so that they are ready even if this thread was waiting for the GPU.
 *
 * Throws a RangeError for an invalid option.
 */
export function batches(
  prepared: PreparedSplit,
  options: BatchOptions,
): AsyncGenerator<ServedBatch, void, void> {
  const {
    batchSize,
    seed = 0,
    epoch = 0,
    shuffle = true,
    firstBatch = 0,
    prefetch = PREFETCH,
    share = WHOLE,
    again = [],
    patches,
  } = options;
  const integers = { batchSize, seed, epoch, firstBatch, prefetch };
  for (const [name, value] of Object.entries(integers)) {
    const least = name === "batchSize" ? 1 : 0;
    if (!Number.isSafeInteger(value) || value < least || value >= 2 ** 32) {
      throw new RangeError(
        `Cannot make batches with ${name} ${value}: expected an integer >= ${least}`,
      );
    }
  }
  const { count } = prepared;
  const draws = Uint32Array.from(
    { length: count + again.length },
    (_, i) => i < count ? i : again[i - count]!,
  );
  const order = shuffle ? shuffled(draws.length, seed, epoch).map((place) => draws[place]!) : draws;
  const side = patches && prepared.extents.patch;
  const windowOf = patches && side !== undefined
    ? (index: number, place: number) => {
      const scheme = prepared.scheme(index);
      const drawn = { seed, epoch, place };
      const chosen = choosePatch(drawn, prepared.frame(index), prepared.positions(index), scheme, side);
      return withMargin(chosen, patches.source ?? { width: side, height: side });
    }
    : undefined;
  return serve(prepared, order, { batchSize, firstBatch, prefetch, share, windowOf });
}

/** Visits the samples of these indices once, in their order; whole images of any size one by one. */
export function batchesOf(
  prepared: PreparedSplit,
  indices: readonly number[],
  batchSize: number,
): AsyncGenerator<ServedBatch, void, void> {
  const together = prepared.extents?.patch === undefined ? batchSize : 1;
  const options = { batchSize: together, firstBatch: 0, prefetch: PREFETCH, share: WHOLE };
  return serve(prepared, Uint32Array.from(indices), options);
}

async function* serve(
  prepared: PreparedSplit,
  order: Uint32Array,
  { batchSize, firstBatch, prefetch, share, windowOf }:
    & Required<
      Pick<BatchOptions, "batchSize" | "firstBatch" | "prefetch">
    >
    & { share: Share; windowOf?: ((index: number, place: number) => PatchWindow) | undefined },
): AsyncGenerator<ServedBatch, void, void> {
  const ahead: Promise<ServedBatch>[] = [];
  let next = firstBatch * batchSize;
  const prefetchNext = () => {
    if (next >= order.length) return;
    const indices = order.subarray(next, next + batchSize);
    const { first, end } = shareOf(indices.length, share);
    const start = next + first;
    const own = indices.subarray(first, end);
    const windows = windowOf && Array.from(own, (index, at) => windowOf(index, start + at));
    const batch = prepared.batch(own, windows).then((own) => ({
      ...own,
      whole: indices.length,
    }));
    // A failure is thrown when it is this batch's turn, and must not count as unhandled until then.
    batch.catch(() => {});
    ahead.push(batch);
    next += batchSize;
  };
  for (let i = 0; i <= prefetch; i++) prefetchNext();
  while (ahead.length > 0) {
    const batch = await ahead.shift()!;
    prefetchNext();
    yield batch;
  }
}
