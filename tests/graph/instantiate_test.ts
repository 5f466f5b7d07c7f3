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

Deno.test("instantiate: a preparation is computed once, and again if its source or its memory was used", async () => {
  const recorder = new Recorder(gpu.limits.maxStorageBufferBindingSize);
  const [weights, input] = [recorder.fixed("weights", COUNT), recorder.fixed("input", COUNT)];
  const [twice, sum] = [recorder.temporary("twice", COUNT), recorder.temporary("sum", COUNT)];
  recorder.run(weightedSum(COUNT, 0, 2), { value: weights, total: twice });
  recorder.run(weightedSum(COUNT, 0, 1), { value: input, total: sum });
  recorder.run(weightedSum(COUNT, 1, 1), { value: twice, total: sum });
  const [first, ...rest] = recorder.steps;
  const buffers = new Map([
    [weights, await bufferOf(gpu, new Float32Array(COUNT).fill(1))],
    [input, await bufferOf(gpu, new Float32Array(COUNT).fill(10))],
  ]);
  const slots = new SlotPool(gpu);
  const { program, locate } = await instantiate(gpu, rest, {
    bufferOf: (region) => buffers.get(region),
    slots,
    memory: planMemory(recorder.steps, [sum], [], [twice]),
    preparation: [first!],
    source: weights,
  });
  assert.equal(program.length, 2);
  const result = async () => {
    gpu.run((pass) => program.encode(pass));
    return new Float32Array(await gpu.read(locate(sum)!.buffer, 0, 4))[0];
  };
  assert.equal(await result(), 12);
  // Behind the back of what keeps track, to see that it is kept.
  const kept = locate(twice)!;
  gpu.device.queue.writeBuffer(kept.buffer, kept.offset, new Float32Array(COUNT).fill(5));
  assert.equal(await result(), 15);
  gpu.write(buffers.get(weights)!, 0, new Float32Array(COUNT).fill(2));
  assert.equal(await result(), 14);
  // A program that changes the weights, and one that uses the slots.
  const change = new Recorder(gpu.limits.maxStorageBufferBindingSize);
  change.run(weightedSum(COUNT, 1, 1), { value: input, total: weights });
  const elsewhere = new SlotPool(gpu);
  const changing = await instantiate(gpu, change.steps, {
    bufferOf: (region) => buffers.get(region),
    slots: elsewhere,
  });
  gpu.run((pass) => changing.program.encode(pass));
  assert.equal(await result(), 34);
  const { recorder: other } = recordScaling();
  const using = await instantiate(gpu, other.steps, { bufferOf: () => buffers.get(input), slots });
  gpu.run((pass) => using.program.encode(pass));
  assert.equal(await result(), 34);
  // Only a part of the steps, after the memory was used: the preparation comes first, too.
  gpu.run((pass) => using.program.encode(pass));
  gpu.run((pass) => program.encode(pass, 0, 1));
  gpu.run((pass) => program.encode(pass, 1));
  assert.equal(new Float32Array(await gpu.read(locate(sum)!.buffer, 0, 4))[0], 34);
  for (const one of [program, changing.program, using.program]) one.destroy();
  for (const buffer of buffers.values()) buffer.destroy();
  slots.clear();
});
