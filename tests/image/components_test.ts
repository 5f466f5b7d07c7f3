/** Connected components compared with scipy's (fixtures/evaluation/make_fixtures.py) and drawn by hand. */
import assert from "node:assert/strict";
import {
  boundingBox,
  countSet,
  keepLargest,
  labelComponents,
  removeSmall,
} from "../../src/image/components.ts";
import { drawMask, listMask, randomMask } from "../support/masks.ts";
import { Random } from "../support/random.ts";
import fixtures from "../fixtures/evaluation/components.json" with { type: "json" };

Deno.test("labelComponents: equals scipy's labels, areas, boxes and centers of mass", () => {
  for (const { width, height, mask, labels, lesions } of fixtures) {
    const found = labelComponents(listMask(width, height, mask));
    assert.deepEqual([...found.labels], labels);
    assert.deepEqual(
      found.lesions.map(({ area, box }) => ({ area, box })),
      lesions.map(({ area, box }) => ({ area, box })),
    );
    found.lesions.forEach(({ centroid }, index) => {
      const expected = lesions[index]!.centroid;
      assert.ok(Math.hypot(centroid.x - expected.x, centroid.y - expected.y) < 1e-9);
    });
  }
});

Deno.test("labelComponents: corners connect, rows do not wrap around", () => {
  assert.equal(labelComponents(drawMask("#..", ".#.", "..#")).lesions.length, 1);
  assert.equal(labelComponents(drawMask("..#", "...", "#..")).lesions.length, 2);
  assert.equal(labelComponents(drawMask("...#", "#...")).lesions.length, 2);
  assert.deepEqual(labelComponents(drawMask("#")).lesions, [
    { area: 1, box: { x: 0, y: 0, width: 1, height: 1 }, centroid: { x: 0, y: 0 } },
  ]);
});

Deno.test("labelComponents: handles a snake of 200,000 pixels and 100,000 lesions", () => {
  const side = 640;
  const snake = { width: side, height: side, data: new Uint8Array(side * side) };
  const dots = { width: side, height: side, data: new Uint8Array(side * side) };
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const end = y % 4 === 1 ? side - 1 : 0;
      if (y % 2 === 0 || x === end) snake.data[y * side + x] = 1;
      if (y % 2 === 0 && x % 2 === 0) dots.data[y * side + x] = 1;
    }
  }
  assert.deepEqual(labelComponents(snake).lesions.map(({ area }) => area), [side * side / 2 + side / 2]);
  assert.equal(labelComponents(dots).lesions.length, side * side / 4);
  assert.equal(countSet(keepLargest(dots)), 1);
});

Deno.test("keepLargest: keeps one component, of equal ones the first; an empty mask stays empty", () => {
  const mask = drawMask("##..#", "....#", ".#...", ".....", "###..");
  assert.deepEqual(keepLargest(mask), drawMask(".....", ".....", ".....", ".....", "###.."));
  assert.deepEqual(keepLargest(drawMask("#.#", "...")), drawMask("#..", "..."));
  assert.deepEqual(keepLargest(drawMask("...")), drawMask("..."));
});

Deno.test("removeSmall: removes components of fewer pixels and rejects an invalid area", () => {
  const mask = drawMask("##..#", "....#", ".....", "#....", "..###");
  assert.deepEqual(removeSmall(mask, 2), drawMask("##..#", "....#", ".....", ".....", "..###"));
  assert.deepEqual(removeSmall(mask, 3), drawMask(".....", ".....", ".....", ".....", "..###"));
  assert.deepEqual(removeSmall(mask, 4), drawMask(".....", ".....", ".....", ".....", "....."));
  assert.deepEqual(removeSmall(mask, 0), mask);
  for (const area of [-1, NaN]) assert.throws(() => removeSmall(mask, area), RangeError);
});

Deno.test("labelComponents: rejects data that does not fit the size", () => {
  assert.throws(() => labelComponents({ width: 2, height: 2, data: new Uint8Array(3) }), TypeError);
});

Deno.test("boundingBox: encloses all masks; null if they are empty", () => {
  assert.deepEqual(boundingBox(drawMask("....", "..#.", "....")), { x: 2, y: 1, width: 1, height: 1 });
  assert.deepEqual(boundingBox(drawMask("#...", "...."), drawMask("....", "...#")), {
    x: 0,
    y: 0,
    width: 4,
    height: 2,
  });
  assert.deepEqual(boundingBox(drawMask("..", "#."), drawMask(".#", "..")), {
    x: 0,
    y: 0,
    width: 2,
    height: 2,
  });
  assert.equal(boundingBox(drawMask("....", "....")), null);
});

Deno.test("labelComponents: the lesions partition their mask", () => {
  const random = new Random(1);
  for (let i = 0; i < 200; i++) {
    const mask = randomMask(random);
    const { labels, lesions } = labelComponents(mask);
    assert.equal(lesions.reduce((sum, { area }) => sum + area, 0), countSet(mask));
    labels.forEach((label, at) => assert.equal(label > 0, mask.data[at] === 1));
    const most = Math.max(0, ...lesions.map(({ area }) => area));
    assert.equal(countSet(keepLargest(mask)), most);
    assert.deepEqual(removeSmall(mask, 1), mask);
  }
});
