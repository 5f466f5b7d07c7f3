import assert from "node:assert/strict";
import { busyTicks, kernelShares, measureGaps, spanTicks } from "../../src/benchmark/gaps.ts";
import { NetworkBench } from "../../src/benchmark/network_bench.ts";
import { Timestamps } from "../../src/gpu/timestamps.ts";
import { openTestGpu } from "../support/test_gpu.ts";

const pass = (begin: number, end: number) => ({ begin: BigInt(begin), end: BigInt(end) });

Deno.test("busyTicks: counts time with several passes once, whether they touch, overlap or contain each other", () => {
  assert.equal(busyTicks([pass(10, 20), pass(30, 35)]), 15);
  assert.equal(busyTicks([pass(30, 35), pass(10, 30)]), 25);
  assert.equal(busyTicks([pass(10, 20), pass(15, 25), pass(16, 18)]), 15);
});

Deno.test("spanTicks: from the first beginning to the last end, and never zero", () => {
  assert.equal(spanTicks([pass(30, 35), pass(10, 50), pass(12, 13)]), 40);
  assert.equal(spanTicks([pass(7, 7)]), 1);
});

Deno.test("kernelShares: sums by kernel over all steps, the slowest first", () => {
  const labels = ["a", "b", "a"];
  const step = [pass(0, 1), pass(2, 12), pass(13, 16)];
  assert.deepEqual(kernelShares(labels, [...step, ...step]), [
    { kernel: "b", dispatches: 1, share: 20 / 28 },
    { kernel: "a", dispatches: 2, share: 8 / 28 },
  ]);
});

Deno.test("measureGaps: covers every dispatch of a step, and of a forward pass by itself", async () => {
  const gpu = await openTestGpu();
  const shape = { filters: 2, size: 32, batch: 1 };
  const bench = await NetworkBench.create(gpu, shape);
  try {
    const gaps = await measureGaps(gpu, bench, shape, 0);
    assert.ok(gaps.dispatches > 100 && gaps.handoverMilliseconds > 0);
    const clock = await Timestamps.create(gpu, 1);
    clock?.destroy();
    if (clock === null) {
      assert.deepEqual([gaps.rounds, gaps.idleBetweenSteps, gaps.kernels], [0, null, []]);
      return;
    }
    assert.equal(gaps.rounds, 3);
    for (const share of [gaps.idleBetweenSteps, gaps.idleBetweenDispatches, gaps.idleBetweenPasses]) {
      assert.ok(share !== null && share >= 0 && share < 1, `${share}`);
    }
    const total = gaps.kernels.reduce((sum, { share }) => sum + share, 0);
    assert.ok(Math.abs(total - 1) < 1e-9, `${total}`);
    assert.equal(gaps.kernels.reduce((sum, { dispatches }) => sum + dispatches, 0), gaps.dispatches);
    const forward = await measureGaps(gpu, bench, shape, 0, "predict");
    assert.ok(forward.dispatches < gaps.dispatches / 2, `${forward.dispatches}`);
    assert.deepEqual(
      [gaps, forward].map((
        { kind, kernels },
      ) => [kind, kernels.some(({ kernel }) => kernel.startsWith("loss/"))]),
      [["train", true], ["predict", false]],
    );
  } finally {
    bench.close();
  }
});
