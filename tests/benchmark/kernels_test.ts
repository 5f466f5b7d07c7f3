import assert from "node:assert/strict";
import { calibrate, dispatchSeconds } from "../../src/benchmark/calibration.ts";
import { CONV_SHAPES, convOperations, measureConv } from "../../src/benchmark/kernels.ts";
import { variantOf } from "../../src/benchmark/report.ts";
import { planTarget } from "../../src/layers/plan_target.ts";
import { type Direction, DIRECTIONS, recordConv } from "../../src/tuning/single_conv.ts";
import { Standalone } from "../../src/tuning/standalone.ts";
import { openTestGpu } from "../support/test_gpu.ts";

const gpu = await openTestGpu();
const SMALL = { channels: 8, size: 16, batch: 1 };

Deno.test("convOperations: counts a multiply-add as two", () => {
  assert.equal(convOperations({ channels: 3, size: 4, batch: 5 }), 2 * 9 * 3 * 3 * 4 * 4 * 5);
});

for (const direction of DIRECTIONS) {
  Deno.test(`recordConv: ${direction} reads its operands and writes its result`, () => {
    const sources: Record<Direction, readonly ("input" | "parameters" | "gradient")[]> = {
      "forward": ["input", "parameters"],
      "input gradient": ["gradient", "parameters", "input"],
      "weight gradient": ["gradient", "input"],
    };
    for (const shape of CONV_SHAPES) {
      const { steps, regions } = recordConv(planTarget(gpu), shape, direction);
      const touched = (access: string) =>
        steps.flatMap(({ dispatch, views }) =>
          views.filter((_, index) => dispatch.kernel.bindings[index]!.access === access)
        ).map(({ region }) => region);
      for (const name of sources[direction]) {
        assert.ok([...touched("read"), ...touched("uniform")].includes(regions[name]), `${name} is not read`);
      }
      assert.ok(touched("read_write").includes(regions.result), "nothing is written");
    }
  });
}

Deno.test("variantOf: names the algorithm and the products of every row of the table", () => {
  for (const shape of CONV_SHAPES) {
    for (const direction of DIRECTIONS) {
      const { steps } = recordConv(planTarget(gpu), shape, direction);
      const labels = steps.map(({ dispatch }) => dispatch.kernel.label);
      assert.match(variantOf(labels), /^(direct|fused|im2col|small|winograd)/, labels.join(" "));
    }
  }
  const kernels = ["conv2d/winograd4_input", "gemm/nn_wide", "conv2d/winograd4_output", "reduce/rows"];
  assert.equal(variantOf(kernels), "winograd4 gemm/nn_wide");
});

Deno.test("Standalone: fills fixed regions with random values and runs its steps", async () => {
  const { steps, regions } = recordConv(planTarget(gpu), SMALL, "forward");
  const program = await Standalone.create(gpu, steps);
  try {
    const before = await program.read(regions.result);
    const input = await program.read(regions.input);
    assert.ok(new Set(input).size > 1000 && input.every((value) => Math.abs(value) <= 0.5));
    await program.run(2);
    const after = await program.read(regions.result);
    assert.ok(after.every((value) => value >= 0), "the forward pass ends with a ReLU");
    assert.notDeepEqual(after, before);
    assert.deepEqual(await program.read(regions.input), input);
    assert.equal(program.length, steps.length);
  } finally {
    program.destroy();
  }
});

Deno.test("measureConv: speed and share of every direction", async () => {
  const measured = await measureConv(gpu, SMALL, { seconds: 0, least: 2, measurement: 0 });
  assert.deepEqual(measured.map(({ direction }) => direction), [...DIRECTIONS]);
  for (const { gigaflops, share, dispatches, kernels } of measured) {
    assert.equal(gigaflops.runs, 2);
    assert.ok(gigaflops.best >= gigaflops.median && gigaflops.median > 0);
    assert.ok(share.best > 0 && share.median > 0);
    assert.ok(dispatches >= kernels.length && kernels.length > 0);
  }
});

Deno.test("calibrate: a positive speed; dispatchSeconds: a positive cost", async () => {
  const { best, median } = await calibrate(gpu, 0);
  assert.ok(best >= median && median > 0);
  assert.ok((await dispatchSeconds(gpu)).best > 0);
});
