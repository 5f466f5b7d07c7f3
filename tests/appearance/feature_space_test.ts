import assert from "node:assert/strict";
import { fitSpace, shrunkCovariance, whiten } from "../../src/appearance/feature_space.ts";
import { draw } from "../../src/random.ts";

/** Vectors of three features, of which the second follows the first. */
const VECTORS = Array.from({ length: 40 }, (_, row) => {
  const value = (stream: number) => draw(row, stream, 3, 0) / 2 ** 31 - 1;
  return [value(1), 0.8 * value(1) + 0.1 * value(2), 5 + 3 * value(3)];
});

Deno.test("shrunkCovariance: the estimate of Ledoit and Wolf, against numpy", () => {
  // numpy: S = X.T @ X / n; m = trace(S) / d; d2 = ((S - m I)**2).sum(); b2 = sum(((x x' - S)**2).sum()) / n**2;
  // a = min(1, b2 / d2); (1 - a) S + a m I. The X are those below.
  const vectors = [[2, 2, 0], [-2, -2, 1], [1, 1.5, -2], [-1, -1, 1], [0.5, 0, 0], [-0.5, -0.5, 0]];
  const expected = [1.69665, 1.30005, -0.60468, 1.30005, 1.81758, -0.72561, -0.60468, -0.72561, 1.15244];
  const got = Array.from(shrunkCovariance(vectors), (value) => Number(value.toFixed(5)));
  assert.deepEqual(got, expected);
});

Deno.test("whiten: makes features of mean 0 that are independent, as plain loops find", () => {
  const space = fitSpace(VECTORS);
  const rows = VECTORS.map((vector) => whiten(space, vector));
  for (let i = 0; i < 3; i++) {
    const mean = rows.reduce((sum, row) => sum + row[i]!, 0) / rows.length;
    assert.ok(Math.abs(mean) < 1e-6, `mean ${i} is ${mean}`);
  }
  // Shrinkage leaves some of the correlation of 0.99.
  const correlation = rows.reduce((sum, row) => sum + row[0]! * row[1]!, 0) / rows.length;
  assert.ok(Math.abs(correlation) < 0.3, `${correlation}`);
  // Against the direction of correlation a vector is far away, along it near.
  const norm = (vector: number[]) => Math.hypot(...whiten(space, vector));
  assert.ok(norm([0.8, -0.64, 5]) > 3 * norm([0.8, 0.64, 5]));
});

Deno.test("fitSpace: a feature that never varies is not divided by zero", () => {
  const space = fitSpace(VECTORS.map(([first]) => [first!, 7]));
  assert.ok(Number.isFinite(Math.hypot(...whiten(space, [0, 7]))));
  assert.ok(whiten(space, [0, 8])[1]! > 10);
});

Deno.test("fitSpace: copies of one vector have a space", () => {
  const space = fitSpace(Array.from({ length: 16 }, () => [1, 2, 3]));
  assert.ok(space.whitening.every(Number.isFinite));
  assert.deepEqual([...whiten(space, [1, 2, 3])], [0, 0, 0]);
});
