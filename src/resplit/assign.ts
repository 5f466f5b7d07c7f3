/**
 * Assigns groups of images to splits, each group as a whole.
 *
 * @module
 */
import { SPLIT_NAMES, type SplitName } from "../dataset/roles.ts";
import { shuffled } from "../random.ts";

/** The shares of images for validation and test, 0 to 1 and together below 1; the rest is for training. */
export interface Shares {
  /** For validation. */
  readonly valid: number;
  /** For testing. */
  readonly test: number;
}

/**
 * How many of `count` images each split should get: at least one unless its share is zero.
 *
 * Throws a RangeError for shares out of bounds.
 */
export function targetsOf(count: number, { valid, test }: Shares): Record<SplitName, number> {
  for (const [name, share] of Object.entries({ valid, test })) {
    if (!(share >= 0 && share < 1)) {
      throw new RangeError(`Cannot assign a share of ${share} to ${name}: expected 0 <= share < 1`);
    }
  }
  if (valid + test >= 1) {
    throw new RangeError(
      `Cannot assign ${valid} to valid and ${test} to test: nothing is left for training\n` +
        "hint: the two shares must add up to less than 1",
    );
  }
  const part = (share: number) => share === 0 ? 0 : Math.max(1, Math.round(share * count));
  return { train: Math.max(1, count - part(valid) - part(test)), valid: part(valid), test: part(test) };
}

/**
 * Assigns groups of these sizes so that the splits come close to their targets; returns the split of each group.
 *
 * Greedy: the largest group first, equal ones in an order drawn from the seed, each to the split that is farthest from
 * its target in proportion, among those it fits into; if it fits nowhere, to the one that it overfills least. So every
 * split gets its share of large groups and of small ones. The last groups go to splits that have none yet.
 *
 * Throws a RangeError if there are fewer groups than splits with a target.
 */
export function assignGroups(
  sizes: readonly number[],
  targets: Readonly<Record<SplitName, number>>,
  seed: number,
): SplitName[] {
  const wanted = SPLIT_NAMES.filter((split) => targets[split] > 0);
  if (sizes.length < wanted.length) {
    throw new RangeError(`Cannot assign ${sizes.length} groups to ${wanted.length} splits`);
  }
  const counts = { train: 0, valid: 0, test: 0 };
  const assigned = new Array<SplitName>(sizes.length);
  const order = [...shuffled(sizes.length, seed, 0)].sort((a, b) => sizes[b]! - sizes[a]!);
  for (const [done, group] of order.entries()) {
    const size = sizes[group]!;
    const empty = wanted.filter((split) => counts[split] === 0);
    const splits = sizes.length - done <= empty.length ? empty : wanted;
    const fitting = splits.filter((split) => counts[split] + size <= targets[split]);
    const fill = (split: SplitName, more: number) => (counts[split] + more) / targets[split];
    const split = fitting.length > 0
      ? least(fitting, (split) => fill(split, 0))
      : least(splits, (split) => fill(split, size));
    counts[split] += size;
    assigned[group] = split;
  }
  return assigned;
}

/** The first item with the smallest value. */
function least<T>(items: readonly T[], value: (item: T) => number): T {
  return items.reduce((best, item) => value(item) < value(best) ? item : best);
}
