import type { AdapterKind } from "../../kernels/choices.ts";
import assert from "node:assert/strict";
import { weightedSum } from "../../kernels/average/average.ts";
import { sumRows } from "../../kernels/reduce/reduce.ts";
import { size } from "../../kernels/shape.ts";
import type { Activation } from "../../src/layers/activation.ts";
import { Builder } from "../../src/layers/builder.ts";
import { Recorder, view } from "../../src/graph/recorder.ts";
import { MOST_SLICES, SplitKSum } from "../../src/layers/conv3x3/split_k_sum.ts";
import { winograd } from "../../src/layers/conv3x3/winograd.ts";
import { layerLayout } from "../../src/tuning/single_conv.ts";
import { assertClose } from "../support/compare.ts";
import { executeSteps } from "../support/execute_steps.ts";
import { testTarget } from "../support/plan_target.ts";
import { Random } from "../support/random.ts";
import { openTestGpu } from "../support/test_gpu.ts";

const gpu = await openTestGpu();

/** Sums `runs` of slices of 64 values on a device that binds `maxBinding` bytes, and counts the groups it took. */
async function sum(
  runs: number[],
  maxBinding: number,
): Promise<{ actual: Float32Array; expected: Float64Array; groups: number }> {
  const recorder = new Recorder(maxBinding);
  const slices = runs.reduce((sum, count) => sum + count, 0);
  const values = new Random(slices).floats(slices * 64);
  const [source, total] = [recorder.fixed("source", slices * 64), recorder.fixed("total", 64)];
  const splitK = new SplitKSum(recorder, "slices", 64, runs);
  let next = 0;
  for (const count of runs) {
    const { region, first } = splitK.take(count);
    recorder.run(weightedSum(count * 64, 0, 1), {
      value: view(source, next * 64, count * 64),
      total: view(region, first * 64, count * 64),
    });
    next += count;
  }
  const left = splitK.finish();
  recorder.run(sumRows({ rows: 64, length: left.count, rowStride: 1, itemStride: 64 }), {
    partial: left.region,
    total,
  });
  const actual = await executeSteps(gpu, recorder.steps, [[source, values]], total);
  const expected = new Float64Array(64);
  values.forEach((value, index) => expected[index % 64]! += value);
  return { actual, expected, groups: recorder.steps.length - runs.length - 1 };
}

const MIB = 2 ** 20;

for (
  const [title, runs, maxBinding, expectedGroups] of [
    ["few slices are all kept", [2, 1, 3], MIB, 0],
    ["as many slices as can be kept need no group", [MOST_SLICES], MIB, 0],
    ["one slice more makes two groups", [MOST_SLICES, 1], MIB, 2],
    ["a binding that holds four slices makes groups of four", [2, 1, 3, 4, 1, 1, 1, 1], 1024, 4],
    ["runs are not split to fill a group", [3, 3, 3], 1024, 3],
  ] as const
) {
  Deno.test(`SplitKSum: ${title}`, async () => {
    const { actual, expected, groups } = await sum([...runs], maxBinding);
    assertClose(actual, expected, { absolute: 1e-5, label: "sums" });
    assert.equal(groups, expectedGroups);
  });
}

Deno.test("SplitKSum: a weight gradient over more runs of tiles than are kept equals that over a few", async () => {
  const shape = { batch: 6, channels: 16, height: 64, width: 64 };
  const random = new Random(7);
  const [values, slope] = [random.floats(size(shape)), random.floats(size(shape))];
  const gradientOf = async (workspace: number, kind: AdapterKind = "software") => {
    const workgroups = kind === "software" ? 4 : 1024;
    const target = testTarget({ kind, maxBinding: 2 ** 21, workspace, workgroups, strict: true });
    const layer = { name: "down1.conv2", inputs: 16, outputs: 16 };
    const layout = layerLayout(layer);
    const builder = new Builder(layout, target);
    const { recorder } = builder;
    const input: Activation = {
      shape,
      region: recorder.fixed("input", size(shape)),
      kind: "plain",
      gradientScale: 1,
    };
    const gradient = recorder.fixed("gradient", size(shape));
    winograd(2).weightGradient(builder, layer, [input], shape, gradient);
    const groups = recorder.steps.filter(({ dispatch }) => dispatch.kernel.label === "reduce/rows").length;
    const all = await executeSteps(
      gpu,
      recorder.steps,
      [[input.region, values], [gradient, slope]],
      builder.gradients,
    );
    const { offset, size: count } = layout.get("down1.conv2.weight");
    return { groups, values: all.subarray(offset, offset + count) };
  };
  const few = await gradientOf(2 ** 20);
  // Many short slices of transposed operands, added up group by group.
  const hardware = await gradientOf(2 ** 15, "hardware");
  assert.equal(hardware.groups, 3);
  assertClose(hardware.values, few.values, { absolute: 2e-3, label: "gradient as on hardware" });
  const many = await gradientOf(2 ** 15);
  assert.deepEqual([few.groups, many.groups], [0, 2]);
  assertClose(many.values, few.values, { absolute: 2e-3, label: "gradient" });
  assert.ok(few.values.some((value) => Math.abs(value) > 10));
});
