import assert from "node:assert/strict";
import { rankedCases, spreadByName } from "../../src/evaluation/cases.ts";
import { type ImageScore, scoreImage } from "../../src/evaluation/image_score.ts";

/** A score with `found` of 8 true pixels, or without Dice for null. */
function score(name: string, found: number | null): ImageScore {
  const row = (count: number) => ({
    width: 8,
    height: 1,
    data: Uint8Array.from({ length: 8 }, (_, i) => i < count ? 1 : 0),
  });
  return found === null ? scoreImage(name, row(0), row(0)) : scoreImage(name, row(found), row(8));
}

Deno.test("spreadByName: evenly over the sorted names, including first and last", () => {
  const names = ["j", "a", "i", "b", "h", "c", "g", "d", "f", "e"];
  const chosen = (count: number) => spreadByName(names, count).map((index) => names[index]).join("");
  assert.equal(chosen(2), "aj");
  assert.equal(chosen(4), "adgj");
  assert.equal(chosen(10), "abcdefghij");
  assert.equal(chosen(20), "abcdefghij");
  assert.deepEqual(spreadByName([], 8), []);
});

Deno.test("rankedCases: two worst, median and best, ascending, without images that have no Dice", () => {
  const scores = [
    score("none", null),
    score("full", 8),
    ...[5, 1, 7, 3, 2, 6, 4].map((found) => score(`of${found}`, found)),
  ];
  assert.deepEqual(rankedCases(scores).map(({ index, rank }) => [scores[index]!.name, rank]), [
    ["of1", "worst"],
    ["of2", "worst"],
    ["of4", "median"],
    ["of5", "median"],
    ["of7", "best"],
    ["full", "best"],
  ]);
});

Deno.test("rankedCases: ties broken by name, no repetition among few images", () => {
  const ranks = (...scores: ImageScore[]) =>
    rankedCases(scores).map(({ index, rank }) => `${scores[index]!.name} ${rank}`);
  assert.deepEqual(ranks(score("b", 4), score("a", 4)), ["a worst", "b best"]);
  assert.deepEqual(ranks(score("a", 1)), ["a best"]);
  assert.deepEqual(ranks(score("a", 1), score("b", 2), score("c", 3)), ["a worst", "b median", "c best"]);
  assert.deepEqual(ranks(score("a", null)), []);
});
