import assert from "node:assert/strict";
import { movedTile, tilesInView } from "../../../src/page/app/widgets/grid_order.ts";

Deno.test("tilesInView: whole rows in view, with some before and after, within the list", () => {
  const view = { viewHeight: 250, height: 100, columns: 4, count: 10_000, spare: 2 };
  assert.deepEqual(tilesInView({ ...view, scrollTop: 0 }), { first: 0, end: 20 });
  assert.deepEqual(tilesInView({ ...view, scrollTop: 1000 }), { first: 32, end: 60 });
  assert.deepEqual(tilesInView({ ...view, scrollTop: 250_000 }), { first: 9992, end: 10_000 });
  assert.deepEqual(tilesInView({ ...view, count: 0, scrollTop: 500 }), { first: 0, end: 0 });
});

Deno.test("movedTile: arrow keys follow rows and columns, and stop at the edges", () => {
  const grid = { count: 10, columns: 4, rows: 2 };
  const moved = (key: string, index: number) => movedTile(key, { ...grid, index });
  assert.deepEqual(["ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp"].map((key) => moved(key, 5)), [
    6,
    4,
    9,
    1,
  ]);
  assert.equal(moved("ArrowUp", 2), 2);
  assert.equal(moved("ArrowDown", 6), 9, "to the end of a shorter last row");
  assert.equal(moved("ArrowDown", 9), 9);
  assert.equal(moved("ArrowRight", 9), 9);
  assert.equal(moved("ArrowLeft", 0), 0);
  assert.deepEqual([moved("Home", 7), moved("End", 7)], [0, 9]);
  assert.deepEqual([moved("PageDown", 1), moved("PageUp", 9)], [9, 1]);
  assert.deepEqual([moved("ArrowDown", -1), moved("End", -1)], [0, 9]);
  assert.equal(moved("a", 3), null);
  assert.equal(movedTile("ArrowDown", { ...grid, count: 0, index: -1 }), null);
});
