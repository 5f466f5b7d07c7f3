import assert from "node:assert/strict";
import { openTestGpu } from "../support/test_gpu.ts";
import { Timestamps } from "../../src/gpu/timestamps.ts";

Deno.test("Timestamps: passes run in order, even beyond what one query set holds", async () => {
  const gpu = await openTestGpu();
  const passes = 2049;
  const clock = await Timestamps.create(gpu, passes);
  try {
    assert.equal(clock === null, !gpu.device.features.has("timestamp-query"));
    if (clock === null) return;
    const encoder = gpu.device.createCommandEncoder();
    for (let index = 0; index < passes; index++) {
      encoder.beginComputePass({ timestampWrites: clock.writes(index) }).end();
    }
    gpu.submit(encoder);
    const times = await clock.read();
    assert.equal(times.length, passes);
    let last = 1n;
    for (const { begin, end } of times) {
      assert.ok(last <= begin && begin <= end, `${last} ${begin} ${end}`);
      last = end;
    }
  } finally {
    clock?.destroy();
  }
});
