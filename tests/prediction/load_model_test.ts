import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { writeTorchCheckpoint } from "../../mod.ts";
import {
  describeClasses,
  findModelFile,
  type InputSettings,
  loadModel,
  modelOrigin,
} from "../../src/prediction/load_model.ts";
import { completeConfig } from "../../src/unet/config.ts";
import { packModel } from "../../src/unet/model_format.ts";
import { blockToState, initialBlock, parameterTable } from "../../src/unet/parameters.ts";
import { writeFiles } from "../support/coco.ts";
import { SPOT_NETWORK, spotClasses, spotModel, spotState } from "../support/spot_model.ts";
import { inTempFolder } from "../support/temp_folder.ts";

Deno.test("findModelFile: a file as given, and the best of a run given by --run or --model", () =>
  inTempFolder(async (folder) => {
    const run = join(folder, "one");
    const best = join(run, "best.safetensors");
    await writeFiles(folder, { "one/best.safetensors": "" });
    assert.equal(await findModelFile({ model: "any/where.pth" }), "any/where.pth");
    assert.equal(await findModelFile({ model: best }), best);
    assert.equal(await findModelFile({ model: run }), best);
    assert.equal(await findModelFile({ run }), best);
    for (const choice of [{ run: folder }, { model: folder }, { run: join(folder, "none") }, { run: best }]) {
      await assert.rejects(findModelFile(choice), /^Error: Cannot find a model in ".*\nhint: a run has one/);
    }
  }));

Deno.test("findModelFile: defaults to the newest run that has a model", () =>
  inTempFolder(async (runs) => {
    const none =
      /^Error: Cannot find a model: no run in ".*" has a best\.safetensors, and .* is missing\nhint: .*task train/;
    const shipped = join(runs, "shipped.safetensors");
    await assert.rejects(findModelFile({ runs, shipped }), none);
    await assert.rejects(findModelFile({ runs: join(runs, "none"), shipped }), none);
    await writeFiles(runs, { "shipped.safetensors": "" });
    assert.equal(await findModelFile({ runs, shipped }), shipped);
    await writeFiles(runs, {
      "old/best.safetensors": "",
      "new/best.safetensors": "",
      "newest-without/checkpoint.safetensors": "",
      "README.txt": "",
    });
    const path = (name: string) => join(runs, name, "best.safetensors");
    await Deno.utime(path("old"), 1000, 1000);
    await Deno.utime(path("new"), 2000, 2000);
    assert.equal(await findModelFile({ runs, shipped }), path("new"), "a run goes before the shipped model");
    await Deno.utime(path("old"), 2000, 2000);
    assert.equal(await findModelFile({ runs }), path("old"), "of equally old ones the last by name");
  }));

Deno.test("loadModel: the description in the file, and its SHA-256", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "model.bin");
    const bytes = spotModel({ size: 64, normalize: "picture", recipe: "strong" });
    await Deno.writeFile(path, bytes);
    const model = await loadModel(path);
    assert.equal(model.described, true);
    assert.deepEqual(model.state, spotState());
    assert.deepEqual(modelOrigin(model), {
      file: path,
      sha256: createHash("sha256").update(bytes).digest("hex"),
      recipe: "strong",
      epoch: 7,
      network: SPOT_NETWORK,
      size: 64,
      normalize: "picture",
      described: true,
    });
  }));

Deno.test("loadModel: a PyTorch file gets the original's size and normalization", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "best_model.pth");
    await Deno.writeFile(path, writeTorchCheckpoint(spotState()));
    const { recipe, epoch, network, size, normalize, described } = modelOrigin(await loadModel(path));
    assert.deepEqual({ recipe, epoch, size, normalize, described }, {
      recipe: null,
      epoch: null,
      size: 256,
      normalize: "imagenet",
      described: false,
    });
    assert.equal(network.filters, 1);
  }));

Deno.test("loadModel: a sidecar written by hand, and settings that are given, take the place of the original's", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "weights.pth");
    await Deno.writeFile(path, writeTorchCheckpoint(spotState()));
    const inputOf = async (given?: InputSettings) => {
      const { description: { size, normalize, threshold }, described } = await loadModel(path, given);
      return { size, normalize, threshold, described };
    };
    const original = { size: 256, normalize: "imagenet", threshold: 0.5, described: false };
    assert.deepEqual(await inputOf({ size: 96 }), { ...original, size: 96 });
    const write = (value: unknown) => Deno.writeTextFile(`${path}.json`, JSON.stringify(value));
    await write({ size: 64, normalize: "picture", threshold: 0.3 });
    const described = { size: 64, normalize: "picture", threshold: 0.3, described: true };
    assert.deepEqual(await inputOf(), described);
    assert.deepEqual(await inputOf({ normalize: "imagenet" }), { ...described, normalize: "imagenet" });
    await write({ normalize: "picture" });
    assert.deepEqual(await inputOf(), { ...original, normalize: "picture" });
    for (
      const [value, message] of [
        [{ size: 65 }, /weights\.pth\.json": .*input size is 65/],
        [[], /its sidecar is not a JSON object/],
        [{ format: "deno-unet model 9" }, /the format of its sidecar/],
        [{ network: { filters: 8 } }, /says filters 8, its tensors have 1/],
        ["x".repeat(2 ** 20), /the limit is 1048576/],
      ] as const
    ) {
      await write(value);
      await assert.rejects(loadModel(path), { message });
    }
    await Deno.writeTextFile(`${path}.json`, "{");
    await assert.rejects(loadModel(path), { message: /"sidecar" is not JSON/ });
  }));

Deno.test("loadModel: an unusable file is named, with a hint", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "model.safetensors");
    const refused = (message: RegExp) => assert.rejects(loadModel(path), { name: "Error", message });
    await refused(/^Cannot load the model ".*model\.safetensors": no such file\nhint: --run/);
    await Deno.writeTextFile(path, "text");
    await refused(/^Cannot load the model ".*model\.safetensors": Cannot read /);
    await Deno.writeFile(path, spotModel().subarray(0, 500));
    await refused(/^Cannot load the model ".*": Cannot read safetensors: /);
    const network = completeConfig({ filters: 1, inChannels: 1, outChannels: 2 });
    const table = parameterTable(network);
    const state = blockToState(table, initialBlock(table, 1));
    await Deno.writeFile(
      path,
      packModel({ state, description: { network, size: 32, normalize: "imagenet", threshold: 0.5 } }),
    );
    await refused(/its network takes images of 1 channels, expected 3/);
  }));

Deno.test("describeClasses: several classes by name, and whether they exclude each other", () => {
  const { description } = spotClasses("softmax");
  assert.deepEqual(describeClasses(description), ["2 classes (gray, white)"]);
  assert.deepEqual(describeClasses(spotClasses("sigmoid").description), [
    "2 classes that may overlap (gray, white)",
  ]);
  const network = { ...description.network, outChannels: 10 };
  assert.match(
    describeClasses({ ...description, network, classes: undefined })[0]!,
    /^9 classes .*class 8, \.\.\.\)$/,
  );
  assert.deepEqual(describeClasses({ ...description, network: SPOT_NETWORK, classes: undefined }), []);
});
