import assert from "node:assert/strict";
import { allFinite, firstNaN, sigmoid, sigmoids } from "../src/math.ts";

Deno.test("sigmoid: known values, symmetry, and no NaN at either end", () => {
  assert.equal(sigmoid(0), 0.5);
  assert.ok(Math.abs(sigmoid(Math.log(3)) - 0.75) < 1e-15);
  for (const logit of [-30, -1.5, 0.3, 7]) assert.ok(Math.abs(sigmoid(logit) + sigmoid(-logit) - 1) < 1e-15);
  assert.deepEqual([sigmoid(-1e4), sigmoid(1e4)], [0, 1]);
});

Deno.test("sigmoids: the function of every value, as float32", () => {
  const logits = Float32Array.of(-30, -1.5, 0, 0.3, NaN, 7);
  assert.deepEqual(sigmoids(logits), logits.map(sigmoid));
});

Deno.test("firstNaN: the index of the first NaN, and -1 without one, infinities included", () => {
  assert.equal(firstNaN(Float32Array.of(0, Infinity, NaN, NaN)), 2);
  assert.equal(firstNaN(Float32Array.of(-Infinity, 1)), -1);
  assert.equal(firstNaN(new Float32Array()), -1);
});

Deno.test("allFinite: finds NaN and both infinities anywhere", () => {
  assert.ok(allFinite(new Float32Array()));
  assert.ok(allFinite(Float32Array.of(0, -1, 3.4e38)));
  for (const bad of [NaN, Infinity, -Infinity]) {
    for (const index of [0, 1, 2]) assert.ok(!allFinite(new Float32Array(3).fill(bad, index, index + 1)));
  }
});
