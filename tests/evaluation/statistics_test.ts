/** Quantiles and bootstrap intervals, compared with numpy's (fixtures/evaluation/make_fixtures.py). */
import assert from "node:assert/strict";
import { bootstrapMean, mean, quantile } from "../../src/evaluation/statistics.ts";
import { assertClose } from "../support/compare.ts";
import { uniformFloats } from "../support/random.ts";
import fixtures from "../fixtures/evaluation/bootstrap.json" with { type: "json" };

Deno.test("quantile, mean, bootstrapMean: equal numpy's with the same draws", () => {
  for (const { values, seed, resamples, level, interval, ...expected } of fixtures) {
    const sorted = values.toSorted((a, b) => a - b);
    assertClose(
      [
        mean(values),
        quantile(sorted, 0.5),
        quantile(sorted, 0.95),
        ...bootstrapMean(values, { seed, resamples, level }),
      ],
      [expected.mean, expected.median, expected.p95, ...interval],
      { absolute: 1e-12, label: `${values.length} values` },
    );
  }
});

Deno.test("bootstrapMean: the interval of many values approaches the normal one", () => {
  const values = uniformFloats(5, 2000, 1);
  const center = mean(values);
  const error = Math.sqrt(mean(values.map((value) => (value - center) ** 2)) / values.length);
  const [low, high] = bootstrapMean(values);
  // 2,000 resamples estimate a 2.5 % quantile to about 6 % of the standard error.
  assertClose([(center - low) / error, (high - center) / error], [1.96, 1.96], {
    absolute: 0.2,
    label: "interval",
  });
});

Deno.test("bootstrapMean: the interval depends on the seed only", () => {
  const values = uniformFloats(6, 20, 1);
  assert.deepEqual(bootstrapMean(values, { seed: 3 }), bootstrapMean(values, { seed: 3 }));
  assert.notDeepEqual(bootstrapMean(values, { seed: 3 }), bootstrapMean(values, { seed: 4 }));
});

Deno.test("quantile, mean, bootstrapMean: refuse no values and arguments out of bounds", () => {
  assert.throws(() => mean([]), RangeError);
  assert.throws(() => quantile([], 0.5), RangeError);
  assert.throws(() => bootstrapMean([]), RangeError);
  for (const share of [-0.1, 1.1, NaN]) assert.throws(() => quantile([1], share), RangeError);
  for (const resamples of [0, 1.5, NaN]) assert.throws(() => bootstrapMean([1], { resamples }), RangeError);
  for (const level of [0, 1, NaN]) assert.throws(() => bootstrapMean([1], { level }), RangeError);
});
