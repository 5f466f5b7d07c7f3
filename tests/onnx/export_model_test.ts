import assert from "node:assert/strict";
import { joinBytes } from "../../src/bytes.ts";
import { IMAGENET_DEVIATION, IMAGENET_MEAN, normalizeImage } from "../../src/image/normalize.ts";
import { exportOnnx } from "../../src/onnx/export_model.ts";
import { OnnxGraph } from "../../src/onnx/onnx_file.ts";
import type { StateDict, Tensor } from "../../src/tensor.ts";
import { completeConfig, type UNetConfig } from "../../src/unet/config.ts";
import type { ModelDescription } from "../../src/unet/model_format.ts";
import { blockToState, initialBlock, parameterTable } from "../../src/unet/parameters.ts";
import { assertClose } from "../support/compare.ts";
import { type OnnxModel, type OnnxValue, readOnnx, runOnnx } from "../support/onnx_interpreter.ts";
import { uniformFloats } from "../support/random.ts";
import { loadUnetFixture, pick } from "../support/unet_fixture.ts";

function exported(
  config: Partial<UNetConfig>,
  state: StateDict,
  input: Partial<ModelDescription> = {},
): OnnxModel {
  const network = completeConfig(config);
  const description = { network, size: 64, normalize: "imagenet", threshold: 0.5, ...input } as const;
  return readOnnx(joinBytes(exportOnnx({ state, description })));
}

function freshState(config: Partial<UNetConfig>): StateDict {
  const table = parameterTable(completeConfig(config));
  return blockToState(table, initialBlock(table, 3));
}

/** Images from 0 to 1. */
function randomImages(batch: number, height: number, width: number): Tensor {
  const data = uniformFloats(5, batch * 3 * height * width, 0.5, 0.5);
  return { shape: [batch, 3, height, width], data };
}

/** The images whose normalization by ImageNet's moments these are. */
function beforeImagenet({ shape, data }: Tensor): OnnxValue {
  const plane = shape[2]! * shape[3]!;
  return {
    shape,
    data: Float64Array.from(data, (value, index) => {
      const channel = Math.floor(index / plane) % 3;
      return value * IMAGENET_DEVIATION[channel]! + IMAGENET_MEAN[channel]!;
    }),
  };
}

for (const name of ["f2_none", "f2_instance"]) {
  Deno.test(`exportOnnx: ${name} gives PyTorch's probabilities`, async () => {
    const { report: { filters, norm }, weights, images, output } = await loadUnetFixture(name);
    const model = exported({ filters, norm }, weights);
    const values = runOnnx(model, { images: beforeImagenet(images) });
    const { shape, data } = values.get("probabilities")!;
    assert.deepEqual(shape, [images.shape[0], 1, ...images.shape.slice(2)]);
    const exact = output("probabilities");
    assertClose(pick(data, exact), exact.values, { absolute: 2e-6, label: name });
  });
}

Deno.test("exportOnnx: declares dynamic extents, operator set 17, and what a program that runs it needs", () => {
  const config = { filters: 1, outChannels: 3, head: "softmax" } as const;
  const one = exported({ filters: 1 }, freshState({ filters: 1 }));
  assert.deepEqual(one.versions, [8, 17]);
  assert.deepEqual(one.inputs, { images: ["N", 3, "H", "W"] });
  assert.deepEqual(one.outputs, { probabilities: ["N", 1, "H", "W"] });
  assert.deepEqual(one.metadata, {
    classes: '["foreground"]',
    input_size: "64",
    head: "sigmoid",
    normalize: "imagenet",
    threshold: "0.5",
  });
  const classes = [{ name: "tumor", color: "#ff0000" }, { name: 'ödem, "x"', color: "#00ff00" }];
  const two = exported(
    config,
    freshState(config),
    { size: 96, normalize: "picture", threshold: 0.25, classes },
  );
  assert.deepEqual(two.outputs, { probabilities: ["N", 2, "H", "W"] });
  assert.deepEqual(two.metadata, {
    classes: JSON.stringify(["tumor", 'ödem, "x"']),
    input_size: "96",
    head: "softmax",
    normalize: "picture",
    threshold: "0.25",
  });
  const unnamed = exported({ ...config, head: "sigmoid" }, freshState(config));
  assert.equal(unnamed.metadata.classes, '["class 1","class 2","class 3"]');
});

