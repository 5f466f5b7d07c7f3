import assert from "node:assert/strict";
import { emaDecay, weightedSum } from "../../kernels/average/average.ts";
import { assertClose } from "../support/compare.ts";
import { Random } from "../support/random.ts";
import { runKernel } from "../support/run_kernel.ts";
import { openTestGpu } from "../support/test_gpu.ts";

const gpu = await openTestGpu();

for (const count of [1, 4, 7, 256, 257, 260]) {
  Deno.test(`weightedSum: ${count} values, without touching the rest of the last vector`, async () => {
    const random = new Random(count);
    // Whole vectors are bound; values past the count may be NaN, and must not change.
    const bound = Math.ceil(count / 4) * 4;
    const [value, total] = [random.floats(bound).fill(NaN, count), random.floats(bound)];
    const result = await runKernel(gpu, weightedSum(count, 0.999, 0.001), { value, total });
    const expected = total.map((old, index) => index < count ? 0.999 * old + 0.001 * value[index]! : old);
    assertClose(result.total, expected, { absolute: 2 ** -23, label: "total" });
  });
}

Deno.test("weightedSum: with keep 0 the existing value, here NaN, is not read", async () => {
  const value = new Random(1).floats(8);
  const total = new Float32Array(8).fill(NaN);
  const result = await runKernel(gpu, weightedSum(8, 0, 0.5), { value, total });
  assertClose(result.total, value.map((v) => v / 2), { label: "total" });
});

Deno.test("weightedSum: four batches accumulate to their mean", async () => {
  const random = new Random(2);
  const batches = Array.from({ length: 4 }, () => random.floats(64));
  let total = new Float32Array(64).fill(Infinity);
  for (const [index, value] of batches.entries()) {
    ({ total } = await runKernel(gpu, weightedSum(64, index === 0 ? 0 : 1, 1 / 4), { value, total }));
  }
  const expected = batches[0]!.map((_, index) => batches.reduce((sum, batch) => sum + batch[index]! / 4, 0));
  assertClose(total, expected, { absolute: 2 ** -22, label: "mean" });
});

Deno.test("emaDecay: grows to the decay, and forgets the initial weights within ten updates", () => {
  const keeps = Array.from({ length: 2000 }, (_, index) => emaDecay(0.99, index + 1));
  assert.deepEqual(keeps.slice(0, 2), [2 / 11, 3 / 12]);
  assert.ok(keeps.every((keep, index) => index === 0 || keep >= keeps[index - 1]!));
  assert.deepEqual([keeps[888]! < 0.99, keeps[889], keeps.at(-1)], [true, 0.99, 0.99]);
  const left = keeps.slice(0, 10).reduce((product, keep) => product * keep, 1);
  assert.ok(left < 1e-3, `${left} of the initial weights after ten updates`);
  assert.equal(emaDecay(0, 5), 0);
});
