/**
 * Groups of images dealt to the splits, each group whole.
 *
 * @module
 */
import { shuffled } from "../random.ts";

/** A split that is dealt to. */
export type DealtSplit = "train" | "valid" | "test";

/** The splits that are dealt to, in the order in which ties are broken. */
export const DEALT_SPLITS: readonly DealtSplit[] = ["train", "valid", "test"];

/** What part of the images validation and test get, 0 to 1 together below 1; the rest is to train on. */
export interface Shares {
  /** Of the images to validate with. */
  readonly valid: number;
  /** Of the images to test with. */
  readonly test: number;
}

/**
 * How many of `count` images each split should get: at least one where its share is not zero.
 *
 * Throws a RangeError for shares out of bounds.
 */
export function targetsOf(count: number, { valid, test }: Shares): Record<DealtSplit, number> {
  for (const [name, share] of Object.entries({ valid, test })) {
    if (!(share >= 0 && share < 1)) {
      throw new RangeError(
        `Cannot deal a share of ${share} to ${name}: a number from 0 to below 1 is wanted`,
      );
    }
  }
  if (valid + test >= 1) {
    throw new RangeError(
      `Cannot deal ${valid} to valid and ${test} to test: nothing is left to train on\n` +
        "hint: the two shares must come to less than 1",
    );
  }
  const part = (share: number) => share === 0 ? 0 : Math.max(1, Math.round(share * count));
  return { train: Math.max(1, count - part(valid) - part(test)), valid: part(valid), test: part(test) };
}

/**
 * Deals groups of these sizes, each whole, so that the splits come near their targets; returns the split of each.
 *
 * Greedy: the largest group first, equal ones in an order drawn from the seed, each to the split that lacks most of
 * its target in proportion, among those where it fits; where it fits nowhere, to the one that it overfills least in
 * proportion. So every split gets its part of the large groups and of the small ones. The last groups go to splits
 * that have none yet.
 *
 * Throws a RangeError where there are fewer groups than splits with a target.
 */
export function dealGroups(
  sizes: readonly number[],
  targets: Readonly<Record<DealtSplit, number>>,
  seed: number,
): DealtSplit[] {
  const wanted = DEALT_SPLITS.filter((split) => targets[split] > 0);
  if (sizes.length < wanted.length) {
    throw new RangeError(`Cannot deal ${sizes.length} groups to ${wanted.length} splits`);
  }
  const counts = { train: 0, valid: 0, test: 0 };
  const dealt = new Array<DealtSplit>(sizes.length);
  const order = [...shuffled(sizes.length, seed, 0)].sort((a, b) => sizes[b]! - sizes[a]!);
  for (const [done, group] of order.entries()) {
    const size = sizes[group]!;
    const empty = wanted.filter((split) => counts[split] === 0);
    const splits = sizes.length - done <= empty.length ? empty : wanted;
    const fitting = splits.filter((split) => counts[split] + size <= targets[split]);
    const fill = (split: DealtSplit, more: number) => (counts[split] + more) / targets[split];
    const split = fitting.length > 0
      ? least(fitting, (split) => fill(split, 0))
      : least(splits, (split) => fill(split, size));
    counts[split] += size;
    dealt[group] = split;
  }
  return dealt;
}

/** The first item of the smallest value. */
function least<T>(items: readonly T[], value: (item: T) => number): T {
  return items.reduce((best, item) => value(item) < value(best) ? item : best);
}
