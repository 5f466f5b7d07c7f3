import { deepStrictEqual, notDeepStrictEqual } from "node:assert/strict";
import { categoryNames, chooseClasses } from "../../src/dataset/classes.ts";
import { prepareSplit } from "../../src/dataset/prepare.ts";
import type { PreparedSplit } from "../../src/dataset/prepared_split.ts";
import { readListing } from "../../src/dataset/samples.ts";
import { openSplit } from "../../src/dataset/source_registry.ts";
import { findSplits, splitOf } from "../../src/dataset/splits.ts";
import { evaluateSplit } from "../../src/evaluation/evaluate_split.ts";
import { IGNORE } from "../../src/image/label_map.ts";
import type { Predictor } from "../../src/prediction/predictor.ts";
import type { Tensor } from "../../src/tensor.ts";
import { writeClassDataset } from "../support/class_dataset.ts";
import { inTempFolder } from "../support/temp_folder.ts";

const SIZE = 32;

/** A model that adds `shift` to the logits of the pixels that `where` selects, in the order of the split. */
function predictorOf(
  head: "sigmoid" | "softmax",
  shift: number,
  where: (index: number, pixel: number) => boolean,
): Predictor {
  const channels = head === "softmax" ? 4 : 3;
  let first = 0;
  const logits = ({ shape: [count = 0] }: Tensor): Promise<Tensor> => {
    const pixels = SIZE * SIZE;
    const data = Float32Array.from({ length: count * channels * pixels }, (_, at) => {
      const [pixel, index] = [at % pixels, first + Math.floor(at / (channels * pixels))];
      // A cheap hash: every class is predicted somewhere.
      const value = ((at * 2654435761) % 1000) / 250 - 2;
      return value + (where(index, pixel) ? shift * ((at % 3) - 1) : 0);
    });
    first += count;
    return Promise.resolve({ shape: [count, channels, SIZE, SIZE], data });
  };
  return {
    description: {
      network: { outChannels: channels, head },
      size: SIZE,
      normalize: "imagenet",
      threshold: 0.5,
    },
    classes: 3,
    classNames: ["disc", "cup", "vessel"],
    logits,
    appearanceOf: () => null,
  } as unknown as Predictor;
}

/** The test split, with one more annotation under the ignored corner if `hidden`. */
async function prepareTest(
  folder: string,
  head: "sigmoid" | "softmax",
  hidden: boolean,
): Promise<PreparedSplit> {
  await writeClassDataset(folder, { ignored: true, overlap: head === "sigmoid", splits: { test: 3 } });
  if (hidden) {
    const path = `${folder}/test/_annotations.coco.json`;
    const coco = JSON.parse(await Deno.readTextFile(path));
    for (const [i, id] of [1, 2, 3].entries()) {
      const corner = [[48, 48, 64, 48, 64, 64, 48, 64]];
      coco.annotations.push({ id: 100 + i, image_id: id, category_id: id, segmentation: corner });
    }
    await Deno.writeTextFile(path, JSON.stringify(coco));
  }
  const split = splitOf(await findSplits(folder), "test");
  const listing = await openSplit(split);
  const classes = chooseClasses(categoryNames([listing]));
  const { samples } = await readListing(split, listing, { classes, overlapping: head === "sigmoid" });
  return await prepareSplit(samples, {
    size: SIZE,
    cacheFolder: null,
    workers: 1,
    targets: { classCount: 3, head },
  });
}

for (const head of ["sigmoid", "softmax"] as const) {
  Deno.test(`evaluateSplit: with a ${head}, neither labels nor predictions under ignored pixels change anything`, () =>
    inTempFolder(async (folder) => {
      await using prepared = await prepareTest(`${folder}/a`, head, false);
      await using hidden = await prepareTest(`${folder}/b`, head, true);
      const maps = [0, 1, 2].map((index) => prepared.labelMap(index).data);
      const ignored = (index: number, pixel: number) => maps[index]![pixel] === IGNORE;
      const evaluate = (split: PreparedSplit, predictor: Predictor) =>
        evaluateSplit(predictor, split, { audit: true, bootstrap: { resamples: 10 } });
      const before = await evaluate(prepared, predictorOf(head, 0, ignored));
      deepStrictEqual(await evaluate(prepared, predictorOf(head, 9, ignored)), before);
      deepStrictEqual(await evaluate(hidden, predictorOf(head, 9, ignored)), before);
      const counted = await evaluate(prepared, predictorOf(head, 9, (...at) => !ignored(...at)));
      notDeepStrictEqual(counted, before, "elsewhere they do");
    }));
}
