/**
 * Chooses the images of a contact sheet: spread over splits, classes and names, by fixed rules.
 *
 * @module
 */
import type { SplitRole } from "./roles.ts";

/** An image that may be shown. */
export interface Candidate {
  /** Its path within the split's folder. */
  readonly fileName: string;
  /** The indices of its classes; none for an image without foreground. */
  readonly classes: readonly number[];
}

/** One in this many images of a split may have no foreground, if there are others. */
const EMPTY_SHARE = 6;

/** The share of the golden ratio: multiples of it, modulo 1, spread evenly however many are taken. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/**
 * How many of `count` images each split shows: twice as many of `train` as of any other; what a split does not have goes
 * to the others.
 */
export function shareCount(splits: readonly { role: SplitRole; images: number }[], count: number): number[] {
  const shares = splits.map(() => 0);
  const weight = (index: number) => splits[index]!.role === "train" ? 2 : 1;
  for (let given = 0; given < count; given++) {
    const open = splits.keys().toArray().filter((index) => shares[index]! < splits[index]!.images);
    if (open.length === 0) break;
    const next = open.reduce((best, index) =>
      shares[index]! / weight(index) < shares[best]! / weight(best) ? index : best
    );
    shares[next]!++;
  }
  return shares;
}

/**
 * All candidates of a split in the order in which they are shown: each class in turn, rarest first, and within a class
 * spread over the names.
 */
export function* showOrder(candidates: readonly Candidate[], classCount: number): Generator<number> {
  const order = candidates.keys().toArray()
    .sort((a, b) => candidates[a]!.fileName < candidates[b]!.fileName ? -1 : 1);
  const withClass = Array.from(
    { length: classCount },
    (_, of) => order.filter((index) => candidates[index]!.classes.includes(of)),
  );
  const empty = order.filter((index) => candidates[index]!.classes.length === 0);
  const queues = withClass.filter(({ length }) => length > 0)
    .sort((a, b) => a.length - b.length)
    .map(spread);
  const empties = spread(empty);
  const taken = new Set<number>();
  const take = (queue: Iterator<number>): number | null => {
    for (let next = queue.next(); !next.done; next = queue.next()) {
      if (taken.has(next.value)) continue;
      taken.add(next.value);
      return next.value;
    }
    return null;
  };
  for (let turn = 0; taken.size < candidates.length; turn++) {
    // The last of six, so that a sheet begins with what is annotated.
    const isEmptyTurn = queues.length === 0 || taken.size % EMPTY_SHARE === EMPTY_SHARE - 1;
    const index = (isEmptyTurn ? take(empties) : null) ?? take(queues[turn % queues.length] ?? empties);
    if (index !== null) yield index;
    else if (queues.length > 0) queues.splice(turn % queues.length, 1);
  }
}

/** The items, each once, so that any number of the first ones is spread over all. */
function* spread(items: readonly number[]): Generator<number> {
  const left = new Set(items.keys());
  for (let step = 1; left.size > 0; step++) {
    const at = step > 4 * items.length
      ? left.values().next().value!
      : Math.floor(step * GOLDEN % 1 * items.length);
    if (left.delete(at)) yield items[at]!;
  }
}
