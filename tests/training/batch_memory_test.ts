import assert from "node:assert/strict";
import { defaultChoices } from "../../kernels/variants.ts";
import { CapacityError } from "../../src/gpu/capacity_error.ts";
import type { GpuDescription } from "../../src/gpu/adapter.ts";
import { cutBatch, planBatch, runsTwice, smallerMicroBatch } from "../../src/training/batch_memory.ts";
import { completeConfig } from "../../src/unet/config.ts";
import { planTarget } from "../../src/layers/plan_target.ts";
import { placeAmong, recordPlan, trainingBytes } from "../../src/unet/network_plan.ts";

/** A description of a device that does not exist. */
function describe(isFallback: boolean, limits: Partial<GpuDescription["limits"]> = {}): GpuDescription {
  return {
    adapter: { description: "none", vendor: "none", isFallback },
    limits: { maxStorageBufferBindingSize: 2 ** 27, maxBufferSize: 2 ** 31 - 1, ...limits },
    kernels: "fast",
    choices: defaultChoices(isFallback ? "software" : "hardware"),
  };
}

const DEVICES = [
  describe(true),
  describe(false, { maxStorageBufferBindingSize: 2 ** 31 - 4096 }),
];

Deno.test("cutBatch: the fewest micro-batches, every image once, sizes that differ by one at most, larger ones last", () => {
  for (let batch = 1; batch <= 40; batch++) {
    for (let microBatch = 1; microBatch <= 45; microBatch++) {
      const parts = cutBatch(batch, microBatch);
      assert.equal(parts.length, Math.ceil(batch / microBatch));
      let next = 0;
      for (const { first, count } of parts) {
        assert.equal(first, next);
        next += count;
      }
      assert.equal(next, batch);
      const sizes = parts.map(({ count }) => count);
      assert.deepEqual(sizes, sizes.toSorted((a, b) => a - b));
      assert.ok(sizes.at(-1)! <= microBatch && sizes.at(-1)! - sizes[0]! <= 1);
    }
  }
});

Deno.test("smallerMicroBatch: halves the size down to one image", () => {
  const tried = [smallerMicroBatch(11, Infinity)];
  while (tried.at(-1)! > 1) tried.push(smallerMicroBatch(11, tried.at(-1)!));
  assert.deepEqual(tried, [6, 3, 2, 1]);
});

for (const device of DEVICES) {
  const name = device.adapter.isFallback ? "software" : "hardware";

  Deno.test(`planBatch: normal computes the whole batch, ${name}`, () => {
    const config = completeConfig({ filters: 8 });
    const shape = { batch: 16, height: 128, width: 96 };
    const plan = recordPlan(config, planTarget(device), { kind: "train", ...shape });
    const { microBatch, microBatches, byteLength } = planBatch(config, device, shape, "normal");
    assert.deepEqual([microBatch, microBatches, byteLength], [16, 1, trainingBytes(plan)]);
  });

  Deno.test(`planBatch: low takes half the memory in the fewest micro-batches, ${name}`, () => {
    const cases = [
      [8, 32, 128, "none"],
      [8, 8, 256, "instance"],
      [32, 32, 256, "instance"],
      [32, 16, 512, "none"],
    ] as const;
    for (const [filters, batch, size, norm] of cases) {
      const config = completeConfig({ filters, norm });
      const shape = { batch, height: size, width: size };
      const normal = planBatch(config, device, shape, "normal");
      const low = planBatch(config, device, shape, "low");
      assert.ok(2 * low.byteLength <= normal.byteLength, `${filters} filters, ${size} px, batch ${batch}`);
      // One micro-batch fewer would take more than half: the largest, and what the smaller ones need beyond its slots.
      const fewer = cutBatch(batch, Math.ceil(batch / (low.microBatches - 1)));
      const [first, last] = [fewer[0]!, fewer.at(-1)!];
      const record = (count: number, index: number) =>
        recordPlan(config, planTarget(device), {
          ...shape,
          kind: "train",
          batch: count,
          partOf: batch,
          twice: runsTwice(index, fewer.length),
        });
      const plan = record(last.count, fewer.length - 1);
      const others = fewer.slice(0, -1).map(({ count }, index) => record(count, index));
      const slots = placeAmong(record(first.count, 0), plan.memory.slots).byteLength;
      const kept = others.reduce((sum, { kept }) => sum + kept.byteLength, 0);
      const byteLength = trainingBytes(plan) + slots - plan.memory.byteLength + kept;
      assert.ok(
        low.microBatches === 2 || 2 * byteLength > normal.byteLength,
        `${low.microBatches} micro-batches`,
      );
    }
  });
}

