import assert from "node:assert/strict";
import { GEMM_TILES } from "../../kernels/gemm/gemm.ts";
import { COMPUTE_PROBE, F16_PROBE, SUBGROUPS_PROBE } from "../../kernels/probe/probe.ts";
import { defaultChoices } from "../../kernels/variants.ts";
import { openDevice } from "../../src/gpu/open_device.ts";
import { choosePassed, selfTest, type SelfTestResult } from "../../src/self_test/self_test.ts";
import { kernelFiles } from "../project/files.ts";
import { openTestGpu } from "../support/test_gpu.ts";

async function collect(gpu: Parameters<typeof selfTest>[0]): Promise<SelfTestResult[]> {
  const results = [];
  for await (const result of selfTest(gpu)) results.push(result);
  return results;
}

Deno.test("selfTest: tests every kernel file except the probes, and all pass on this adapter", async () => {
  const gpu = await openTestGpu();
  const results = await collect(gpu);
  assert.deepEqual(results.filter(({ passed }) => !passed), []);
  for (const { worstError, limit } of results) assert.ok(worstError <= limit && limit < 1e-3);
  const probes = [COMPUTE_PROBE, F16_PROBE, SUBGROUPS_PROBE].map(({ label }) => label);
  const labels = [...new Set(results.map(({ kernel }) => kernel)), ...probes];
  assert.deepEqual(
    labels.map((label) => `kernels/${label}.wgsl`).sort(),
    kernelFiles().filter((path) =>
      (gpu.has("subgroups") || path !== "kernels/reduce/rows_subgroup.wgsl") &&
      (gpu.has("subgroups of 8") ||
        !/\/(nn_(wide|high|panel)|subgroup_\w+|(fused|small)_\w+)\.wgsl$/.test(path)) &&
      (gpu.has("subgroups of exactly 8") || !path.endsWith("_lanes.wgsl"))
    ),
  );
  // Some kernels are compiled for several sizes, each with a test.
  const names = results.map(({ kernel, variant }) => `${kernel} ${variant}`)
    .filter((name, index, all) =>
      !/ (nn_)?subgroup$|\/(fused|small)_|4_weight_grad(_pairs)? /.test(name) || all.indexOf(name) === index
    );
  assert.equal(new Set(names).size, names.length, "a kernel is tested twice under one name");
  const tiles = results.filter(({ kernel }) => kernel === "gemm/tiled").map(({ variant }) => variant);
  assert.deepEqual(tiles, Object.keys(GEMM_TILES));
});

Deno.test("choosePassed: leaves out the variants of which a kernel failed, in that geometry only", async () => {
  const gpu = await openDevice();
  gpu.choices = defaultChoices("hardware");
  const result = { worstError: 1, limit: 0.1 };
  const results = [
    { ...result, kernel: "gemm/tiled", variant: "tiled_32x128", passed: false },
    { ...result, kernel: "gemm/tiled", variant: "tiled", passed: true },
    { ...result, kernel: "conv_transpose2d/tiled_dgrad", passed: false },
  ];
  const { "product/low": low, "product/middle": middle, "transposed convolution/all": transposed } =
    choosePassed(gpu, results);
  assert.equal(middle, "tiled");
  assert.ok(low !== "tiled_32x128" && transposed !== "shared", `${low}, ${transposed}`);
  gpu.close();
});

Deno.test("selfTest: an adapter that does nothing, and one that is slightly off, fail in every kernel", async () => {
  const gpu = await openDevice();
  const read = gpu.read.bind(gpu);
  gpu.submit = () => {};
  for (const { kernel, passed, worstError } of await collect(gpu)) {
    // A kernel that works in place leaves its input, which is off by a finite amount; one that keeps its value would pass.
    if (kernel !== "probe/multiply_add") assert.ok(!passed && worstError > 0, kernel);
  }
  delete (gpu as { submit?: unknown }).submit;
  // Stands in for inexact arithmetic.
  gpu.read = async (buffer, offset, byteLength) =>
    new Float32Array(await read(buffer, offset, byteLength)).map((value) => value + 0.01).buffer;
  for (const { kernel, passed } of await collect(gpu)) assert.ok(!passed, kernel);
  gpu.close();
});
