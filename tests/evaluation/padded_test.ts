/** Images that are padded, or come to an input that is no square: predicted and compared at their own size. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { prepareSplit } from "../../src/dataset/prepare.ts";
import { type Sample } from "../../src/dataset/samples.ts";
import { evaluateSplit } from "../../src/evaluation/evaluate_split.ts";
import { MAP_INDEX_FILE, readMapIndex } from "../../src/evaluation/map_index.ts";
import { type MapDescription, storingMaps } from "../../src/evaluation/map_storage.ts";
import { MeasuredImage, sameScores } from "../../src/page/app/results/measured_image.ts";
import { findSplits, readSplit } from "../../mod.ts";
import { Predictor } from "../../src/prediction/predictor.ts";
import { segment } from "../../src/prediction/postprocess.ts";
import { readModel } from "../../src/unet/model_format.ts";
import { cocoText, paint, writeFiles } from "../support/coco.ts";
import { spotModel } from "../support/spot_model.ts";
import { inTempFolder } from "../support/temp_folder.ts";
import { openTestGpu } from "../support/test_gpu.ts";

const [WIDTH, HEIGHT] = [64, 40];
const isSpot = (x: number, y: number) => x >= 10 && x < 31 && y >= 5 && y < 22;
const image = paint(WIDTH, HEIGHT, (x, y) => isSpot(x, y) ? 255 : 20);
const SPOT = [10, 5, 31, 5, 31, 22, 10, 22];

function withSamples(body: (samples: readonly Sample[]) => Promise<void>): Promise<void> {
  return inTempFolder(async (folder) => {
    await writeFiles(folder, {
      "test/_annotations.coco.json": cocoText({ width: WIDTH, height: HEIGHT, images: 1 }, [
        { segmentation: [SPOT] },
      ]),
      "test/1.png": image,
    });
    await body((await readSplit((await findSplits(join(folder)))[0]!)).samples);
  });
}

Deno.test("evaluateSplit: padded images are compared at their own size, their padding in nothing", async () => {
  const gpu = await openTestGpu();
  await withSamples(async (samples) => {
    const extents = { size: 64, fit: "pad" } as const;
    const predictor = await Predictor.create(gpu, await readModel(spotModel(extents)));
    await using prepared = await prepareSplit(samples, { ...extents, cacheFolder: null });
    assert.equal(prepared.foregroundShare, 21 * 17 / (WIDTH * HEIGHT));
    const { masks } = await prepared.batch([0]);
    const padding = masks.data.filter((value) => value === -1).length;
    assert.equal(padding, 64 * (64 - HEIGHT));
    assert.deepEqual(prepared.image(0), predictor.prepare(image));
    const { scores: [score], loss } = await evaluateSplit(predictor, prepared);
    assert.deepEqual([score!.width, score!.height], [WIDTH, HEIGHT]);
    assert.equal(score!.metrics.dice, 1);
    const { truePositives, trueNegatives, falsePositives, falseNegatives } = score!.pixels;
    assert.deepEqual(
      [truePositives, trueNegatives, falsePositives, falseNegatives],
      [21 * 17, WIDTH * HEIGHT - 21 * 17, 0, 0],
    );
    assert.equal(loss.weighted.accuracy, 1);
    const [map] = await predictor.predict([image]);
    assert.deepEqual([map!.width, map!.height], [WIDTH, HEIGHT]);
    const { mask } = segment(map!, image);
    assert.ok(mask.data.every((value, at) => (value === 1) === isSpot(at % WIDTH, Math.floor(at / WIDTH))));
    predictor.close();
  });
});

Deno.test("evaluateSplit: an input that is no square", async () => {
  const gpu = await openTestGpu();
  await withSamples(async (samples) => {
    const extents = { size: 64, height: 32 };
    const predictor = await Predictor.create(gpu, await readModel(spotModel(extents)));
    await using prepared = await prepareSplit(samples, { ...extents, cacheFolder: null });
    const { images, masks } = await prepared.batch([0]);
    assert.deepEqual([images.shape, masks.shape], [[1, 3, 32, 64], [1, 1, 32, 64]]);
    const { scores: [score] } = await evaluateSplit(predictor, prepared);
    assert.deepEqual([score!.width, score!.height], [64, 32]);
    assert.ok(score!.metrics.dice! > 0.95);
    predictor.close();
  });
});

for (const extents of [{ size: 64, fit: "pad" }, { size: 64, height: 32 }] as const) {
  const name = "fit" in extents ? "padded images" : "an input that is no square";
  Deno.test(`storingMaps: stored maps of ${name} have their proportions, and exact masks at other thresholds`, async () => {
    const gpu = await openTestGpu();
    await withSamples(async (samples) => {
      const stored = spotModel(extents);
      const predictor = await Predictor.create(gpu, await readModel(stored));
      await using prepared = await prepareSplit(samples, { ...extents, cacheFolder: null });
      const path = await Deno.makeTempDir();
      const description: MapDescription = {
        split: "test",
        ...("fit" in extents ? { size: 64, compared: "image" } : extents),
        head: "sigmoid",
        threshold: 0.5,
        classes: [{ name: "foreground", color: "#ff0000", categories: ["foreground"] }],
        named: false,
        ignored: [],
        data: "",
        model: null,
      };
      await storingMaps(
        join(path, "maps"),
        description,
        (onMaps) => evaluateSplit(predictor, prepared, { onMaps }),
      );
      const index = readMapIndex(JSON.parse(await Deno.readTextFile(join(path, "maps", MAP_INDEX_FILE))))!;
      const [entry] = index.images;
      const measured = new MeasuredImage(
        await Deno.readFile(join(path, "maps", entry!.file!)),
        entry!,
        index,
      );
      assert.deepEqual(measured.size, {
        width: 64,
        height: "fit" in extents ? HEIGHT : 32,
      });
      for (const threshold of [0.5, 0.001, 0.999]) {
        const { scores: [score] } = await evaluateSplit(predictor, prepared, { threshold });
        assert.ok(sameScores(measured.score(threshold, null), score as never), `threshold ${threshold}`);
      }
      predictor.close();
      await Deno.remove(path, { recursive: true });
    });
  });
}
