/** The order of a table's rows, which of them exist, and where keys lead. */
import assert from "node:assert/strict";
import { movedRow, rowsInView, sortedBy } from "../../../src/page/app/widgets/table_order.ts";

Deno.test("sortedBy: orders numbers by value and names by the numbers in them; the unknown comes last", () => {
  const values = [0.5, null, 0.9, NaN, -Infinity, 0.5, undefined, Infinity];
  const rows = values.map((value, id) => ({ id, value }));
  const ids = (descending: boolean) => sortedBy(rows, ({ value }) => value, descending).map(({ id }) => id);
  assert.deepEqual(ids(false), [4, 0, 5, 2, 7, 1, 3, 6]);
  assert.deepEqual(ids(true), [7, 2, 0, 5, 4, 1, 3, 6]);
  const names = ["scan 10", "Scan 9", "scan 1", "äpfel"];
  assert.deepEqual(sortedBy(names, (name) => name, false), ["äpfel", "scan 1", "Scan 9", "scan 10"]);
});

Deno.test("rowsInView: a window of a long table, whatever the scroll position", () => {
  const view = (scrollTop: number, count: number) =>
    rowsInView({ scrollTop, height: 320, rowHeight: 32, count, spare: 2 });
  assert.deepEqual(view(0, 10_000), { first: 0, end: 12 });
  assert.deepEqual(view(3200, 10_000), { first: 98, end: 112 });
  assert.deepEqual(view(320_000, 10_000), { first: 9998, end: 10_000 });
  // The list has become short while it was scrolled down.
  assert.deepEqual(view(320_000, 5), { first: 5, end: 5 });
  assert.deepEqual(view(0, 0), { first: 0, end: 0 });
});

Deno.test("movedRow: arrows, pages and ends stay within the table; other keys do not move", () => {
  assert.equal(movedRow("ArrowDown", -1, 3, 2), 0);
  assert.equal(movedRow("ArrowDown", 2, 3, 2), 2);
  assert.equal(movedRow("ArrowUp", 0, 3, 2), 0);
  assert.equal(movedRow("PageDown", 0, 30, 20), 20);
  assert.equal(movedRow("PageUp", 5, 30, 20), 0);
  assert.equal(movedRow("End", 0, 30, 20), 29);
  assert.equal(movedRow("End", -1, 0, 20), null);
  assert.equal(movedRow("a", 0, 3, 2), null);
});
