import assert from "node:assert/strict";
import { GEMM_TILES } from "../../kernels/gemm/gemm.ts";
import { COMPUTE_PROBE, F16_PROBE, SUBGROUPS_PROBE } from "../../kernels/probe/probe.ts";
import { openGpu } from "../../src/host/open_gpu.ts";
import { selfTest, type SelfTestResult } from "../../src/self_test/self_test.ts";
import { kernelFiles } from "../project/files.ts";

async function collect(gpu: Parameters<typeof selfTest>[0]): Promise<SelfTestResult[]> {
  const results = [];
  for await (const result of selfTest(gpu)) results.push(result);
  return results;
}

Deno.test("selfTest: every kernel file is tested, by itself or as a probe, and is right on this adapter", async () => {
  const gpu = await openGpu();
  const results = await collect(gpu);
  gpu.close();
  assert.deepEqual(results.filter(({ passed }) => !passed), []);
  for (const { worstError, limit } of results) assert.ok(worstError <= limit && limit < 1e-3);
  const probes = [COMPUTE_PROBE, F16_PROBE, SUBGROUPS_PROBE].map(({ label }) => label);
  const labels = [...new Set(results.map(({ kernel }) => kernel)), ...probes];
  assert.deepEqual(
    labels.map((label) => `kernels/${label}.wgsl`).sort(),
    kernelFiles().filter((path) =>
      (gpu.has("subgroups") || path !== "kernels/reduce/rows_subgroup.wgsl") &&
      (gpu.has("subgroups of 8") || !/\/nn_(wide|high)\.wgsl$/.test(path))
    ),
  );
  // One variant has tiles of two heights.
  const names = results.map(({ kernel, variant }) => `${kernel} ${variant}`)
    .filter((name, index, all) => name !== "gemm/nn_wide nn_subgroup" || all.indexOf(name) === index);
  assert.equal(new Set(names).size, names.length, "a kernel is tested twice under one name");
  const tiles = results.filter(({ kernel }) => kernel === "gemm/tiled").map(({ variant }) => variant);
  assert.deepEqual(tiles, Object.keys(GEMM_TILES));
});

Deno.test("selfTest: an adapter that does nothing, and one that is a little wrong, fail in every kernel", async () => {
  const gpu = await openGpu();
  const read = gpu.read.bind(gpu);
  // What is read back stands in for the adapter's arithmetic.
  gpu.submit = () => {};
  for (const { kernel, passed, worstError } of await collect(gpu)) {
    // Where a kernel works in place, what stood there before is wrong by a finite amount; one that only keeps a value
    // gives no hint.
    if (kernel !== "probe/multiply_add") assert.ok(!passed && worstError > 0, kernel);
  }
  delete (gpu as { submit?: unknown }).submit;
  gpu.read = async (buffer, offset, byteLength) =>
    new Float32Array(await read(buffer, offset, byteLength)).map((value) => value + 0.01).buffer;
  for (const { kernel, passed } of await collect(gpu)) assert.ok(!passed, kernel);
  gpu.close();
});
