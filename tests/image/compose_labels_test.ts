import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { composeLabels, type Region } from "../../src/image/compose_labels.ts";
import { classesOf, IGNORE, maskOf } from "../../src/image/label_map.ts";
import { resizeLabelMap } from "../../src/image/resize.ts";
import { Random } from "../support/random.ts";

/** The pixels from `from` to before `to`. */
function range(from: number, to: number, ...labels: number[]): Region {
  return { labels, fill: (map, label) => map.data.fill(label, from, to) };
}

const SIZE = { width: 4, height: 2 };
const REGIONS = [range(0, 1, IGNORE), range(0, 4, 1), range(2, 6, 2), range(3, 5, 3), range(7, 8)];

Deno.test("composeLabels: the later region wins; ignored ones win over all; regions without labels are background", () => {
  const map = composeLabels(SIZE, REGIONS, { classCount: 3, overlapping: false });
  deepStrictEqual(map, { ...SIZE, data: Uint8Array.of(IGNORE, 1, 2, 3, 3, 2, 0, 0) });
});

Deno.test("composeLabels: overlapping classes have labels of their own, and every class keeps its mask", () => {
  const map = composeLabels(SIZE, REGIONS, { classCount: 3, overlapping: true });
  deepStrictEqual([...map.data], [IGNORE, 1, 4, 5, 6, 2, 0, 0]);
  deepStrictEqual([map.overlaps, map.classCount], [[[1, 2], [1, 2, 3], [2, 3]], 3]);
  deepStrictEqual([...maskOf(map, 1).data], [0, 1, 1, 1, 0, 0, 0, 0]);
  deepStrictEqual([...maskOf(map, 2).data], [0, 0, 1, 1, 1, 1, 0, 0]);
  deepStrictEqual([...maskOf(map, IGNORE).data], [1, 0, 0, 0, 0, 0, 0, 0]);
  deepStrictEqual([classesOf(map, 5), classesOf(map, 3), classesOf(map, IGNORE)], [[1, 2, 3], [3], []]);
  const half = resizeLabelMap(map, { width: 2, height: 1 });
  deepStrictEqual([...maskOf(half, 1).data], [0, 1], "a resized map keeps what its labels stand for");
});

Deno.test("composeLabels: without an overlap, a map that may overlap equals one that may not", () => {
  const apart = [range(0, 2, 1), range(2, 4, 3), range(4, 5, IGNORE), range(4, 6, 2)];
  const [a, b] = [true, false].map((overlapping) =>
    composeLabels(SIZE, apart, { classCount: 3, overlapping })
  );
  deepStrictEqual(a, b);
});

Deno.test("composeLabels: of random regions, the mask of each class is the union of its regions", () => {
  const random = new Random(3);
  const size = { width: 40, height: 5 };
  for (let round = 0; round < 30; round++) {
    const regions = Array.from({ length: 12 }, () => {
      const from = random.integer(200);
      return range(from, from + random.integer(60), 1 + random.integer(6));
    });
    const map = composeLabels(size, regions, { classCount: 6, overlapping: true });
    for (let label = 1; label <= 6; label++) {
      const union = { ...size, data: new Uint8Array(200) };
      for (const region of regions) if (region.labels[0] === label) region.fill(union, 1);
      deepStrictEqual(maskOf(map, label), union);
    }
    strictEqual(new Set(map.data).size <= 7 + (map.overlaps?.length ?? 0), true);
  }
});

Deno.test("composeLabels: refuses more ways to overlap than there are labels, with the ways out", () => {
  // Every subset of eight classes somewhere: 255 labels.
  const size = { width: 256, height: 1 };
  const regions = Array.from({ length: 8 }, (_, bit): Region => ({
    labels: [bit + 1],
    fill: (map, label) => {
      for (let i = 0; i < 256; i++) if ((i >> bit) & 1) map.data[i] = label;
    },
  }));
  throws(() => composeLabels(size, regions, { classCount: 8, overlapping: true }), {
    name: "RangeError",
    message: /254 labels at most\nhint: .*--classes.*--head softmax/,
  });
});
