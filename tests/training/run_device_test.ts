/** Which device a run takes, and that it closes only its own. */
import assert from "node:assert/strict";
import { openRunDevice } from "../../src/training/run_device.ts";
import { openTestGpu } from "../support/test_gpu.ts";
import { tinyData } from "../support/tiny_data.ts";

Deno.test("openRunDevice: takes a given device that computes the same, and leaves it open; opens another otherwise", async () => {
  const { cacheFolder } = await tinyData();
  const given = await openTestGpu();
  const closed: unknown[] = [];
  const { close } = given;
  given.close = () => void closed.push(given);
  try {
    for (const wanted of [{}, { kernels: "fast" as const, choices: given.choices }, { choices: {} }]) {
      using device = await openRunDevice(given, wanted, cacheFolder);
      assert.equal(device.gpu, given);
    }
    const [label, variant] = Object.entries(given.choices).find(([name]) => name === "conv3x3/few")!;
    const other = { ...given.choices, [label]: variant === "im2col" ? "winograd2" : "im2col" };
    for (const wanted of [{ kernels: "strict" as const }, { choices: other }]) {
      const device = await openRunDevice(given, wanted, cacheFolder);
      assert.notEqual(device.gpu, given);
      let own = 0;
      device.gpu.close = () => void own++;
      device[Symbol.dispose]();
      assert.equal(own, 1);
      close.call(device.gpu);
    }
  } finally {
    given.close = close;
  }
  assert.deepEqual(closed, []);
});
