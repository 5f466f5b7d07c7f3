import assert from "node:assert/strict";
import { defineKernel, type Kernel } from "../../kernels/kernel.ts";
import { openDevice } from "../../src/gpu/open_device.ts";
import { runElsewhere, runFirst } from "../../src/host/parallel_compile.ts";
import "../support/vulkan_only.ts";

/** Kernels that differ, the last of which does not compile. */
function kernels(count: number, last = ""): Kernel[] {
  return Array.from({ length: count }, (_, index) =>
    defineKernel(
      `test/${index}`,
      `@group(0) @binding(0) var<storage, read_write> values: array<u32>;
@group(0) @binding(1) var<uniform> params: vec4u;
@compute @workgroup_size(1) fn main() { values[${index}] = params.x + ${index}u;${
        index === count - 1 ? last : ""
      } }`,
    ));
}

Deno.test("runFirst: runs each kernel once on the device, and reports one that does not compile", async () => {
  const gpu = await openDevice();
  try {
    await runFirst(gpu, kernels(3));
    // So few are translated as they are met.
    assert.equal(gpu.pipelineCount, 0);
    await runFirst(gpu, kernels(6));
    assert.equal(gpu.pipelineCount, 6);
    await assert.rejects(runFirst(gpu, kernels(7, " nonsense")), SyntaxError);
    gpu.check();
  } finally {
    gpu.close();
  }
});

Deno.test("runElsewhere: another thread takes all kernels that are left, whatever is wrong with one", async () => {
  const gpu = await openDevice();
  try {
    const next = new Int32Array(new SharedArrayBuffer(4)).fill(1);
    await runElsewhere(gpu, kernels(5, " nonsense"), next);
    assert.equal(next[0], 6);
    assert.equal(gpu.pipelineCount, 0);
    gpu.check();
  } finally {
    gpu.close();
  }
});
