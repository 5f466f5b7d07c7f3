/** Recorded steps on a device: what is allocated, shared and bound. */
import assert from "node:assert/strict";
import { weightedSum } from "../../kernels/average/average.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { SlotPool } from "../../src/graph/buffer_pool.ts";
import { instantiate } from "../../src/graph/instantiate.ts";
import { planMemory } from "../../src/graph/memory_plan.ts";
import { Recorder, type Region } from "../../src/graph/recorder.ts";
import { openTestGpu } from "../support/test_gpu.ts";

/** Values of a region: 4 KiB. */
const COUNT = 1024;

const gpu = await openTestGpu();

/** Records output = 2 * 3 * input by way of a temporary region. */
function recordScaling(count = COUNT): { recorder: Recorder; input: Region; middle: Region; output: Region } {
  const recorder = new Recorder(gpu.limits.maxStorageBufferBindingSize);
  const input = recorder.fixed("input", count);
  const middle = recorder.temporary("middle", count);
  const output = recorder.temporary("output", count);
  recorder.run(weightedSum(count, 0, 2), { value: input, total: middle });
  recorder.run(weightedSum(count, 0, 3), { value: middle, total: output });
  return { recorder, input, middle, output };
}

async function bufferOf(gpu: Gpu, values: Float32Array<ArrayBuffer>): Promise<GPUBuffer> {
  const buffer = await gpu.createBuffer("input", values.byteLength);
  gpu.device.queue.writeBuffer(buffer, 0, values);
  return buffer;
}

Deno.test("instantiate: runs steps over slots and fixed buffers, and locates both", async () => {
  const { recorder, input, output } = recordScaling();
  const values = Float32Array.from({ length: COUNT }, (_, index) => index);
  const buffer = await bufferOf(gpu, values);
  const slots = new SlotPool(gpu);
  const memory = planMemory(recorder.steps, [output]);
  const { program, locate } = await instantiate(gpu, recorder.steps, {
    bufferOf: (region) => region === input ? buffer : undefined,
    slots,
    memory,
  });
  assert.deepEqual(locate(input), { buffer, offset: 0 });
  assert.equal(locate(recorder.nothing.region), undefined, "no step uses it");
  gpu.run((pass) => program.encode(pass));
  const place = locate(output)!;
  const result = new Float32Array(await gpu.read(place.buffer, place.offset, 4 * COUNT));
  assert.deepEqual(result, values.map((value) => 6 * value));
  program.destroy();
  slots.clear();
  buffer.destroy();
});

Deno.test("instantiate: locates regions that lie side by side in one slot", async () => {
  const recorder = new Recorder(gpu.limits.maxStorageBufferBindingSize);
  const input = recorder.fixed("input", 128);
  const [large, a, b] = [
    recorder.temporary("large", 256),
    recorder.temporary("a", 128),
    recorder.temporary("b", 128),
  ];
  // Both are written twice, alternating, so that they live at the same time.
  for (const [total, keep, add] of [[large, 0, 1], [a, 0, 1], [b, 0, 2], [a, 1, 4], [b, 1, 8]] as const) {
    recorder.run(weightedSum(128, keep, add), { value: input, total });
  }
  const values = Float32Array.from({ length: 128 }, (_, index) => index);
  const buffer = await bufferOf(gpu, values);
  const slots = new SlotPool(gpu);
  const { program, locate } = await instantiate(gpu, recorder.steps, { bufferOf: () => buffer, slots });
  gpu.run((pass) => program.encode(pass));
  assert.deepEqual(slots.sizes, [1024]);
  for (const [region, factor] of [[a, 5], [b, 10]] as const) {
    const place = locate(region)!;
    const result = new Float32Array(await gpu.read(place.buffer, place.offset, 512));
    assert.deepEqual(result, values.map((value) => factor * value), region.label);
  }
  program.destroy();
  slots.clear();
  buffer.destroy();
});

Deno.test("instantiate: a second program reuses the slots of the pool and adds only what it lacks", async () => {
  const small = recordScaling();
  const slots = new SlotPool(gpu);
  const buffer = await bufferOf(gpu, new Float32Array(2 * COUNT));
  const first = await instantiate(gpu, small.recorder.steps, {
    bufferOf: () => buffer,
    slots,
  });
  const sizes = slots.sizes;
  assert.deepEqual(
    sizes,
    [4 * COUNT, 4 * COUNT],
    "two regions that one step reads and writes need two buffers",
  );
  const again = recordScaling();
  const second = await instantiate(gpu, again.recorder.steps, {
    bufferOf: () => buffer,
    slots,
  });
  assert.deepEqual(slots.sizes, sizes);
  assert.equal(second.locate(again.output)!.buffer, first.locate(small.output)!.buffer);
  const large = recordScaling(2 * COUNT);
  const third = await instantiate(gpu, large.recorder.steps, {
    bufferOf: () => buffer,
    slots,
  });
  assert.deepEqual(slots.sizes, [...sizes, 8 * COUNT, 8 * COUNT]);
  assert.equal(slots.byteLength, 24 * COUNT);
  for (const { program } of [first, second, third]) program.destroy();
  slots.clear();
  assert.equal(slots.byteLength, 0);
  buffer.destroy();
});

Deno.test("instantiate: rejects steps with a fixed region that has no buffer", async () => {
  const { recorder } = recordScaling();
  const slots = new SlotPool(gpu);
  await assert.rejects(instantiate(gpu, recorder.steps, { bufferOf: () => undefined, slots }), {
    name: "TypeError",
    message: /^Cannot bind "input" for kernel "average\/average": the region has no buffer$/,
  });
  slots.clear();
});
