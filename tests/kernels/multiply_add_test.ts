/** The calibration kernel: its speed counts only if the work was done. */
import assert from "node:assert/strict";
import { multiplyAdd, multiplyAddOperations } from "../../kernels/probe/multiply_add.ts";
import { runKernel } from "../support/run_kernel.ts";
import { openTestGpu } from "../support/test_gpu.ts";

const gpu = await openTestGpu();

const START = Float32Array.from({ length: 128 }, (_, index) => 1 + index % 17);

Deno.test("multiplyAdd: restores its values after enough rounds, which only real multiply-adds do", async () => {
  const { out } = await runKernel(gpu, multiplyAdd(128, 5), { out: START });
  // Fused multiply-adds on hardware change the last digit.
  assert.ok(out!.every((value, index) => Math.abs(value / START[index]! - 1) <= 2 ** -22));
});

Deno.test("multiplyAdd: without a round, the values differ", async () => {
  const { out } = await runKernel(gpu, multiplyAdd(128, 0), { out: START });
  assert.ok(out!.every((value, index) => value !== START[index]));
});

Deno.test("multiplyAddOperations: counts a multiply-add as two operations, 96 per round", () => {
  assert.equal(multiplyAddOperations(64, 3), 2 * 96 * 64 * 3);
  assert.throws(() => multiplyAdd(64 * 65536, 1), /the limit is 65535/);
});
