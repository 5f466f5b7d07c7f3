/** Distances compared with scipy's (fixtures/evaluation/make_fixtures.py) and with brute force. */
import assert from "node:assert/strict";
import { squaredDistances } from "../../src/evaluation/distance_transform.ts";
import type { Mask } from "../../src/image/mask.ts";
import { assertClose } from "../support/compare.ts";
import { drawMask, listMask, randomMask } from "../support/masks.ts";
import { Random } from "../support/random.ts";
import fixtures from "../fixtures/evaluation/distances.json" with { type: "json" };

function bruteForce({ width, height, data }: Mask, [rows, columns]: [number, number]): number[] {
  return Array.from({ length: width * height }, (_, at) => {
    let least = Infinity;
    data.forEach((value, other) => {
      if (value === 0) return;
      const down = (Math.floor(at / width) - Math.floor(other / width)) * rows;
      const across = (at % width - other % width) * columns;
      least = Math.min(least, down ** 2 + across ** 2);
    });
    return least;
  });
}

Deno.test("squaredDistances: the roots equal scipy's distance_transform_edt", () => {
  for (const { width, height, set, spacing, distances } of fixtures) {
    const squares = squaredDistances(listMask(width, height, set).data, width, height, [
      spacing[0]!,
      spacing[1]!,
    ]);
    assertClose(squares.map(Math.sqrt), distances, { absolute: 1e-11, label: `${width} x ${height}` });
  }
});

Deno.test("squaredDistances: integer spacings give exactly the numbers of brute force", () => {
  const random = new Random(2);
  for (let i = 0; i < 300; i++) {
    const mask = randomMask(random);
    const spacing: [number, number] = i % 2 === 0 ? [1, 1] : [1 + random.integer(9), 1 + random.integer(9)];
    const squares = squaredDistances(mask.data, mask.width, mask.height, spacing);
    assert.deepEqual([...squares], bruteForce(mask, spacing), JSON.stringify(spacing));
  }
});

Deno.test("squaredDistances: any spacing equals brute force up to rounding", () => {
  const random = new Random(3);
  for (let i = 0; i < 200; i++) {
    const mask = randomMask(random);
    const spacing: [number, number] = [10 ** (4 * random.next() - 2), 10 ** (4 * random.next() - 2)];
    const squares = squaredDistances(mask.data, mask.width, mask.height, spacing);
    assertClose(squares, bruteForce(mask, spacing), { relative: 1e-14, label: JSON.stringify(spacing) });
  }
});

Deno.test("squaredDistances: one pixel in a corner, and an empty set", () => {
  const mask = drawMask("#..", "...");
  assert.deepEqual([...squaredDistances(mask.data, 3, 2)], [0, 1, 4, 1, 2, 5]);
  assert.deepEqual([...squaredDistances(mask.data, 3, 2, [10, 2])], [0, 4, 16, 100, 104, 116]);
  assert.deepEqual([...squaredDistances(new Uint8Array(4), 2, 2)], [Infinity, Infinity, Infinity, Infinity]);
});
