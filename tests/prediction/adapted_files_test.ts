/** Unusual images through `predict` and `evaluate`, by a network that segments what is bright. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { appearanceOf } from "../../src/appearance/measure_images.ts";
import { evaluateSplit } from "../../src/evaluation/evaluate_split.ts";
import { networkInput } from "../../src/image/network_input.ts";
import { findSplits, readSplit } from "../../mod.ts";
import { prepareSplit } from "../../src/dataset/prepare.ts";
import { Ensemble } from "../../src/prediction/ensemble.ts";
import { predictFiles } from "../../src/prediction/predict_files.ts";
import { type ImagePredictor, Predictor } from "../../src/prediction/predictor.ts";
import { type Model, readModel } from "../../src/unet/model_format.ts";
import { cocoText, paint, writeFiles } from "../support/coco.ts";
import { spotModel } from "../support/spot_model.ts";
import { inTempFolder } from "../support/temp_folder.ts";
import { openTestGpu } from "../support/test_gpu.ts";

/** A disc of tissue in black, with a lesion at `x` to `x + 8`: in training bright on dark. */
function slice(tissue: number, lesion: number, x: number, height = 64) {
  return paint(64, height, (column, row) => {
    const y = row + (64 - height) / 2;
    if (Math.hypot(column - 32, y - 32) > 26) return 0;
    return column >= x && column < x + 8 && y >= 24 && y < 40 ? lesion : tissue;
  });
}

/** A model of such images, of which 5 % are foreground. */
async function discModel(form: Partial<Model["description"]>): Promise<Model> {
  const metrics = { "valid/accuracy": 0.99, "valid/dice": 0.9 };
  const { state, description } = await readModel(spotModel({ size: 64, metrics, ...form }));
  const inputs = Array.from(
    { length: 40 },
    (_, i) => networkInput(slice(100 + 7 * i % 40, 235 - i % 20, 14 + i % 25, 40), description),
  );
  return {
    state,
    description: { ...description, appearance: appearanceOf({ state, description }, inputs, [])! },
  };
}

const LESION = [20, 12, 28, 12, 28, 28, 20, 28];

for (const form of [{ fit: "pad" }, { patch: 64 }] as const) {
  const name = Object.keys(form)[0]!;
  Deno.test(`Predictor: dark lesions are found by inverting, and files say so (${name})`, () =>
    inTempFolder(async (folder) => {
      await writeFiles(folder, {
        "test/_annotations.coco.json": cocoText({ width: 64, height: 40, images: 2 }, [
          { image_id: 1, segmentation: [LESION] },
          { image_id: 2, segmentation: [LESION] },
        ]),
        "test/1.png": slice(120, 225, 20, 40),
        "test/2.png": slice(235, 70, 20, 40),
      });
      const gpu = await openTestGpu();
      const model = await discModel(form);
      const { size, normalize, fit, patch } = model.description;
      const { samples } = await readSplit((await findSplits(folder))[0]!);
      await using prepared = await prepareSplit(samples, { size, normalize, fit, patch, cacheFolder: null });
      const evaluate = async (predictor: ImagePredictor) =>
        (await evaluateSplit(predictor, prepared)).scores.map(({ metrics: { dice }, adapted }) => [
          Math.round(100 * dice!) / 100,
          adapted,
        ]);
      const plain = await Predictor.create(gpu, model);
      const adapting = plain.with({ adapt: true });
      const [[usual], [before]] = await evaluate(plain) as [[number], [number]];
      assert.ok(usual > 0.95 && before < 0.1, `${usual}, ${before}`);
      const after = await evaluate(adapting);
      assert.deepEqual(after[0], [usual, undefined]);
      assert.ok(after[1]![0]! as number > 0.9 && after[1]![1] === "inverted", `${after[1]}`);

      const ensemble = await Ensemble.create(gpu, [model, model], { adapt: true });
      assert.deepEqual(await evaluate(ensemble), after);
      const files = ["1", "2"].map((file) => join(folder, `test/${file}.png`));
      const output = join(folder, "out");
      for (const predictor of [adapting, ensemble]) {
        await predictFiles(predictor, files, { output, uncertainty: predictor === ensemble });
        const read = async (file: string) => JSON.parse(await Deno.readTextFile(join(output, file)));
        const [first, second] = [await read("1.json"), await read("2.json")];
        assert.equal("adapted" in first, false);
        assert.equal(second.adapted, "inverted");
        assert.equal(second.appearance.unusual, true);
        assert.match(second.notes.at(-1).message, /inverted intensities/);
        assert.ok(Math.abs(second.area - first.area) <= 30, `${second.area}, ${first.area}`);
        const table = await Deno.readTextFile(join(output, "summary.csv"));
        assert.match(table, /,adapted\r\n.*1\.png.*,\r\n.*2\.png.*,inverted\r\n$/);
      }
      plain.close();
      ensemble.close();
    }));
}
