import assert from "node:assert/strict";
import { measureTable, planTable } from "../../src/benchmark/memory.ts";
import { openGpu } from "../../src/gpu/gpu.ts";
import { planTarget } from "../../src/unet/executor.ts";

const gpu = await openGpu();
const target = planTarget(gpu);

Deno.test("planTable: memory grows with size and batch, and parameters alone are a bound from below", () => {
  const table = planTable(target, 8, [64, 128], [1, 4]);
  assert.deepEqual(table.map(({ size, batch }) => [size, batch]), [[64, 1], [64, 4], [128, 1], [128, 4]]);
  const planned = table.map(({ planned }) => planned!);
  assert.ok(planned[0]! < planned[1]! && planned[1]! < planned[3]! && planned[0]! < planned[2]!);
  // Weights, gradients and two moments of 1.9 million parameters.
  assert.ok(planned[0]! > 4 * 4 * 1.9e6);
});

Deno.test("planTable tells why a batch cannot be planned", () => {
  const [entry] = planTable({ ...target, maxBinding: 2 ** 18 }, 8, [256], [1]);
  assert.equal(entry!.planned, null);
  assert.match(entry!.refusal!, /^Cannot /);
  assert.ok(!entry!.refusal!.includes("\n"));
});

Deno.test("measureTable: what is allocated is what was planned, and what is too large is left alone", async () => {
  const planned = planTable(target, 2, [32, 64], [1, 3]);
  const large = { ...planned[0]!, planned: 2 ** 31 + 1 };
  const refused = { ...planned[0]!, planned: null, refusal: "no" };
  const measured = await measureTable(gpu, [...planned, large, refused]);
  for (const [index, { planned: expected }] of planned.entries()) {
    const actual = measured[index]!.measured!;
    // Beside the plan there are Adam's settings and a scale, and slots in whole steps of 256 bytes.
    assert.ok(actual >= expected! && actual < expected! + 4096, `${actual} of ${expected}`);
  }
  assert.deepEqual(measured.slice(-2), [large, refused]);
});
