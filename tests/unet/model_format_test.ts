import assert from "node:assert/strict";
import { DEFAULT_CONFIG } from "../../src/unet/config.ts";
import { type ModelDescription, ORIGINAL_INPUT, packModel, readModel } from "../../src/unet/model_format.ts";
import { blockToState, initialBlock, parameterTable } from "../../src/unet/parameters.ts";
import { readSafetensors, writeSafetensors } from "../../src/weights/safetensors.ts";
import { writeTorchCheckpoint } from "../../src/weights/torch_writer.ts";

const network = { ...DEFAULT_CONFIG, filters: 2, dropout: 0.1, norm: "instance" } as const;
const table = parameterTable(network);
const state = blockToState(table, initialBlock(table, 1));
const description: ModelDescription = {
  network,
  size: 64,
  normalize: "picture",
  threshold: 0.4,
  recipe: "strong",
  epoch: 3,
  metrics: { "valid/loss": 0.25, "valid/dice": null },
  classes: [{ name: "tumor\u202e", color: "#e69f00", categories: ["core", "edema"] }],
  ignored: ["unsure"],
  training: { epochs: 5 },
  data: { train: { samples: 2, sha256: "00" } },
  versions: { deno: "2" },
};

Deno.test("readModel: returns what packModel was given, bit for bit, and packs to the same bytes again", async () => {
  const bytes = packModel({ state, description });
  const model = await readModel(bytes);
  assert.deepEqual(model.description, description);
  assert.equal(model.described, true);
  assert.deepEqual(model.state, state);
  assert.deepEqual(packModel(model), bytes);
});

Deno.test("readModel: infers the network of a plain state dict and takes the original's input settings", async () => {
  const expected = { network: { ...network, dropout: 0.4 }, ...ORIGINAL_INPUT };
  for (const bytes of [writeSafetensors(state), writeTorchCheckpoint(state)]) {
    const model = await readModel(bytes);
    assert.deepEqual(model.description, expected);
    assert.equal(model.described, false);
    assert.deepEqual([...model.state.keys()], [...state.keys()]);
  }
});

Deno.test("readModel: rejects a damaged or invalid description", async () => {
  const { tensors, metadata } = readSafetensors(packModel({ state, description }));
  const read = (change: Record<string, string>) =>
    readModel(writeSafetensors(tensors, { ...metadata, ...change }));
  await assert.rejects(read({ network: "{" }), /^SyntaxError: .*its "network" is not JSON/);
  await assert.rejects(read({ network: "null" }), /^SyntaxError: .*does not describe the network/);
  await assert.rejects(read({ network: '{"filters":0}' }), RangeError);
  await assert.rejects(read({ size: "33" }), /^RangeError: .*input size is 33/);
  await assert.rejects(read({ normalize: '"mean"' }), /^RangeError: .*"mean"/);
  await assert.rejects(read({ threshold: "2" }), /^RangeError: .*threshold is 2/);
  await assert.rejects(read({ size: "3200000" }), /^RangeError: .*input size is 3200000, .* up to 8192/);
  await assert.rejects(read({ size: "[64]" }), /^RangeError: .*input size is a list/);
  await assert.rejects(read({ normalize: '{"a":1}' }), /^RangeError: .*normalization is an object/);
  for (
    const classes of [
      "{}",
      "[]",
      '[{"name":"","color":"#000000"}]',
      '[{"name":"a","color":"red"}]',
      '[{"name":"a","color":"#000000"},{"name":"a","color":"#000000"}]',
      '[{"name":"a","color":"#000000","categories":[1]}]',
      `[{"name":"${"a".repeat(201)}","color":"#000000"}]`,
      "[null]",
    ]
  ) {
    await assert.rejects(read({ classes }), /^TypeError: .*its classes is .*, expected a list of 1 to 254/);
  }
  await assert.rejects(read({ ignored: "[2]" }), /^TypeError: .*its ignored is a list/);
  await assert.rejects(read({ network: '{"filters":[2]}' }), /^RangeError: .*filters of another type/);
  await assert.rejects(read({ network: '{"filters":2,"dropout":"0.1"}' }), /^RangeError: .*dropout "0.1"/);
  await assert.rejects(
    read({ network: JSON.stringify({ ...network, filters: 1024 }) }),
    /^RangeError: .*its description says filters 1024, its tensors have 2/,
  );
  await assert.rejects(read({ network: JSON.stringify({ ...network, norm: "none" }) }), /says norm none/);
  await assert.rejects(
    read({ recipe: '{"a":[1]}' }),
    /^TypeError: .*its recipe is an object, expected a name/,
  );
  await assert.rejects(read({ recipe: '"\\u001b[31mred"' }), /^TypeError: .*its recipe is "\\u001b\[31mred"/);
  await assert.rejects(read({ recipe: '"a\u202eb"' }), /^TypeError: .*its recipe is /);
  await assert.rejects(read({ epoch: "[1, 2]" }), /^TypeError: .*its epoch is a list, expected an integer/);
  await assert.rejects(read({ metrics: '{"a":"1"}' }), /^TypeError: .*its metrics is an object/);
  await assert.rejects(read({ training: "[]" }), /^TypeError: .*its training is a list/);
  await assert.rejects(
    read({ training: "[".repeat(2 ** 19) }),
    /^RangeError: .*"training" is refused: .* deeper/,
  );
  await assert.rejects(read({ data: `"${"a".repeat(2 ** 21)}"` }), /^RangeError: .*"data" is refused/);
  await assert.rejects(read({ format: "deno-unet model 9" }), /^SyntaxError: .*format "deno-unet model 9"/);
});
