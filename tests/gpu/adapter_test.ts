import assert from "node:assert/strict";
import { describeGpu } from "../../src/gpu/adapter.ts";
import { openGpu } from "../../src/host/open_gpu.ts";
import { planTarget } from "../../src/layers/plan_target.ts";
import { withNavigatorGpu } from "../support/navigator_gpu.ts";
import "../support/vulkan_only.ts";

Deno.test("describeGpu: describes what openGpu opens, down to the plans", async () => {
  for (const options of [{}, { kernels: "strict", maxBindingSize: 2 ** 20 }] as const) {
    const described = await describeGpu(options);
    const gpu = await openGpu(options);
    gpu.close();
    const { adapter, limits, kernels, choices, precision } = gpu;
    assert.deepEqual(described, { adapter, limits, kernels, choices, precision });
    assert.deepEqual(planTarget(described!), planTarget(gpu));
    assert.notEqual(adapter.description, "");
    assert.equal(kernels, "kernels" in options ? "strict" : "fast");
    if ("maxBindingSize" in options) assert.equal(limits.maxStorageBufferBindingSize, 2 ** 20);
  }
});

Deno.test("describeGpu: returns null without an adapter", async () => {
  await withNavigatorGpu({ requestAdapter: () => Promise.resolve(null) }, async () => {
    assert.equal(await describeGpu(), null);
  });
});