Deno.test("exportOnnx: every constant and result is used, parameters have their names and sizes", () => {
  const config = { filters: 2, norm: "instance", outChannels: 3, head: "softmax" } as const;
  const model = exported(config, freshState(config), { normalize: "picture" });
  for (const { name, shape } of parameterTable(completeConfig(config)).list) {
    assert.deepEqual(model.constants.get(name)?.shape, shape, name);
  }
  const used = new Set(model.nodes.flatMap(({ inputs }) => inputs));
  const made = [...model.constants.keys(), ...model.nodes.map(({ output }) => output)];
  assert.equal(new Set(made).size, made.length);
  assert.deepEqual(made.filter((name) => !used.has(name)), ["probabilities"]);
});

Deno.test("exportOnnx: normalizes each image by its own moments, also one without contrast", () => {
  const state = freshState({ filters: 1 });
  const images = randomImages(3, 32, 64);
  const size = 3 * 32 * 64;
  images.data.subarray(0, size).fill(0.3);
  for (let at = size; at < 2 * size; at++) images.data[at] = 0.3 + 1e-4 * images.data[at]!;
  const values = runOnnx(exported({ filters: 1 }, state, { normalize: "picture" }), { images });
  const normalized = values.get("normalized")!;
  for (let n = 0; n < 3; n++) {
    const own = { shape: [3, 32, 64], data: images.data.slice(n * size, (n + 1) * size) };
    const expected = normalizeImage(own, "picture").data;
    const found = Float64Array.from(normalized.data).subarray(n * size, (n + 1) * size);
    assertClose(found, expected, { absolute: 1e-5, label: `image ${n}` });
  }
});

Deno.test("exportOnnx: softmax over all channels, without that of the background", () => {
  const config = { filters: 1, outChannels: 4, head: "softmax" } as const;
  const state = freshState(config);
  // Far apart, so that the classes differ.
  state.get("outc.bias")!.data.set([0, 1, -1, 2]);
  const images = randomImages(2, 32, 32);
  const values = runOnnx(exported(config, state), { images });
  const { shape, data } = values.get("probabilities")!;
  const logits = values.get("outc")!.data;
  assert.deepEqual(shape, [2, 3, 32, 32]);
  for (let n = 0; n < 2; n++) {
    for (let pixel = 0; pixel < 1024; pixel++) {
      const powers = [0, 1, 2, 3].map((channel) => Math.exp(logits[(n * 4 + channel) * 1024 + pixel]!));
      const sum = powers.reduce((total, power) => total + power, 0);
      for (let k = 0; k < 3; k++) {
        assert.ok(Math.abs(data[(n * 3 + k) * 1024 + pixel]! - powers[k + 1]! / sum) < 1e-12);
      }
    }
  }
});

Deno.test("exportOnnx: refuses weights of another network, names of other classes, and more than 2 GiB", () => {
  const config = { filters: 1 };
  const state = freshState(config);
  assert.throws(() => exported({ filters: 2 }, state), TypeError);
  const classes = ["a", "b"].map((name) => ({ name, color: "#ffffff" }));
  assert.throws(() => exported(config, state, { classes }), {
    name: "RangeError",
    message: "Cannot name the classes of a model of 1: its file names 2",
  });
  const broken = new Map(state).set("outc.bias", { shape: [1], data: Float32Array.of(NaN) });
  assert.throws(() => exported(config, broken), RangeError);
  const graph = new OnnxGraph();
  const shared = new Float32Array(2 ** 24);
  for (let index = 0; index < 33; index++) graph.floats(`${index}`, [2 ** 24], shared);
  const header = { producer: "test", description: "", metadata: {} };
  assert.throws(() => graph.parts(header), { name: "RangeError", message: /limited to 2147483647\nhint: / });
});
