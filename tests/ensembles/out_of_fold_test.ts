/** Out-of-fold predictions of models that read windows or padded images, of images that are no squares. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { type EnsembleOptions, trainEnsemble } from "../../src/ensembles/train_ensemble.ts";
import { MAP_INDEX_FILE, mapSizeOf, readMapIndex } from "../../src/evaluation/map_index.ts";
import { findModels } from "../../src/prediction/find_models.ts";
import { loadModel } from "../../src/prediction/load_model.ts";
import { Predictor } from "../../src/prediction/predictor.ts";
import { MeasuredImage } from "../../src/page/app/results/measured_image.ts";
import type { TrainConfig } from "../../src/training/train_config.ts";
import { decodeImage } from "../../mod.ts";
import { cocoText, paint, writeFiles } from "../support/coco.ts";
import { openTestGpu } from "../support/test_gpu.ts";
import { TINY } from "../support/tiny_data.ts";
import { withRuns } from "../support/tiny_run.ts";

const SIZES = [[40, 24], [24, 40], [40, 32]] as const;

/** Images of three sizes with a bright square each, unlike one another. */
async function writeData(folder: string): Promise<void> {
  for (const [role, count] of [["train", 4], ["valid", 2]] as const) {
    const files: Record<string, Parameters<typeof writeFiles>[1][string]> = {};
    const [images, annotations]: Record<string, unknown>[][] = [[], []];
    for (let i = 0; i < count; i++) {
      const seed = role === "train" ? i : 10 + i;
      const [width, height] = SIZES[i % 3]!;
      const [x, y] = [2 + seed % 5, 1 + (3 * seed) % 9];
      const noise = (at: number) => (at * (2 * seed + 7919) ^ at >> 3) % 90;
      files[`${role}/${i + 1}.png`] = paint(
        width,
        height,
        (u, v) => u >= x && u < x + 12 && v >= y && v < y + 12 ? 230 : noise(u + 97 * v),
      );
      images!.push({ id: i + 1, file_name: `${i + 1}.png`, width, height });
      annotations!.push({
        id: i + 1,
        image_id: i + 1,
        category_id: 1,
        iscrowd: 0,
        area: 144,
        bbox: [x, y, 12, 12],
        segmentation: [[x, y, x + 12, y, x + 12, y + 12, x, y + 12]],
      });
    }
    const { categories } = JSON.parse(cocoText({ width: 1, height: 1 }, []));
    files[`${role}/_annotations.coco.json`] = JSON.stringify({ images, annotations, categories });
    await writeFiles(folder, files);
  }
}

for (
  const [name, config] of Object.entries<Partial<TrainConfig>>({
    "windows": { patch: 32, size: 32 },
    "padded images": { size: 32, fit: "pad" },
  })
) {
  Deno.test(`trainEnsemble: folds of ${name} predict every image as its own model does`, () =>
    withRuns(async (run, folder) => {
      const dataFolder = join(folder, "data");
      await writeData(dataFolder);
      const result = await trainEnsemble({
        ...run("folds"),
        dataFolder,
        cacheFolder: join(folder, "cache"),
        config: { ...TINY, epochs: 1, learningRate: 0.03, ...config },
        ensemble: { members: "folds", count: 2, group: "none" },
      } as EnsembleOptions);
      assert.equal(result.outcome, "finished");
      const { splits, calibration } = result.outOfFold!;
      assert.deepEqual([splits.train!.images, splits.valid!.images, calibration.images], [4, 2, 6]);
      assert.equal(calibration.missed!.images, 6);
      const { paths, ensemble } = await findModels({ run: [join(folder, "folds")] });
      const gpu = await openTestGpu();
      const predictors: Predictor[] = [];
      for (const path of paths) predictors.push(await Predictor.create(gpu, await loadModel(path)));
      for (const split of ["train", "valid"]) {
        const maps = join(folder, "folds", `${split}-probabilities`);
        const index = readMapIndex(JSON.parse(await Deno.readTextFile(join(maps, MAP_INDEX_FILE))))!;
        for (const entry of index.images) {
          const own = ensemble!.file.images!.find((each) =>
            each.split === split && each.name === entry.name
          )!;
          const image = await decodeImage(await Deno.readFile(join(dataFolder, split, entry.name)));
          const [map] = await predictors[own.fold]!.predict([image]);
          const stored = new MeasuredImage(await Deno.readFile(join(maps, entry.file!)), entry, index);
          const { width, height } = mapSizeOf(index, entry);
          const ownSize = config.fit === "pad" || config.patch !== undefined;
          assert.deepEqual([width, height], ownSize ? [image.width, image.height] : [32, 32]);
          if (map!.width !== width || map!.height !== height) continue;
          const values = stored.probabilities(0);
          const worst = values.reduce(
            (most, value, at) => Math.max(most, Math.abs(value - map!.data[at]!)),
            0,
          );
          assert.ok(worst <= 0.0006, `${entry.name}: ${worst}`);
        }
      }
      for (const predictor of predictors) predictor.close();
    }));
}
