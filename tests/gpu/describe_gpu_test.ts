import assert from "node:assert/strict";
import { describeGpu } from "../../src/gpu/adapter.ts";
import { openGpu } from "../../src/host/open_gpu.ts";
import { planTarget } from "../../src/layers/plan_target.ts";

Deno.test("describeGpu: what it describes is what is opened, down to the plans", async () => {
  for (const options of [{}, { kernels: "strict", maxBindingSize: 2 ** 20 }] as const) {
    const described = await describeGpu(options);
    const gpu = await openGpu(options);
    try {
      assert.deepEqual(described!.adapter, gpu.adapter);
      assert.deepEqual(described!.limits, gpu.limits);
      assert.deepEqual(planTarget(described!), planTarget(gpu));
    } finally {
      gpu.close();
    }
  }
});
