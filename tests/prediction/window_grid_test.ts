/** Where windows lie and what they weigh, and reflection at edges. */
import assert from "node:assert/strict";
import { reflectIndex, reflectIndices } from "../../src/image/reflect.ts";
import { gaussian, windowAxis, windowStarts } from "../../src/prediction/window_grid.ts";
import { startsOf, weightOf } from "../reference/windows.ts";

Deno.test("windowStarts: the fewest windows that overlap by half, spread evenly", () => {
  assert.deepEqual(windowStarts(20, 32), [0]);
  assert.deepEqual(windowStarts(32, 32), [0]);
  assert.deepEqual(windowStarts(33, 32), [0, 1]);
  assert.deepEqual(windowStarts(64, 32), [0, 16, 32]);
  assert.equal(windowStarts(4096, 256).length, 31);
  for (let extent = 32; extent < 300; extent += 7) {
    const starts = windowStarts(extent, 32);
    assert.deepEqual(starts, startsOf(extent, 32));
    assert.equal(starts.at(-1), extent - 32);
    assert.ok(starts.every((start, at) => at === 0 || start - starts[at - 1]! <= 16));
  }
});

Deno.test("gaussian: symmetric, with a deviation of an eighth of the window", () => {
  const weights = gaussian(48);
  weights.forEach((weight, at) => {
    assert.ok(Math.abs(weight - weightOf(at, 48)) < 1e-15);
    assert.equal(weight, weights[47 - at]);
  });
  // Six pixels are one deviation.
  assert.ok(Math.abs(weights[17]! / weights[23]! - Math.exp(-(6.5 ** 2 - 0.5 ** 2) / 72)) < 1e-12);
});

Deno.test("windowAxis: weights sum to 1 at every pixel; those of a single window are 1; small images are centered", () => {
  for (const length of [5, 32, 33, 50, 100, 257]) {
    const { extent, padding, starts, weights } = windowAxis(length, 32);
    assert.deepEqual([extent, padding], length < 32 ? [32, 13] : [length, 0]);
    const sums = new Float64Array(extent);
    starts.forEach((start, window) => {
      weights[window]!.forEach((weight, at) => sums[start + at]! += weight);
    });
    assert.ok(sums.every((sum) => Math.abs(sum - 1) < 1e-6), String(length));
    if (starts.length === 1) assert.ok(weights[0]!.every((weight) => weight === 1));
  }
});

Deno.test("reflectIndex: mirrors at both edges without repeating them, as often as it takes", () => {
  // numpy.pad(np.arange(4), (7, 9), "reflect")
  assert.deepEqual([...reflectIndices(-7, 20, 4)], [
    1,
    0,
    1,
    2,
    3,
    2,
    1,
    0,
    1,
    2,
    3,
    2,
    1,
    0,
    1,
    2,
    3,
    2,
    1,
    0,
  ]);
  assert.deepEqual([-3, 0, 5].map((index) => reflectIndex(index, 1)), [0, 0, 0]);
  assert.deepEqual([-1, 0, 1, 2, 3].map((index) => reflectIndex(index, 2)), [1, 0, 1, 0, 1]);
});
