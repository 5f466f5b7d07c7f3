/** Several networks whose outputs are known: their mean against plain loops. */
import assert from "node:assert/strict";
import { resizeImage } from "../../src/image/resize.ts";
import { Ensemble } from "../../src/prediction/ensemble.ts";
import { meanDescription } from "../../src/prediction/mean_description.ts";
import { type ProbabilityMap, resizeProbabilities } from "../../src/prediction/probability_map.ts";
import { logitsOfMaps, pickImages } from "../../src/prediction/pool_maps.ts";
import { Predictor } from "../../src/prediction/predictor.ts";
import { meanTemperature, scaleLogits } from "../../src/prediction/temperature.ts";
import type { RgbImage } from "../../src/image/image.ts";
import { type Model, type ModelDescription, readModel } from "../../src/unet/model_format.ts";
import { assertClose } from "../support/compare.ts";
import { spots } from "../support/coco.ts";
import { spotClasses, spotModel } from "../support/spot_model.ts";
import { openTestGpu } from "../support/test_gpu.ts";

const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));

/** A network for which the probability is 0.5 at this red. */
async function spotAt(red: number, description: Partial<ModelDescription> = {}): Promise<Model> {
  const model = await readModel(spotModel(description));
  model.state.get("outc.bias")!.data[0] = 40 * (0.485 - red);
  return model;
}

/** The logit of {@linkcode spotAt} at each pixel. */
function logitsAt(image: RgbImage, red: number, size = 32): Float64Array {
  const { data } = resizeImage(image, { width: size, height: size });
  return Float64Array.from(
    data.subarray(0, size * size),
    (value) => 40 * (Math.max(value, 0.485) - red),
  );
}

const mean = (lists: readonly ArrayLike<number>[]) =>
  Float64Array.from(
    { length: lists[0]!.length },
    (_, at) => lists.reduce((sum, list) => sum + list[at]!, 0) / lists.length,
  );

async function withEnsemble(
  models: readonly Model[],
  body: (ensemble: Ensemble) => Promise<void>,
  options = {},
): Promise<void> {
  const ensemble = await Ensemble.create(await openTestGpu(), models, options);
  try {
    await body(ensemble);
  } finally {
    ensemble.close();
  }
}

const calibration = (temperature: number[]) => ({
  calibration: { temperature, images: 4, error: { before: [0.2], after: [0.1] } },
});

Deno.test("Ensemble: the mean of probabilities, in turns on one network, in batches of any size", async () => {
  const reds = [0.6, 0.7, 0.75];
  await withEnsemble(await Promise.all(reds.map((red) => spotAt(red))), async (ensemble) => {
    const images = [spots(1), spots(2, 40), spots(3, 32)];
    const maps = await ensemble.predictClasses(images);
    for (const [index, image] of images.entries()) {
      const expected = mean(reds.map((red) => logitsAt(image, red).map(sigmoid)));
      assertClose(maps[index]![0]!.data, expected, { absolute: 1e-5, label: `image ${index}` });
    }
    const again = await ensemble.predictClasses(images.slice(2));
    assert.deepEqual(again[0], maps[2], "an image alone gets the same bits");
  });
});

Deno.test("Ensemble: one model is that model, and its flips compose", async () => {
  const model = await spotAt(0.7);
  await withEnsemble([model, model], async (ensemble) => {
    const predictor = await Predictor.create(await openTestGpu(), model, { flips: true });
    const [one] = await predictor.predictClasses([spots(5)]);
    const [two] = await ensemble.predictClasses([spots(5)]);
    predictor.close();
    assertClose(two![0]!.data, one![0]!.data, { absolute: 1e-6, label: "flips" });
  }, { flips: true });
});

Deno.test("Ensemble: a calibration softens the mean and leaves its mask", async () => {
  const models = [await spotAt(0.6, calibration([2])), await spotAt(0.7, calibration([8]))];
  await withEnsemble(models, async (ensemble) => {
    const [maps] = await ensemble.predictClasses([spots(1)]);
    const plain = mean([0.6, 0.7].map((red) => logitsAt(spots(1), red).map(sigmoid)));
    // The geometric mean of both temperatures.
    const expected = plain.map((value) => sigmoid(Math.log(value / (1 - value)) / 4));
    assertClose(maps![0]!.data, expected, { absolute: 1e-5, label: "calibrated" });
    const masks = [maps![0]!.data, plain].map((values) => Array.from(values, (value) => value > 0.5));
    assert.deepEqual(masks[0], masks[1]);
  });
});

