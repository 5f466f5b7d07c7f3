/**
 * Splits for a source without them: near-duplicates, and images of the same patient or source by their names, stay
 * together.
 *
 * @module
 */
import { SPLIT_NAMES, type SplitName } from "../dataset/roles.ts";
import type { ImageSignature } from "../dataset/near_duplicates.ts";
import { assignGroups, type Shares, targetsOf } from "../resplit/assign.ts";
import { groupDuplicates } from "../resplit/groups.ts";

/** The splits that were made. */
export interface MadeSplits {
  /** The split of each image. */
  readonly splits: readonly SplitName[];
  /** How many groups the images form. */
  readonly groups: number;
  /** The splits that stay empty, although a share was requested for them: there are too few groups. */
  readonly empty: readonly SplitName[];
}

/** Assigns images to splits; `keys` are what the names say that images share, null for nothing. */
export function makeSplits(
  signatures: readonly ImageSignature[],
  keys: readonly (string | null)[],
  shares: Shares,
  seed: number,
): MadeSplits {
  const groups = joinByKey(groupDuplicates(signatures).map(({ indices }) => indices), keys);
  const targets = { ...targetsOf(signatures.length, shares) };
  const empty: SplitName[] = [];
  // The test split is given up last but one: without images for validation, training cannot tell when to stop.
  for (const split of ["test", "valid"] as const) {
    if (SPLIT_NAMES.filter((name) => targets[name] > 0).length <= groups.length) break;
    if (targets[split] === 0) continue;
    targets.train += targets[split];
    targets[split] = 0;
    empty.push(split);
  }
  const assigned = assignGroups(groups.map(({ length }) => length), targets, seed);
  const splits = new Array<SplitName>(signatures.length);
  for (const [at, indices] of groups.entries()) for (const index of indices) splits[index] = assigned[at]!;
  return { splits, groups: groups.length, empty };
}

/** Joins groups of indices that share a key. */
export function joinByKey(
  groups: readonly (readonly number[])[],
  keys: readonly (string | null)[],
): number[][] {
  const joined: (number[] | null)[] = [];
  const groupOf = new Map<string, number>();
  for (const indices of groups) {
    const own = new Set(indices.flatMap((index) => keys[index] ?? []));
    const others = new Set([...own].flatMap((key) => groupOf.get(key) ?? []));
    const at = joined.length;
    const all = [...indices];
    for (const other of others) {
      all.push(...joined[other]!);
      joined[other] = null;
    }
    for (const index of all) {
      const key = keys[index];
      if (key !== null && key !== undefined) groupOf.set(key, at);
    }
    joined.push(all);
  }
  return joined.filter((group) => group !== null);
}
