/** Instance normalization of more planes than one dispatch can have workgroups. */
import assert from "node:assert/strict";
import { MAX_WORKGROUPS } from "../../kernels/grid.ts";
import { size } from "../../kernels/shape.ts";
import type { Region } from "../../src/graph/recorder.ts";
import { Builder } from "../../src/layers/builder.ts";
import { instanceNorm } from "../../src/layers/instance_norm.ts";
import { instanceNormBackward, instanceNormForward } from "../reference/instance_norm.ts";
import { assertClose } from "../support/compare.ts";
import { executeSteps } from "../support/execute_steps.ts";
import { testTarget } from "../support/plan_target.ts";
import { Random } from "../support/random.ts";
import { openTestGpu } from "../support/test_gpu.ts";

const gpu = await openTestGpu();

const SHAPE = { batch: 2, channels: 40_000, height: 2, width: 4 };
const COUNT = SHAPE.height * SHAPE.width;
const REFERENCE = { batch: SHAPE.batch, channels: SHAPE.channels, count: COUNT };

Deno.test("instanceNorm: splits more planes than a dispatch can have, forward and backward", async () => {
  assert.ok(SHAPE.batch * SHAPE.channels > MAX_WORKGROUPS);
  const random = new Random(8);
  const values = random.floats(size(SHAPE));
  const gradient = random.floats(size(SHAPE));
  const weights = random.floats(2 * SHAPE.channels, 0.5, 1.5);
  const [weight, bias] = [weights.subarray(0, SHAPE.channels), weights.subarray(SHAPE.channels)];
  const run = async (find: (recorded: { affine: Region; gradient: Region; gradients: Region }) => Region) => {
    const layout = {
      blockSize: weights.length,
      get: (name: string) => ({ offset: name.endsWith(".bias") ? SHAPE.channels : 0, size: SHAPE.channels }),
    };
    const builder = new Builder(layout, testTarget(), { training: true });
    const region = builder.recorder.fixed("z", size(SHAPE));
    const output = instanceNorm(builder, "norm", {
      shape: SHAPE,
      region,
      kind: "normalized",
      gradientScale: 1,
    });
    output.gradient = builder.recorder.fixed("gradient", size(SHAPE));
    builder.emitBackward();
    const inputs = [[region, values], [builder.weights, weights], [output.gradient, gradient]] as const;
    const recorded = { affine: output.affine!, gradient: output.gradient, gradients: builder.gradients };
    return await executeSteps(gpu, builder.recorder.steps, inputs, find(recorded));
  };
  const affine = await run(({ affine }) => affine);
  const actual = values.map((value, index) => {
    const plane = Math.floor(index / COUNT);
    return value * affine[2 * plane]! + affine[2 * plane + 1]!;
  });
  assertClose(actual, instanceNormForward(values, weight, bias, REFERENCE), {
    absolute: 2e-5,
    label: "output",
  });
  const expected = instanceNormBackward(values, weight, gradient, REFERENCE);
  // Every value of eight may be far from the mean of its plane: its deviation divides.
  const largest = expected.gradInput.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const absolute = 1e-5 * largest;
  assertClose(await run(({ gradient }) => gradient), expected.gradInput, {
    absolute,
    label: "input gradient",
  });
  assertClose(await run(({ gradients }) => gradients), [...expected.gradWeight, ...expected.gradBias], {
    absolute: 1e-5,
    label: "parameter gradients",
  });
});