Deno.test("Ensemble: inputs may differ; prepared images of a dataset come in the form of each model", async () => {
  const models = [await spotAt(0.7), await spotAt(0.6, { size: 64 })];
  await withEnsemble(models, async (ensemble) => {
    const large: ProbabilityMap = {
      width: 64,
      height: 64,
      data: Float32Array.from(logitsAt(spots(1), 0.6, 64), sigmoid),
    };
    const other = resizeProbabilities(large, { width: 32, height: 32 }).data;
    const expected = mean([logitsAt(spots(1), 0.7).map(sigmoid), other]);
    const [maps] = await ensemble.predictClasses([spots(1)]);
    assertClose(maps![0]!.data, expected, { absolute: 1e-4, label: "from the image" });

    const [own, others] = await Promise.all(models.map(async (model) => {
      const predictor = await Predictor.create(await openTestGpu(), model);
      const { shape, data } = predictor.prepare(spots(1));
      predictor.close();
      return { shape: [1, ...shape], data };
    }));
    const [form] = ensemble.otherForms;
    assert.deepEqual(form, { size: 64, normalize: "imagenet" });
    const bound = ensemble.over({ inputs: [{ form: form!, read: () => Promise.resolve(others!) }] });
    const of = [{ split: "test", fileName: "1.png" }];
    const { data } = await bound.logits(own!, { of });
    assertClose(data.map(sigmoid), expected, { absolute: 1e-4, label: "from prepared images" });
    await assert.rejects(ensemble.logits(own!, { of }), {
      name: "TypeError",
      message: /other inputs \(64 px/,
    });
  });
});

Deno.test("Ensemble: of a dataset, each image by the models that have not seen it", async () => {
  const reds = [0.6, 0.75];
  await withEnsemble(await Promise.all(reds.map((red) => spotAt(red))), async (ensemble) => {
    const bound = ensemble.over({
      inputs: [],
      choose: ({ fileName }) => fileName === "new" ? null : [Number(fileName)],
    });
    const of = ["1", "new", "0"].map((fileName) => ({ split: "train", fileName }));
    const maps = await bound.predictClasses([spots(1), spots(2), spots(3)], { of });
    const expected = [
      logitsAt(spots(1), 0.75).map(sigmoid),
      mean(reds.map((red) => logitsAt(spots(2), red).map(sigmoid))),
      logitsAt(spots(3), 0.6).map(sigmoid),
    ];
    for (const [index, map] of maps.entries()) {
      assertClose(map[0]!.data, expected[index]!, { absolute: 1e-5, label: `image ${index}` });
    }
  });
});

Deno.test("meanDescription: refuses models of other classes or heads", () => {
  const softmax = spotClasses().description;
  const sigmoid = spotClasses("sigmoid").description;
  assert.throws(() => meanDescription([softmax, sigmoid]), {
    name: "RangeError",
    message:
      /other classes: the first has gray, white \(softmax\), number 2 has gray, white \(sigmoid\)\nhint: /,
  });
  assert.throws(() => meanDescription([]), RangeError);
  const { calibration: one } = calibration([2]) as { calibration: ModelDescription["calibration"] };
  const curve = { images: 3, thresholds: [0, 0.5], shares: [0, 0.2] };
  const known = { ...softmax, calibration: { ...one!, missed: curve } };
  assert.deepEqual(meanDescription([known, known]).calibration?.missed, curve);
  assert.equal(
    meanDescription([known, softmax]).calibration?.missed,
    undefined,
    "a curve of some models only",
  );
});

Deno.test("scaleLogits, meanTemperature: one value per class, or one for all of a softmax", () => {
  const logits = { shape: [1, 2, 1, 2], data: Float32Array.of(2, -4, 6, 8) };
  assert.deepEqual([...scaleLogits(logits, [2, 4]).data], [1, -2, 1.5, 2]);
  assert.deepEqual([...scaleLogits(logits, [2]).data], [1, -2, 3, 4]);
  assert.equal(scaleLogits(logits, undefined), logits);
  assert.deepEqual(meanTemperature([[4, 1], [1, 1]]), [2, 1]);
  assert.deepEqual(meanTemperature([[4], undefined]), [2]);
  assert.equal(meanTemperature([undefined, undefined]), undefined);
});

Deno.test("logitsOfMaps, pickImages: the mean of maps as logits, with the background of a softmax", () => {
  const map = (...data: number[]) => ({ width: 2, height: 1, data: Float32Array.from(data) });
  const { shape, data } = logitsOfMaps([[map(0.25, 1)], [map(0.75, 1)]], "sigmoid");
  assert.deepEqual(shape, [1, 1, 1, 2]);
  assert.equal(data[0], 0);
  assert.ok(Number.isFinite(data[1]) && data[1]! > 100, "a probability of 1 has a finite logit");
  const { data: exclusive } = logitsOfMaps([[map(0.5, 0), map(0.25, 0)]], "softmax");
  assertClose(exclusive.subarray(0, 1), [Math.log(0.25)], { absolute: 1e-6, label: "background" });
  assertClose(exclusive.subarray(2, 3), [Math.log(0.5)], { absolute: 1e-6, label: "first class" });
  const images = { shape: [3, 1], data: Float32Array.of(1, 2, 3) };
  assert.deepEqual([...pickImages(images, [2, 0]).data], [3, 1]);
  assert.equal(pickImages(images, [0, 1, 2]), images);
});
