/** Groups compared with a plain search for connected components among the pairs. */
import assert from "node:assert/strict";
import { groupDuplicates } from "../../src/resplit/groups.ts";
import { findNearDuplicates, type ImageSignature } from "../../src/dataset/near_duplicates.ts";
import { makeThumbnail } from "../../src/dataset/thumbnail.ts";
import { spots } from "../support/coco.ts";
import { Random } from "../support/random.ts";

function signature(fileName: string, sha256: string, seed: number | null, split = "train"): ImageSignature {
  return { split, fileName, sha256, thumbnail: seed === null ? null : makeThumbnail(spots(seed)) };
}

Deno.test("groupDuplicates: joins equal bytes, sources and pixels, also within a split, and whatever they connect", () => {
  const groups = groupDuplicates([
    signature("alone.jpg", "0", 1),
    signature("a_jpg.rf.1.jpg", "A", 2),
    signature("b.jpg", "B", 3),
    signature("c.jpg", "A", null, "valid"), // the same bytes as a
    signature("d.jpg", "D", 4),
    signature("a_jpg.rf.2.jpg", "E", 3, "test"), // the same source as a, the same pixels as b
  ]);
  assert.deepEqual(groups, [
    { indices: [0], pairs: 0 },
    { indices: [1, 2, 3, 5], pairs: 3 },
    { indices: [4], pairs: 0 },
  ]);
});

Deno.test("groupDuplicates: counts a pair with several reasons once", () => {
  const same = (name: string) => signature(`a_jpg.rf.${name}.jpg`, "A", 1);
  assert.deepEqual(groupDuplicates([same("1"), same("2"), same("3")]), [{ indices: [0, 1, 2], pairs: 3 }]);
});

Deno.test("groupDuplicates: equals the connected components of findNearDuplicates' pairs on random datasets", () => {
  const random = new Random(5);
  for (let round = 0; round < 30; round++) {
    // Each in a split of its own, so that findNearDuplicates compares all pairs.
    const signatures = Array.from({ length: 24 }, (_, i) =>
      signature(
        random.next() < 0.5 ? `y${random.integer(20)}_jpg.rf.${i}.jpg` : `${i}.jpg`,
        String(random.integer(40)),
        random.next() < 0.5 ? 1 + random.integer(12) : null,
        String(i),
      ));
    const { pairs } = findNearDuplicates(signatures);
    // Plain: each takes the smallest label among its duplicates until nothing changes.
    const label = signatures.map((_, i) => i);
    for (let changed = true; changed;) {
      changed = false;
      for (const { files: [a, b] } of pairs) {
        const [i, j] = [Number(a.split), Number(b.split)];
        const low = Math.min(label[i]!, label[j]!);
        changed ||= label[i] !== low || label[j] !== low;
        label[i] = label[j] = low;
      }
    }
    const expected = [...Map.groupBy(signatures.keys(), (i) => label[i]!).values()].map((indices) => ({
      indices,
      pairs: pairs.filter(({ files }) => indices.includes(Number(files[0].split))).length,
    }));
    assert.deepEqual(groupDuplicates(signatures), expected);
  }
});
