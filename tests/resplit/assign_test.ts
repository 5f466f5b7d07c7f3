import assert from "node:assert/strict";
import { SPLIT_NAMES, type SplitName } from "../../src/dataset/roles.ts";
import { assignGroups, targetsOf } from "../../src/resplit/assign.ts";
import { Random } from "../support/random.ts";

const SHARES = { valid: 0.15, test: 0.15 };

function countsOf(sizes: readonly number[], assigned: readonly SplitName[]): Record<SplitName, number> {
  const counts = { train: 0, valid: 0, test: 0 };
  assigned.forEach((split, group) => counts[split] += sizes[group]!);
  return counts;
}

function assign(sizes: readonly number[], shares = SHARES, seed = 0) {
  const targets = targetsOf(sizes.reduce((sum, size) => sum + size, 0), shares);
  const assigned = assignGroups(sizes, targets, seed);
  return { targets, assigned, counts: countsOf(sizes, assigned) };
}

Deno.test("targetsOf: covers all images, at least one for each share that is not zero", () => {
  assert.deepEqual(targetsOf(580, SHARES), { train: 406, valid: 87, test: 87 });
  assert.deepEqual(targetsOf(4, SHARES), { train: 2, valid: 1, test: 1 });
  assert.deepEqual(targetsOf(10, { valid: 0, test: 0.3 }), { train: 7, valid: 0, test: 3 });
});

Deno.test("targetsOf: rejects invalid shares, and shares that leave nothing for training", () => {
  for (const shares of [{ valid: 1, test: 0 }, { valid: -0.1, test: 0 }, { valid: 0.1, test: NaN }]) {
    assert.throws(() => targetsOf(10, shares), RangeError);
  }
  assert.throws(() => targetsOf(10, { valid: 0.5, test: 0.5 }), /nothing is left for training\nhint: /);
});

Deno.test("assignGroups: meets the shares if there are enough small groups", () => {
  const random = new Random(3);
  for (let round = 0; round < 20; round++) {
    const sizes = [
      ...Array.from({ length: 60 }, () => 1 + random.integer(15)),
      ...Array.from({ length: 20 }, () => 1),
    ];
    const { targets, counts } = assign(sizes, SHARES, round);
    assert.deepEqual(counts, targets);
  }
});

Deno.test("assignGroups: large groups go to every split, not only to train", () => {
  const sizes = [...Array.from({ length: 30 }, () => 10), ...Array.from({ length: 100 }, () => 1)];
  const { assigned } = assign(sizes);
  const large = countsOf(Array.from({ length: 30 }, () => 1), assigned.slice(0, 30));
  assert.ok(large.valid >= 4 && large.test >= 4 && large.train >= 18, JSON.stringify(large));
});

Deno.test("assignGroups: the same seed gives the same result, another seed another", () => {
  const sizes = Array.from({ length: 50 }, (_, i) => 1 + i % 4);
  assert.deepEqual(assign(sizes).assigned, assign(sizes).assigned);
  assert.notDeepEqual(assign(sizes).assigned, assign(sizes, SHARES, 1).assigned);
});

Deno.test("assignGroups: a group larger than train's share goes to train, and no split stays empty", () => {
  const giant = assign([90, ...Array.from({ length: 10 }, () => 1)]);
  assert.equal(giant.assigned[0], "train");
  assert.deepEqual(giant.counts, { train: 90, valid: 5, test: 5 });
  assert.deepEqual(Object.values(assign([10, 10, 10]).counts), [10, 10, 10]);
  assert.deepEqual(new Set(assign([96, 2, 2]).assigned), new Set(SPLIT_NAMES));
});

Deno.test("assignGroups: assigns nothing to a share of zero and rejects fewer groups than splits", () => {
  assert.deepEqual(assign([3, 3, 3, 1], { valid: 0, test: 0.3 }).counts, { train: 7, valid: 0, test: 3 });
  assert.throws(() => assign([5, 5]), RangeError);
});
