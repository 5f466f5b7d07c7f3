import assert from "node:assert/strict";
import type { Kernel } from "../../kernels/kernel.ts";
import { FirstRun } from "../../src/gpu/first_run.ts";
import { compileTests } from "../../src/self_test/self_test.ts";
import { openTestGpu } from "../support/test_gpu.ts";

const gpu = await openTestGpu();

Deno.test("FirstRun: every kernel ends without an error if there is nothing to compute", async () => {
  const kernels: Kernel[] = [];
  const { compile } = gpu;
  // Only lists them: each is compiled when it runs.
  gpu.compile = (all) => Promise.resolve(void kernels.push(...all));
  try {
    await compileTests(gpu, () => true);
  } finally {
    gpu.compile = compile;
  }
  assert.ok(kernels.length > 60);
  const runs = new FirstRun(gpu);
  for (const kernel of kernels) await runs.of(kernel);
  runs.close();
  gpu.check();
});
