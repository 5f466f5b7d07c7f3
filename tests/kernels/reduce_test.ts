import assert from "node:assert/strict";
import { pixelBands } from "../../kernels/bands.ts";
import { channelSums, channelTotals, sumRows, sumRowsBySubgroups } from "../../kernels/reduce/reduce.ts";
import { assertClose, sumTolerance } from "../support/compare.ts";
import { Random } from "../support/random.ts";
import { runKernel } from "../support/run_kernel.ts";
import { openTestGpu } from "../support/test_gpu.ts";

const gpu = await openTestGpu();

const ROWS = [
  { title: "one value", rows: 1, length: 1, rowStride: 1, itemStride: 1 },
  { title: "whole rows", rows: 65, length: 12, rowStride: 12, itemStride: 1 },
  { title: "lengths that are not multiples of 4", rows: 3, length: 7, rowStride: 8, itemStride: 1 },
  { title: "columns", rows: 5, length: 129, rowStride: 1, itemStride: 5 },
  { title: "groups", rows: 22, length: 3, group: 11, groupStride: 40, rowStride: 2, itemStride: 100 },
];

for (const { title, ...sums } of ROWS) {
  Deno.test(`sumRows, sumRowsBySubgroups: ${title}`, async () => {
    const { rows, length, group = rows, groupStride = 0, rowStride, itemStride } = sums;
    const start = (row: number) => Math.floor(row / group) * groupStride + (row % group) * rowStride;
    const partial = new Random(1).floats(start(rows - 1) + (length - 1) * itemStride + 1 + groupStride);
    const expected = new Float64Array(rows);
    const absolute = new Float64Array(rows);
    for (let row = 0; row < rows; row++) {
      for (let i = 0; i < length; i++) {
        expected[row]! += partial[start(row) + i * itemStride]!;
        absolute[row]! += Math.abs(partial[start(row) + i * itemStride]!);
      }
    }
    const limits = absolute.map((sum) => sumTolerance(length, sum));
    const { total } = await runKernel(gpu, sumRows(sums), { partial, total: rows });
    assertClose(total, expected, { absolute: limits, label: title });
    if (!gpu.has("subgroups")) return;
    const bySubgroups = await runKernel(gpu, sumRowsBySubgroups(sums), { partial, total: rows });
    assertClose(bySubgroups.total, expected, { absolute: limits, label: `${title}, by subgroups` });
  });
}

Deno.test("Gpu.has: a device has subgroups whenever its adapter grants them", async () => {
  const adapter = (await navigator.gpu.requestAdapter())!;
  const device = await adapter.requestDevice({ requiredFeatures: ["subgroups"] }).catch(() => null);
  device?.destroy();
  assert.equal(gpu.has("subgroups"), device !== null);
});

Deno.test("sumRowsBySubgroups: more rows than workgroups fit one dimension", async () => {
  if (!gpu.has("subgroups")) return;
  const [rows, length] = [65_537, 2];
  const partial = new Random(3).floats(rows * length);
  const sums = { rows, length, rowStride: length, itemStride: 1 };
  const { total } = await runKernel(gpu, sumRowsBySubgroups(sums), { partial, total: rows });
  const expected = Float64Array.from(total, (_, row) => partial[2 * row]! + partial[2 * row + 1]!);
  assertClose(total, expected, { absolute: 1e-6, label: "sums" });
});

for (
  const [batch, channels, height, width] of [[1, 1, 1, 1], [2, 3, 5, 7], [2, 5, 33, 32], [
    1,
    64,
    4,
    4,
  ]] as const
) {
  Deno.test(`channelSums, channelTotals: ${batch} x ${channels} x ${height} x ${width}`, async () => {
    const shape = { batch, channels, height, width };
    const pixels = height * width;
    const bands = pixelBands(shape, 64);
    const x = new Random(2).floats(batch * channels * pixels, -1, 3);
    const expected = new Float64Array(channels);
    const absolute = new Float64Array(channels);
    x.forEach((value, index) => {
      expected[Math.floor(index / pixels) % channels]! += value;
      absolute[Math.floor(index / pixels) % channels]! += Math.abs(value);
    });
    // One dispatch per image, as if a binding held no more.
    let partial = new Float32Array(channels * bands.total);
    for (let image = 0; image < batch; image++) {
      const one = x.slice(image * channels * pixels, (image + 1) * channels * pixels);
      const dispatch = channelSums({ ...shape, batch: 1 }, bands, image);
      partial = (await runKernel(gpu, dispatch, { x: one, x_vectors: one, partial })).partial;
    }
    const whole = await runKernel(gpu, channelSums(shape, bands, 0), {
      x,
      x_vectors: x,
      partial: new Float32Array(channels * bands.total),
    });
    assertClose(partial, whole.partial, { label: "bands" });
    const dispatch = sumRows({
      rows: channels,
      length: bands.perImage * batch,
      rowStride: bands.total,
      itemStride: 1,
    });
    const { total } = await runKernel(gpu, dispatch, { partial, total: channels });
    const limits = absolute.map((sum) => sumTolerance(batch * pixels, sum));
    assertClose(total, expected, { absolute: limits, label: "sums" });
    const single = await runKernel(gpu, channelTotals(shape), { x, x_vectors: x, total: channels });
    assertClose(single.total, expected, { absolute: limits, label: "sums in one dispatch" });
  });
}
