/** Which of two models predicts which image of a split. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { openSplit } from "../../src/dataset/source_registry.ts";
import { prepareSplit } from "../../src/dataset/prepare.ts";
import { findSplits } from "../../src/dataset/splits.ts";
import { bindModels } from "../../src/evaluation/bind_models.ts";
import { readForModel, targetsOf } from "../../src/evaluation/model_classes.ts";
import { hashBytes } from "../../src/fs/hash_bytes.ts";
import { Ensemble } from "../../src/prediction/ensemble.ts";
import { Predictor } from "../../src/prediction/predictor.ts";
import { readModel } from "../../src/unet/model_format.ts";
import { writeSpotDataset } from "../support/spot_dataset.ts";
import { spotModel } from "../support/spot_model.ts";
import { inTempFolder } from "../support/temp_folder.ts";
import { openTestGpu } from "../support/test_gpu.ts";

Deno.test("bindModels: an image of the cross-validation by the model that has not seen it, others by all", () =>
  inTempFolder(async (folder) => {
    await writeSpotDataset(folder);
    const gpu = await openTestGpu();
    const models = await Promise.all([0.6, 0.75].map(async (red) => {
      const model = await readModel(spotModel());
      model.state.get("outc.bias")!.data[0] = 40 * (0.485 - red);
      return model;
    }));
    const ensemble = await Ensemble.create(gpu, models);
    const [one, two] = await Promise.all(models.map((model) => Predictor.create(gpu, model)));
    const split = (await findSplits(folder)).find(({ role }) => role === "test")!;
    const { samples } = await readForModel(ensemble, split, await openSplit(split), "empty");
    const targets = targetsOf(ensemble);
    await using prepared = await prepareSplit(samples, { size: 32, targets, cacheFolder: null });
    // By content: the first image is held out by the second model, the second by the first, the third by none.
    const hashes = await Promise.all(
      ["1.png", "2.png"].map(async (name) => hashBytes(await Deno.readFile(join(folder, "test", name)))),
    );
    const heldOut = new Map([[hashes[0]!, 1], [hashes[1]!, 0], ["of another image", 0]]);
    await using bound = await bindModels(ensemble, prepared, { targets, cacheFolder: null }, heldOut);
    assert.equal(bound.heldOut, 2);
    const { images } = await prepared.batch([0, 1, 2]);
    const of = prepared.samples.slice(0, 3);
    const { data } = await bound.predictor.logits(images, { of });
    const pixels = 32 * 32;
    const image = (logits: Float32Array, at: number) => logits.subarray(at * pixels, (at + 1) * pixels);
    const [first, second] = [(await one!.logits(images)).data, (await two!.logits(images)).data];
    assert.deepEqual(image(data, 0), image(second, 0));
    assert.deepEqual(image(data, 1), image(first, 1));
    const all = (await ensemble.logits(images)).data;
    assert.deepEqual(image(data, 2), image(all, 2));
    assert.notDeepEqual(image(all, 2), image(first, 2));

    await using plain = await bindModels(one!, prepared, { targets, cacheFolder: null }, heldOut);
    assert.equal(plain.predictor, one, "one model is what it is");
    for (const each of [ensemble, one!, two!]) each.close();
  }));
