import assert from "node:assert/strict";
import { forwardOperations, makeBatch, NetworkBench } from "../../src/benchmark/network_bench.ts";
import { measureShape } from "../../src/benchmark/network_speed.ts";
import { measureScale } from "../../src/benchmark/scale.ts";
import { measureStart } from "../../src/benchmark/start.ts";
import { completeConfig } from "../../src/unet/config.ts";
import { openTestGpu } from "../support/test_gpu.ts";

const SHAPE = { filters: 2, size: 32, batch: 1 };
const gpu = await openTestGpu();

Deno.test("forwardOperations: the sum over the layers of the network", () => {
  const layer = (inputs: number, outputs: number, size: number, taps: number) =>
    2 * inputs * outputs * taps * size * size;
  let expected = 0;
  for (let level = 0, size = 64, inputs = 3; level < 6; level++, size /= 2) {
    const outputs = 8 * 2 ** level;
    expected += layer(inputs, outputs, size, 9) + layer(outputs, outputs, size, 9);
    // Upsampling: the transposed convolution reads the level below.
    if (level > 0) expected += layer(outputs, outputs / 2, size, 4);
    if (level < 5) expected += layer(2 * outputs, outputs, size, 9) + layer(outputs, outputs, size, 9);
    inputs = outputs;
  }
  expected += layer(8, 1, 64, 1);
  assert.equal(forwardOperations({ filters: 8, size: 64, batch: 4 }), 4 * expected);
  assert.equal((forwardOperations({ filters: 32, size: 256, batch: 1 }) / 1e9).toFixed(1), "29.8");
});

Deno.test("makeBatch: images around zero and masks of zeros and ones", () => {
  const { images, masks } = makeBatch(completeConfig(), { filters: 8, size: 64, batch: 2 });
  assert.deepEqual([images.shape, masks.shape], [[2, 3, 64, 64], [2, 1, 64, 64]]);
  const share = masks.data.reduce((sum, value) => sum + value, 0) / masks.data.length;
  assert.ok(
    masks.data.every((value) => value === 0 || value === 1) && share > 0.15 && share < 0.25,
    `${share}`,
  );
  assert.ok(Math.abs(images.data.reduce((sum, value) => sum + value, 0) / images.data.length) < 0.02);
});

Deno.test("NetworkBench: runs forward passes, training steps and evaluations", async () => {
  const bench = await NetworkBench.create(gpu, SHAPE, { norm: "instance" });
  try {
    await bench.forward(2);
    await bench.step(2);
    await bench.step(1);
    await bench.evaluate(2);
    assert.equal(bench.trainer.steps, 3);
    assert.equal(bench.unet.config.norm, "instance");
  } finally {
    bench.close();
  }
});

Deno.test("measureShape: measures both norms, and calls that return", async () => {
  const { ours, peers, missing, ...shape } = await measureShape(gpu, SHAPE, {
    norms: ["none", "instance"],
    seconds: 0,
    least: 1,
    measurement: 0,
  });
  assert.deepEqual([shape, peers, missing], [SHAPE, [], []]);
  assert.deepEqual(ours.map(({ norm }) => norm), ["none", "instance"]);
  for (const { forward, step, predict, stepCall } of ours) {
    assert.ok(forward.seconds.best > 0 && step.seconds.best > 0 && predict.best > 0 && stepCall.best > 0);
    const operations = forward.gigaflops.best * 1e9 * forward.seconds.best;
    assert.equal(Math.round(operations), forwardOperations(SHAPE));
  }
});

Deno.test("measureScale: time per pixel; measureStart: time until the first step", async () => {
  const [entry] = await measureScale(gpu, [{ ...SHAPE, batch: 2 }], 0);
  assert.ok(Math.abs(entry!.nanosecondsPerPixel - 1e9 * entry!.step.best / 2048) < 1e-6);
  const start = await measureStart(SHAPE, {}, 1);
  const { opening } = start;
  assert.ok(opening!.bare.median > 0 && opening!.openGpu.median > 0);
  assert.equal(opening!.ratio, opening!.openGpu.median / opening!.bare.median);
  assert.ok(start.pipelines > 10 && start.readySeconds >= start.prepareSeconds && start.prepareSeconds > 0);
});
