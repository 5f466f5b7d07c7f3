import assert from "node:assert/strict";
import { dealGroups, DEALT_SPLITS, type DealtSplit, targetsOf } from "../../src/resplit/assign.ts";
import { Random } from "../support/random.ts";

const SHARES = { valid: 0.15, test: 0.15 };

function countsOf(sizes: readonly number[], dealt: readonly DealtSplit[]): Record<DealtSplit, number> {
  const counts = { train: 0, valid: 0, test: 0 };
  dealt.forEach((split, group) => counts[split] += sizes[group]!);
  return counts;
}

function deal(sizes: readonly number[], shares = SHARES, seed = 0) {
  const targets = targetsOf(sizes.reduce((sum, size) => sum + size, 0), shares);
  const dealt = dealGroups(sizes, targets, seed);
  return { targets, dealt, counts: countsOf(sizes, dealt) };
}

Deno.test("targetsOf: all images, at least one for each share that is not zero", () => {
  assert.deepEqual(targetsOf(580, SHARES), { train: 406, valid: 87, test: 87 });
  assert.deepEqual(targetsOf(4, SHARES), { train: 2, valid: 1, test: 1 });
  assert.deepEqual(targetsOf(10, { valid: 0, test: 0.3 }), { train: 7, valid: 0, test: 3 });
});

Deno.test("targetsOf refuses shares that are none, and those that leave nothing to train on", () => {
  for (const shares of [{ valid: 1, test: 0 }, { valid: -0.1, test: 0 }, { valid: 0.1, test: NaN }]) {
    assert.throws(() => targetsOf(10, shares), RangeError);
  }
  assert.throws(() => targetsOf(10, { valid: 0.5, test: 0.5 }), /nothing is left to train on\nhint: /);
});

Deno.test("dealGroups: meets the shares where there are small groups enough", () => {
  const random = new Random(3);
  for (let round = 0; round < 20; round++) {
    const sizes = [
      ...Array.from({ length: 60 }, () => 1 + random.integer(15)),
      ...Array.from({ length: 20 }, () => 1),
    ];
    const { targets, counts } = deal(sizes, SHARES, round);
    assert.deepEqual(counts, targets);
  }
});

Deno.test("dealGroups: large groups go to every split, not to train alone", () => {
  const sizes = [...Array.from({ length: 30 }, () => 10), ...Array.from({ length: 100 }, () => 1)];
  const { dealt } = deal(sizes);
  const large = countsOf(Array.from({ length: 30 }, () => 1), dealt.slice(0, 30));
  assert.ok(large.valid >= 4 && large.test >= 4 && large.train >= 18, JSON.stringify(large));
});

Deno.test("dealGroups: the seed decides, and the same one decides alike", () => {
  const sizes = Array.from({ length: 50 }, (_, i) => 1 + i % 4);
  assert.deepEqual(deal(sizes).dealt, deal(sizes).dealt);
  assert.notDeepEqual(deal(sizes).dealt, deal(sizes, SHARES, 1).dealt);
});

Deno.test("dealGroups: a group larger than train's share goes to train, and no split stays empty", () => {
  const giant = deal([90, ...Array.from({ length: 10 }, () => 1)]);
  assert.equal(giant.dealt[0], "train");
  assert.deepEqual(giant.counts, { train: 90, valid: 5, test: 5 });
  assert.deepEqual(Object.values(deal([10, 10, 10]).counts), [10, 10, 10]);
  assert.deepEqual(new Set(deal([96, 2, 2]).dealt), new Set(DEALT_SPLITS));
});

Deno.test("dealGroups: nothing for a share of zero, and refuses fewer groups than splits", () => {
  assert.deepEqual(deal([3, 3, 3, 1], { valid: 0, test: 0.3 }).counts, { train: 7, valid: 0, test: 3 });
  assert.throws(() => deal([5, 5]), RangeError);
});
