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
  { name: "im2col", class: "few", size: 4, kernel: "gemm/transpose", directions: ["forward"] },
  {
    name: "winograd4",
    class: "wide",
    size: 16,
    kernel: "conv2d/winograd4_weight",
    directions: ["forward", "input gradient"],
  },
  {
    name: "winograd2",
    class: "wide",
    size: 16,
    kernel: "conv2d/winograd2_weight",
    directions: ["forward", "input gradient"],
  },
] as const;

const KINDS = ["software", "hardware"] as const;

/** Bytes that one of 64 channels takes of a block. */
const ROW_BYTES = { im2col: 9 * 64 * 4, winograd4: 36 * 64 * 4, winograd2: 16 * 64 * 4 };

for (const { name, class: label, size, kernel, directions } of CASES) {
  for (const [direction, kind] of directions.flatMap((one) => KINDS.map((kind) => [one, kind] as const))) {
    Deno.test(`${name}: blocks of rows give the same bits as one block, ${direction}, products of ${kind}`, async () => {
      const run = async (workspace: number) => {
        const target = testTarget({ kind, workspace, choices: { [`conv3x3/${label}`]: name } });
        // 64 tiles of 2 x 2 outputs need more room than 16 of 4 x 4: a block has as many rows as there are tiles.
        const { steps, regions } = recordConv(target, { channels: 64, size, batch: 1 }, direction);
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
      const rows = name === "winograd2" ? 64 : 16;
      const whole = await run(2 ** 24);
      const parts = await run(rows * ROW_BYTES[name]);
      assert.equal(whole.blocks, 1);
      if (name === "winograd2") assert.equal(parts.blocks, 1, "what fits is not split");
      else {
        assert.equal(parts.blocks, 4);
        assert.ok(parts.largest < whole.largest);
      }
      assert.deepEqual(parts.result, whole.result);
      assert.ok(parts.result.some((value) => Math.abs(value) > 1));
    });
  }
}

for (const index of [0, 1]) {
  Deno.test(`winograd4: a block of rows that ends within a source gives the same bits, source ${index} of 2`, async () => {
    const shape = { batch: 1, channels: 24, height: 16, width: 16 };
    const run = async (workspace: number) => {
      const layer = { name: "up5.conv1", inputs: 48, outputs: 24 };
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
    // Blocks of 32 rows, where a source ends after 24.
    const parts = await run(32 * 36 * 24 * 4);
    assert.deepEqual([whole.blocks, parts.blocks], [1, 2]);
    assert.deepEqual(parts.result, whole.result);
    assert.ok(parts.result.some((value) => Math.abs(value) > 1));
  });
}