Deno.test("planBatch: cuts neither what is mostly parameters nor a single image", () => {
  const [device] = DEVICES as [GpuDescription];
  for (const [filters, batch, size] of [[32, 4, 64], [32, 8, 128], [8, 1, 512], [32, 1, 1024]] as const) {
    const config = completeConfig({ filters });
    const shape = { batch, height: size, width: size };
    assert.deepEqual(planBatch(config, device, shape, "low"), planBatch(config, device, shape, "normal"));
  }
  // Half is out of reach here: parameters are two fifths of it. The rest, which grows with the batch, is halved.
  const config = completeConfig({ filters: 32 });
  const shape = { batch: 8, height: 256, width: 256 };
  const [normal, low] = [planBatch(config, device, shape, "normal"), planBatch(config, device, shape, "low")];
  const share = low.byteLength / normal.byteLength;
  assert.ok(share > 0.5 && share <= 0.73 && 2 * low.batchBytes <= normal.batchBytes, `${share}`);
});

Deno.test("planBatch: no micro-batch has fewer than 64 pixels at the deepest level, even if half the memory would need it", () => {
  const [device] = DEVICES as [GpuDescription];
  for (const [batch, size, least] of [[64, 64, 16], [32, 96, 8], [16, 128, 4], [8, 256, 1]] as const) {
    for (const filters of [4, 8, 16]) {
      const config = completeConfig({ filters });
      const { microBatch } = planBatch(config, device, { batch, height: size, width: size }, "low");
      assert.ok(microBatch >= least, `${filters} filters, ${size} px: ${microBatch} at once`);
    }
  }
});

Deno.test("planBatch: software takes small micro-batches only if larger ones do not halve the batch's memory", () => {
  const [software, hardware] = DEVICES as [GpuDescription, GpuDescription];
  const config = completeConfig({ filters: 8 });
  for (const [batch, most, share] of [[16, 8, 0.65], [12, 6, 0.7], [32, 11, 0.5]] as const) {
    const shape = { batch, height: 128, width: 128 };
    const normal = planBatch(config, software, shape, "normal");
    const low = planBatch(config, software, shape, "low");
    assert.equal(low.microBatch, most, `batch ${batch}`);
    assert.ok(low.byteLength <= share * normal.byteLength, `batch ${batch}`);
  }
  assert.equal(planBatch(config, hardware, { batch: 16, height: 128, width: 128 }, "low").microBatch, 4);
});

Deno.test("planBatch: halves a batch beyond a limit until it fits, and rejects a single image beyond it", () => {
  const config = completeConfig({ filters: 8 });
  const shape = { batch: 32, height: 256, width: 256 };
  const { microBatch, microBatches } = planBatch(
    config,
    describe(true, { maxBufferSize: 40 * 2 ** 20 }),
    shape,
    "normal",
  );
  assert.deepEqual([microBatch, microBatches], [16, 2]);
  const low = planBatch(config, describe(true, { maxBufferSize: 40 * 2 ** 20 }), shape, "low");
  assert.ok(low.microBatches > 2);
  assert.throws(
    () => planBatch(config, describe(true, { maxBufferSize: 2 ** 20 }), shape, "normal"),
    (error) =>
      error instanceof CapacityError &&
      /^Cannot plan a batch: it needs a buffer of \d+ bytes/.test(error.message),
  );
  assert.throws(
    () => planBatch(config, describe(true), { ...shape, height: 100 }, "normal"),
    /^RangeError: Cannot plan images of height 100/,
  );
});
