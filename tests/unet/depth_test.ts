/** How often a network halves its images: 5 times by default, and other numbers where they count. */
import assert from "node:assert/strict";
import { exportOnnx } from "../../src/onnx/export_model.ts";
import { joinBytes } from "../../src/bytes.ts";
import type { StateDict } from "../../src/tensor.ts";
import { completeTrainConfig } from "../../src/training/recipe.ts";
import { configDifferences, networkConfig } from "../../src/training/train_config.ts";
import { completeConfig, sizeStep } from "../../src/unet/config.ts";
import { type ModelDescription, packModel, readModel } from "../../src/unet/model_format.ts";
import { blockToState, inferConfig, initialBlock, parameterTable } from "../../src/unet/parameters.ts";
import { parameterShapes } from "../support/unet_fixture.ts";

function stateOf(depth: number): StateDict {
  const table = parameterTable(completeConfig({ filters: 1, depth }));
  return blockToState(table, initialBlock(table, 0));
}

const describe = (depth: number, size: number): ModelDescription => ({
  network: completeConfig({ filters: 1, depth }),
  size,
  normalize: "imagenet",
  threshold: 0.5,
});

Deno.test("completeConfig: keeps a depth other than 5, and refuses those out of range", () => {
  assert.equal("depth" in completeConfig({ depth: 5 }), false);
  assert.deepEqual([4, 6, 7].map((depth) => completeConfig({ depth }).depth), [4, 6, 7]);
  assert.deepEqual([4, 5, 7].map((depth) => sizeStep({ depth })), [16, 32, 128]);
  for (const depth of [3, 8, 4.5, NaN, "5" as unknown as number]) {
    assert.throws(() => completeConfig({ depth }), {
      name: "RangeError",
      message: /^Cannot build a UNet with depth .*: expected an integer from 4 to 7$/,
    });
  }
});

Deno.test("parameterTable: names the levels as the original does, as many as the depth says", () => {
  for (const depth of [4, 5, 7]) {
    const { list } = parameterTable(completeConfig({ filters: 3, norm: "instance", depth }));
    const expected = [...parameterShapes(3, "instance", 1, depth)];
    assert.deepEqual(list.map(({ name, shape }) => [name, [...shape]]), expected, String(depth));
  }
});

Deno.test("readModel: finds the depth in the tensors, and refuses a description of another", async () => {
  for (const depth of [4, 5, 6]) {
    const state = stateOf(depth);
    const network = completeConfig({ filters: 1, depth });
    assert.deepEqual(inferConfig(state).depth, network.depth);
    const { description } = await readModel(packModel({ state, description: describe(depth, 128) }));
    assert.deepEqual(description.network, network);
  }
  await assert.rejects(
    readModel(packModel({ state: stateOf(4), description: describe(5, 128) })),
    /its description says depth 5, its tensors have 4/,
  );
  await assert.rejects(
    readModel(packModel({ state: stateOf(5), description: describe(6, 128) })),
    /its description says depth 6, its tensors have 5/,
  );
  await assert.rejects(
    readModel(packModel({ state: stateOf(6), description: describe(6, 96) })),
    /its input size is 96, expected a multiple of 64/,
  );
});

Deno.test("exportOnnx: has as many poolings as the depth says", () => {
  for (const depth of [4, 5, 6]) {
    const bytes = joinBytes(exportOnnx({ state: stateOf(depth), description: describe(depth, 64) }));
    const text = new TextDecoder("latin1").decode(bytes);
    const pools = new Set(text.match(/down\d\.pool/g));
    assert.deepEqual([...pools], Array.from({ length: depth }, (_, level) => `down${level + 1}.pool`));
  }
});

Deno.test("completeTrainConfig: a depth other than 5 is a setting; sizes follow it", () => {
  assert.deepEqual(completeTrainConfig({ depth: 5 }), completeTrainConfig());
  const config = completeTrainConfig({ depth: 4, size: 48 });
  assert.equal(networkConfig(config).depth, 4);
  assert.deepEqual(configDifferences(completeTrainConfig({ size: 48 * 2 }), { ...config, size: 96 }), [
    "depth was 5, is 4",
  ]);
  assert.throws(() => completeTrainConfig({ depth: 6, size: 96 }), {
    name: "RangeError",
    message: "Cannot train at size 96 with depth 6: expected a multiple of 64\nhint: 128 is the nearest",
  });
  assert.throws(() => completeTrainConfig({ depth: 8 }), /depth 8: expected an integer from 4 to 7/);
});
