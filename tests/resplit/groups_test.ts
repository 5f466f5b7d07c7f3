/** Groups against a plain search for connected parts among the pairs. */
import assert from "node:assert/strict";
import { groupAlike } from "../../src/resplit/groups.ts";
import { findLeaks, type Fingerprint } from "../../src/dataset/near_duplicates.ts";
import { makeThumbnail } from "../../src/dataset/thumbnail.ts";
import { spots } from "../support/coco.ts";
import { Random } from "../support/random.ts";

function print(fileName: string, sha256: string, seed: number | null, split = "train"): Fingerprint {
  return { split, fileName, sha256, thumbnail: seed === null ? null : makeThumbnail(spots(seed)) };
}

Deno.test("groupAlike: bytes, names and pixels bind, within a split too, and chains become one group", () => {
  const groups = groupAlike([
    print("alone.jpg", "0", 1),
    print("a_jpg.rf.1.jpg", "A", 2),
    print("b.jpg", "B", 3),
    print("c.jpg", "A", null, "valid"), // the same bytes as a
    print("d.jpg", "D", 4),
    print("a_jpg.rf.2.jpg", "E", 3, "test"), // the same source as a, the same pixels as b
  ]);
  assert.deepEqual(groups, [
    { places: [0], pairs: 0 },
    { places: [1, 2, 3, 5], pairs: 3 },
    { places: [4], pairs: 0 },
  ]);
});

Deno.test("groupAlike: a pair of several reasons counts once", () => {
  const same = (name: string) => print(`a_jpg.rf.${name}.jpg`, "A", 1);
  assert.deepEqual(groupAlike([same("1"), same("2"), same("3")]), [{ places: [0, 1, 2], pairs: 3 }]);
});

Deno.test("groupAlike: the connected parts of findLeaks' pairs, on random datasets", () => {
  const random = new Random(5);
  for (let round = 0; round < 30; round++) {
    // Each in a split of its own, so that findLeaks compares all with all.
    const prints = Array.from({ length: 24 }, (_, i) =>
      print(
        random.next() < 0.5 ? `y${random.integer(20)}_jpg.rf.${i}.jpg` : `${i}.jpg`,
        String(random.integer(40)),
        random.next() < 0.5 ? 1 + random.integer(12) : null,
        String(i),
      ));
    const { leaks } = findLeaks(prints);
    // Plain: everybody takes the least name among those alike, until nothing changes.
    const label = prints.map((_, i) => i);
    for (let changed = true; changed;) {
      changed = false;
      for (const { files: [a, b] } of leaks) {
        const [i, j] = [Number(a.split), Number(b.split)];
        const low = Math.min(label[i]!, label[j]!);
        changed ||= label[i] !== low || label[j] !== low;
        label[i] = label[j] = low;
      }
    }
    const expected = [...Map.groupBy(prints.keys(), (i) => label[i]!).values()].map((places) => ({
      places,
      pairs: leaks.filter(({ files }) => places.includes(Number(files[0].split))).length,
    }));
    assert.deepEqual(groupAlike(prints), expected);
  }
});
