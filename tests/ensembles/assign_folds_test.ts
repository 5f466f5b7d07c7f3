/** Folds against groupings made by hand. */
import assert from "node:assert/strict";
import { assignFolds } from "../../src/ensembles/assign_folds.ts";
import { foldSplits } from "../../src/training/folds/fold_splits.ts";
import type { OpenSplit } from "../../src/dataset/class_overlaps.ts";

const groups = (...sizes: [images: number, annotated: number][]) =>
  sizes.map(([images, annotated]) => ({ images, annotated }));

Deno.test("assignFolds: the largest group first, each to the fold with the fewest images, then annotated ones", () => {
  // 6 -> 0; 4 -> 1; 3 -> 2; the 2 annotated of 2 -> 2 (3 images); 1 -> 1 (4); the rest where the fewest are.
  const sizes = groups([1, 1], [6, 6], [2, 2], [4, 0], [3, 1]);
  assert.deepEqual(assignFolds(sizes, 3, 0), [1, 0, 2, 1, 2]);
});

Deno.test("assignFolds: images and annotated ones are spread evenly, by the seed", () => {
  const sizes = groups(...Array.from({ length: 40 }, (_, i): [number, number] => [1, i < 12 ? 1 : 0]));
  const sums = (assigned: number[]) =>
    [0, 1, 2, 3].map((fold) => {
      const own = sizes.filter((_, at) => assigned[at] === fold);
      return [own.length, own.filter(({ annotated }) => annotated > 0).length];
    });
  const [one, other] = [assignFolds(sizes, 4, 1), assignFolds(sizes, 4, 2)];
  for (const assigned of [one, other]) {
    assert.deepEqual(sums(assigned), [[10, 3], [10, 3], [10, 3], [10, 3]]);
  }
  assert.notDeepEqual(one, other);
  assert.deepEqual(assignFolds(sizes, 4, 1), one, "the same seed, the same folds");
});

Deno.test("assignFolds: refuses more folds than groups, and fewer than two", () => {
  assert.throws(() => assignFolds(groups([1, 1], [9, 9]), 3, 0), {
    name: "RangeError",
    message: /Cannot make 3 folds of 2 groups: .*\nhint: use --folds 2 or fewer/,
  });
  assert.throws(() => assignFolds(groups([9, 9]), 2, 0), /hint: .*--group none/);
  for (const count of [1, 0, 2.5, NaN]) {
    assert.throws(() => assignFolds(groups([1, 1]), count, 0), RangeError);
  }
});

Deno.test("foldSplits: every image is held out once, and others of both splits are trained on", () => {
  const open = (name: string, files: string[]) =>
    ({
      split: { name },
      listing: { images: files.map((fileName) => ({ fileName })), uncertainty: null },
    }) as unknown as OpenSplit;
  const splits = [open("train", ["a", "b", "x"]), open("valid", ["a", "c"])];
  const folds = new Map([["train a", 0], ["train b", 1], ["valid a", 1], ["valid c", 0]]);
  const foldOf = (split: string, fileName: string) => folds.get(`${split} ${fileName}`) ?? null;
  const namesOf = (parts: readonly OpenSplit[]) =>
    parts.flatMap(({ split, listing }) => listing.images.map(({ fileName }) => `${split.name} ${fileName}`));
  const first = foldSplits(splits, { fold: 0, foldOf });
  assert.deepEqual(namesOf(first.train), ["train b", "valid a"]);
  assert.deepEqual(namesOf(first.valid), ["train a", "valid c"]);
  const second = foldSplits(splits, { fold: 1, foldOf });
  assert.deepEqual(namesOf(second.train), ["train a", "valid c"]);
  assert.deepEqual(namesOf(second.valid), ["train b", "valid a"]);
  assert.equal(first.train[0]!.listing.uncertainty, null, "the rest of a listing stays");
});
