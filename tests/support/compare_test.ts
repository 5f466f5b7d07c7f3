import assert from "node:assert/strict";
import { assertClose, sumTolerance } from "./compare.ts";

Deno.test("assertClose: accepts values within their limits", () => {
  assertClose([1, 2, Infinity], [1.05, 2.1, Infinity], { absolute: 0.02, relative: 0.04, label: "both" });
  assertClose([1, 2], [1.5, 2], { absolute: [0.5, 0], label: "own limits" });
  assertClose([0], [-0], { label: "zeros" });
});

Deno.test("assertClose: names the worst index, both values, and how many are out", () => {
  assert.throws(
    () => assertClose([1, 2, 9, 4], [1, 2.5, 3, 4], { absolute: 0.1, label: "x" }),
    /^AssertionError.*: x: 2 of 4 values are out; worst at index 2: 9, expected 3, off by 6, limit 0.1$/,
  );
});

Deno.test("assertClose: rejects NaN, infinities and another length", () => {
  assert.throws(() => assertClose([5, NaN], [0, 1], { absolute: 1, label: "x" }), /2 of 2 .* index 1: NaN/);
  assert.throws(() => assertClose([1], [NaN], { absolute: Infinity, label: "x" }), /1 of 1/);
  assert.throws(() => assertClose([1], [Infinity], { relative: 1, label: "x" }), /1 of 1/);
  assert.throws(() => assertClose([Infinity], [1], { absolute: 1, label: "x" }), /1 of 1/);
  assert.throws(() => assertClose([1], [1, 2], { label: "x" }), /x: 1 values, expected 2/);
});

Deno.test("sumTolerance: follows its formula", () => {
  assert.equal(sumTolerance(0, 0), 1e-7);
  assert.equal(sumTolerance(9, 2), 24 * 2 ** -24 + 1e-7);
});
