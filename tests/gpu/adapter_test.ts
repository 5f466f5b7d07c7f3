import assert from "node:assert/strict";
import type { Need } from "../../kernels/choices.ts";
import { describeGpu, mayGrant } from "../../src/gpu/adapter.ts";
import { openGpu } from "../../src/host/open_gpu.ts";
import { planTarget } from "../../src/layers/plan_target.ts";
import { withNavigatorGpu } from "../support/navigator_gpu.ts";
import "../support/vulkan_only.ts";

Deno.test("describeGpu: describes what openGpu opens, down to the plans", async () => {
  for (const options of [{}, { kernels: "strict", maxBindingSize: 2 ** 20 }] as const) {
    const described = await describeGpu(options);
    const gpu = await openGpu(options);
    gpu.close();
    const { adapter, limits, kernels, choices, precision, words } = gpu;
    assert.deepEqual(described, { adapter, limits, kernels, choices, precision, words });
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

Deno.test("mayGrant: subgroups of 8 are met by sizes that always hold a workgroup of 8", () => {
  const features = new Set(["bgra8unorm-storage"]);
  const grants = (
    subgroupMinSize: number,
    subgroupMaxSize: number,
    need: Need,
  ) => mayGrant({ features, info: { subgroupMinSize, subgroupMaxSize } } as unknown as GPUAdapter, need);
  // lavapipe with 256 and with 512 bits, SwiftShader, Intel's hardware.
  const sizes = [[8, 8], [16, 16], [4, 4], [8, 32]] as const;
  assert.deepEqual(sizes.map(([least, most]) => grants(least, most, "subgroups of 8")), [
    true,
    true,
    false,
    false,
  ]);
  assert.deepEqual(sizes.map(([least, most]) => grants(least, most, "subgroups of exactly 8")), [
    true,
    false,
    false,
    false,
  ]);
  assert.deepEqual(sizes.map(([least, most]) => grants(least, most, "subgroups of 4")), [
    false,
    false,
    true,
    false,
  ]);
});
