import assert from "node:assert/strict";
import { measureLowMemory } from "../../src/benchmark/low_memory.ts";
import { measureTable, planTable } from "../../src/benchmark/memory.ts";
import { openTestGpu } from "../support/test_gpu.ts";

const gpu = await openTestGpu();

Deno.test("planTable: memory grows with size and batch, and is at least that of the parameters", () => {
  const table = planTable(gpu, 8, [64, 128], [1, 4]);
  assert.deepEqual(table.map(({ size, batch }) => [size, batch]), [[64, 1], [64, 4], [128, 1], [128, 4]]);
  const planned = table.map(({ planned }) => planned!);
  assert.ok(planned[0]! < planned[1]! && planned[1]! < planned[3]! && planned[0]! < planned[2]!);
  // Weights, gradients and two moments of 1.9 million parameters.
  assert.ok(planned[0]! > 4 * 4 * 1.9e6);
});

Deno.test("planTable: with low, a large batch takes half in micro-batches, and a single image the same", () => {
  const [one, many] = planTable(gpu, 8, [256], [1, 16]);
  assert.deepEqual(one!.low, { planned: one!.planned, microBatches: 1, measured: null });
  assert.deepEqual([many!.microBatches, many!.low!.microBatches > 1], [1, true]);
  assert.ok(2 * many!.low!.planned! <= many!.planned!);
});

Deno.test("planTable: explains why a batch has no plan, and cuts one that exceeds a limit into micro-batches", () => {
  const { adapter, limits, kernels, choices } = gpu;
  const limited = (limit: Partial<typeof limits>) => ({
    adapter,
    limits: { ...limits, ...limit },
    kernels,
    choices,
  });
  const [entry] = planTable(limited({ maxStorageBufferBindingSize: 2 ** 18 }), 8, [256], [1]);
  assert.deepEqual([entry!.planned, entry!.low], [null, null]);
  assert.match(entry!.refusal!, /^Cannot /);
  assert.ok(!entry!.refusal!.includes("\n"));
  const [cut] = planTable(limited({ maxBufferSize: 2 ** 25 }), 8, [256], [32]);
  assert.ok(cut!.planned !== null && cut!.microBatches > 1 && cut!.refusal === null);
});

Deno.test("measureTable: allocates what was planned, and skips what is too large", async () => {
  const planned = [...planTable(gpu, 2, [32, 64], [1, 3]), ...planTable(gpu, 2, [128], [13])];
  const large = { ...planned[0]!, planned: 2 ** 31 + 1, low: null };
  const refused = { ...planned[0]!, planned: null, low: null, refusal: "no" };
  const measured = await measureTable(gpu, [...planned, large, refused]);
  // Not in the plan: Adam's settings, a scale and sums, and rounding of slots to 256 bytes.
  const assertMeasured = (actual: number | null, expected: number | null) =>
    assert.ok(actual! >= expected! && actual! < expected! + 4096, `${actual} of ${expected}`);
  for (const [index, entry] of planned.entries()) {
    assertMeasured(measured[index]!.measured, entry.planned);
    assertMeasured(measured[index]!.low!.measured, entry.low!.planned);
  }
  assert.ok(planned.at(-1)!.low!.microBatches > 1);
  assert.deepEqual(measured.slice(-2), [large, refused]);
});

Deno.test("measureLowMemory: low takes more micro-batches and less memory", async () => {
  const shape = { filters: 2, size: 128, batch: 8 };
  const { uses, ratio, ...rest } = await measureLowMemory(gpu, shape, { seconds: 0, least: 1 });
  assert.deepEqual(rest, shape);
  assert.ok(uses.normal.microBatches === 1 && uses.low.microBatches > 1);
  assert.ok(uses.normal.step.best > 0 && uses.low.step.best > 0 && ratio.best > 0);
  assert.equal(ratio.memory, uses.low.byteLength / uses.normal.byteLength);
  assert.ok(ratio.memory < 0.75);
});
