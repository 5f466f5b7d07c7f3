/** Weights that are transformed or transposed block by block, if all tiles of a layer are one run. */
import assert from "node:assert/strict";
import { size } from "../../kernels/shape.ts";
import type { Activation } from "../../src/layers/activation.ts";
import { Builder } from "../../src/layers/builder.ts";
import { winograd } from "../../src/layers/conv3x3/winograd.ts";
import { layerLayout, recordConv } from "../../src/tuning/single_conv.ts";
import { executeSteps } from "../support/execute_steps.ts";
import { testTarget } from "../support/plan_target.ts";
import { Random } from "../support/random.ts";
import { openTestGpu } from "../support/test_gpu.ts";

const gpu = await openTestGpu();

const CASES = [
  { name: "im2col", class: "few", channels: 64, size: 4, kernel: "gemm/transpose", directions: ["forward"] },
  {
    name: "winograd4",
    class: "wide",
    channels: 256,
    size: 16,
    kernel: "conv2d/winograd4_weight",
    directions: ["forward", "input gradient"],
  },
  {
    name: "winograd2",
    class: "wide",
    channels: 256,
    size: 16,
    kernel: "conv2d/winograd2_weight",
    directions: ["forward", "input gradient"],
  },
] as const;

const KINDS = ["software", "hardware"] as const;

/** Values that a channel takes of a block for each channel that is summed over. */
const POSITIONS = { im2col: 9, winograd4: 36, winograd2: 16 };

for (const { name, class: label, channels, size, kernel, directions } of CASES) {
  for (const [direction, kind] of directions.flatMap((one) => KINDS.map((kind) => [one, kind] as const))) {
    Deno.test(`${name}: blocks of rows give the same bits as one block, ${direction}, products of ${kind}`, async () => {
      const run = async (workspace: number) => {
        const target = testTarget({ kind, workspace, choices: { [`conv3x3/${label}`]: name } });
        const { steps, regions } = recordConv(target, { channels, size, batch: 1 }, direction);
        const random = new Random(3);
        const inputs = [regions.input, regions.parameters, regions.gradient].map((region) =>
          [region, random.floats(region.byteLength / 4)] as const
        );
        const blocks = steps.filter(({ dispatch }) => dispatch.kernel.label.replace("_pairs", "") === kernel);
        const memory = new Set(blocks.map(({ views }) => views[1]!.region.byteLength));
        return {
          blocks: blocks.length,
          largest: Math.max(...memory),
          result: await executeSteps(gpu, steps, inputs, regions.result),
        };
      };
      const byteLength = channels * POSITIONS[name] * channels * 4;
      const whole = await run(byteLength);
      const parts = await run(byteLength / 4);
      assert.deepEqual([whole.blocks, parts.blocks], [1, 4]);
      assert.ok(parts.largest < whole.largest);
      assert.deepEqual(parts.result, whole.result);
      assert.ok(parts.result.some((value) => Math.abs(value) > 1));
    });
  }
}

for (const index of [0, 1]) {
  Deno.test(`winograd4: a block of rows that ends within a source gives the same bits, source ${index} of 2`, async () => {
    const shape = { batch: 1, channels: 96, height: 16, width: 16 };
    const run = async (workspace: number) => {
      const layer = { name: "up5.conv1", inputs: 192, outputs: 96 };
      const builder = new Builder(layerLayout(layer), testTarget({ workspace }));
      const { recorder } = builder;
      const sources: Activation[] = ["up", "skip"].map((label) => ({
        shape,
        region: recorder.fixed(label, size(shape)),
        kind: "relu",
        gradientScale: 1,
      }));
      const gradient = recorder.fixed("gradient", size(shape));
      winograd(4).inputGradients(builder, layer, sources, shape, gradient);
      const random = new Random(4);
      const inputs = [...sources.map(({ region }) => region), builder.weights, gradient].map((region) =>
        [region, random.floats(region.byteLength / 4)] as const
      );
      const blocks = recorder.steps.filter(({ dispatch }) => /_weight(_pairs)?$/.test(dispatch.kernel.label));
      const result = await executeSteps(gpu, recorder.steps, inputs, sources[index]!.gradient!);
      return { blocks: blocks.length, result };
    };
    const whole = await run(2 ** 24);
    // Blocks of 64 rows, where a source ends after 96.
    const parts = await run(64 * 36 * 96 * 4);
    assert.deepEqual([whole.blocks, parts.blocks], [1, 3]);
    assert.deepEqual(parts.result, whole.result);
    assert.ok(parts.result.some((value) => Math.abs(value) > 1));
  });
}

for (
  const [name, kind] of (["winograd4", "winograd2"] as const).flatMap((one) =>
    KINDS.map((kind) => [one, kind] as const)
  )
) {
  Deno.test(`${name}: a weight gradient in blocks of rows has the same bits and less memory, products of ${kind}`, async () => {
    const run = async (workspace: number) => {
      const target = testTarget({ kind, workspace, choices: { "conv3x3/wide": name } });
      const { steps, regions } = recordConv(target, { channels: 256, size: 16, batch: 1 }, "weight gradient");
      const random = new Random(3);
      const inputs = [regions.input, regions.gradient].map((region) =>
        [region, random.floats(region.byteLength / 4)] as const
      );
      const stepsOf = (part: string) =>
        steps.filter(({ dispatch }) =>
          dispatch.kernel.label.replace("_pairs", "") === `conv2d/${name}_${part}`
        );
      const count = (part: string) => stepsOf(part).length;
      const blocks = stepsOf("weight_grad");
      return {
        transforms: [count("input"), count("grad"), blocks.length],
        largest: Math.max(...blocks.map(({ views }) => views[0]!.region.byteLength)),
        result: await executeSteps(gpu, steps, inputs, regions.result),
      };
    };
    const whole = await run(2 ** 24);
    const parts = await run(whole.largest / 4);
    assert.deepEqual(whole.transforms, [1, 1, 1]);
    assert.deepEqual(parts.transforms, [1, 4, 4], "the input is transformed once for all blocks");
    assert.equal(parts.largest, whole.largest / 4);
    assert.deepEqual(parts.result, whole.result);
    assert.ok(parts.result.some((value) => Math.abs(value) > 1));
  });
}
