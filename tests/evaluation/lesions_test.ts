/** Missed and false lesions, compared with scipy's labels (fixtures/evaluation/make_fixtures.py) and drawn by hand. */
import assert from "node:assert/strict";
import { matchLesions } from "../../mod.ts";
import { drawMask, listMask } from "../support/masks.ts";
import fixtures from "../fixtures/evaluation/metrics.json" with { type: "json" };

Deno.test("matchLesions: equals numpy's counts over scipy's labels", () => {
  for (const { width, height, predicted, truth, lesions } of fixtures) {
    const match = matchLesions(listMask(width, height, predicted), listMask(width, height, truth));
    assert.deepEqual({
      truth: match.trueLesions.length,
      predicted: match.predictedLesions.length,
      missed: match.missedLesions.length,
      false: match.falseLesions.length,
    }, lesions);
  }
  assert.ok(fixtures.some(({ lesions }) => lesions.missed > 0 && lesions.false > 0));
});

Deno.test("matchLesions: one common pixel is enough, an adjacent one is not", () => {
  const truth = drawMask("##....#..", "......#..", "#.....#.#");
  const predicted = drawMask("..#......", "......##.", "........#");
  const match = matchLesions(predicted, truth);
  assert.deepEqual(match.missedLesions.map(({ box }) => box), [
    { x: 0, y: 0, width: 2, height: 1 },
    { x: 0, y: 2, width: 1, height: 1 },
  ]);
  assert.deepEqual(match.falseLesions.map(({ box }) => box), [{ x: 2, y: 0, width: 1, height: 1 }]);
  assert.deepEqual([match.trueLesions.length, match.predictedLesions.length], [4, 2]);
});

Deno.test("matchLesions: empty masks, and masks of different sizes", () => {
  const [none, some] = [drawMask("..."), drawMask("#.#")];
  assert.equal(matchLesions(none, some).missedLesions.length, 2);
  assert.equal(matchLesions(some, none).falseLesions.length, 2);
  assert.deepEqual(Object.values(matchLesions(none, none)), [[], [], [], []]);
  assert.throws(() => matchLesions(none, drawMask("....")), TypeError);
});
