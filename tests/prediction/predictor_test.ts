/** Predictions on the device, by a network whose output is known: tests/support/spot_model.ts. */
import assert from "node:assert/strict";
import { normalizeImage } from "../../src/image/normalize.ts";
import { resizeImage } from "../../src/image/resize.ts";
import { classMaps, Predictor, type PredictorOptions } from "../../src/prediction/predictor.ts";
import { completeConfig } from "../../src/unet/config.ts";
import { ORIGINAL_INPUT, readModel } from "../../src/unet/model_format.ts";
import { UNet } from "../../src/unet/unet.ts";
import { assertClose } from "../support/compare.ts";
import { spots } from "../support/coco.ts";
import { spotModel } from "../support/spot_model.ts";
import { openTestGpu } from "../support/test_gpu.ts";

const SIZE = { width: 32, height: 32 };

async function withPredictor(
  options: PredictorOptions,
  body: (predictor: Predictor) => Promise<void>,
  description: Parameters<typeof spotModel>[0] = {},
): Promise<void> {
  const model = await readModel(spotModel(description));
  const predictor = await Predictor.create(await openTestGpu(), model, options);
  try {
    await body(predictor);
  } finally {
    predictor.close();
  }
}

/** The output of the network by the formula of `spotState`. */
function expectedMap(image: ReturnType<typeof spots>): Float32Array {
  return resizeImage(image, SIZE).data.subarray(0, 32 * 32)
    .map((red) => 1 / (1 + Math.exp(-40 * (Math.max(red, 0.485) - 0.7))));
}

Deno.test("Predictor.predict: resizes, normalizes and predicts images of any size in one batch", () =>
  withPredictor({}, async (predictor) => {
    const images = [spots(1), spots(2, 40), spots(3, 32)];
    const maps = await predictor.predict(images);
    assert.equal(maps.length, 3);
    for (const [index, { width, height, data }] of maps.entries()) {
      assert.deepEqual([width, height], [32, 32]);
      assertClose(data, expectedMap(images[index]!), { absolute: 1e-5, label: `image ${index}` });
    }
    assert.ok(maps[0]!.data.some((value) => value > 0.9) && maps[0]!.data.some((value) => value < 0.1));
  }));

Deno.test("Predictor.prepare: resizes and normalizes as the model file says", () =>
  withPredictor({}, (predictor) => {
    const expected = normalizeImage(resizeImage(spots(4), { width: 64, height: 64 }), "picture");
    assert.deepEqual(predictor.prepare(spots(4)), expected);
    return Promise.resolve();
  }, { size: 64, normalize: "picture" }));

Deno.test("Predictor: flips do not change a network that looks at single pixels", () =>
  withPredictor({ flips: true }, async (predictor) => {
    const [map] = await predictor.predict([spots(5)]);
    assertClose(map!.data, expectedMap(spots(5)), { absolute: 1e-5, label: "flips" });
  }));

Deno.test("Predictor: flips average over the four mirrored images", async () => {
  const gpu = await openTestGpu();
  const model = await readModel(spotModel());
  // Looking one pixel to the left makes the output depend on the direction.
  const filter = model.state.get("down1.conv1.weight")!.data;
  filter.fill(0);
  filter[3] = 1;
  const predictor = await Predictor.create(gpu, model);
  const average = await Predictor.create(gpu, model, { flips: true });
  const image = spots(6, 32);
  const mirrored = { ...image, data: new Uint8Array(image.data.length) };
  for (let i = 0; i < 32 * 32; i++) {
    const from = i - (i % 32) + 31 - (i % 32);
    mirrored.data.set(image.data.subarray(3 * from, 3 * from + 3), 3 * i);
  }
  const [plain, other] = (await predictor.predict([image, mirrored])).map(({ data }) => data);
  // This network does not tell up from down.
  const expected = plain!.map((value, i) => (value + other![i - (i % 32) + 31 - (i % 32)]!) / 2);
  assert.notDeepEqual(plain, expected);
  assertClose((await average.predict([image]))[0]!.data, expected, { absolute: 1e-6, label: "mean" });
  predictor.close();
  average.close();
});

Deno.test("Predictor: refuses NaN logits and an empty batch", () =>
  withPredictor({}, async (predictor) => {
    const data = new Float32Array(3 * 32 * 32);
    data[5] = NaN;
    await assert.rejects(
      predictor.logits({ shape: [1, 3, 32, 32], data }),
      /^Error: Cannot predict: the logit at index \d+ is NaN\nhint: /,
    );
    await assert.rejects(predictor.predict([]), TypeError);
  }));

Deno.test("Predictor.predictClasses: a map per image and class, also with flips; predict is of one class", async () => {
  const gpu = await openTestGpu();
  const network = completeConfig({ filters: 1, dropout: 0, head: "softmax", outChannels: 4 });
  const unet = await UNet.create(gpu, network, { seed: 1 });
  const model = { state: await unet.stateDict(), description: { network, ...ORIGINAL_INPUT, size: 32 } };
  const images = [spots(1), spots(2, 40)];
  for (const flips of [false, true]) {
    const predictor = await Predictor.create(gpu, model, { flips });
    assert.equal(predictor.classes, 3);
    const maps = await predictor.predictClasses(images);
    assert.deepEqual(maps.map((each) => each.map(({ data }) => data.length)), [
      [1024, 1024, 1024],
      [1024, 1024, 1024],
    ]);
    if (!flips) {
      const batch = { shape: [1, 3, 32, 32], data: predictor.prepare(images[1]!).data };
      const { data } = await unet.predict(batch);
      assertClose(maps[1]!.flatMap((map) => [...map.data]), data, { absolute: 1e-6, label: "second image" });
    }
    await assert.rejects(
      predictor.predict(images),
      /^TypeError: Cannot predict one probability per pixel: the model has 3 classes\nhint: use predictClasses/,
    );
    predictor.close();
  }
  unet.close();
});

Deno.test("classMaps: the sigmoid of the logits of each image, without overflow", () => {
  const data = Float32Array.of(0, 200, -200, 1, 2, 3, -1, Infinity);
  const maps = classMaps({ shape: [2, 1, 2, 2], data }, "sigmoid").map(([map]) => map!);
  assert.deepEqual(maps.map(({ width, height }) => [width, height]), [[2, 2], [2, 2]]);
  assertClose(maps[0]!.data, [0.5, 1, 0, 1 / (1 + Math.exp(-1))], { absolute: 1e-7, label: "first" });
  assert.equal(maps[1]!.data[3], 1);
});
