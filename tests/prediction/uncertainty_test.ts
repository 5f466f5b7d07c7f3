/** Uncertainty by hand, and its files. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { decodeImage } from "../../src/image/decode.ts";
import { Ensemble } from "../../src/prediction/ensemble.ts";
import { predictFiles } from "../../src/prediction/predict_files.ts";
import { disagreementMap, entropyMap, meanOfMap } from "../../src/prediction/uncertainty.ts";
import { readModel } from "../../src/unet/model_format.ts";
import { assertClose } from "../support/compare.ts";
import { writeFiles } from "../support/coco.ts";
import { bright, spotModel } from "../support/spot_model.ts";
import { spotPredictor } from "../support/spot_predictor.ts";
import { filesUnder, inTempFolder } from "../support/temp_folder.ts";
import { openTestGpu } from "../support/test_gpu.ts";

const map = (...data: number[]) => ({ width: data.length, height: 1, data: Float32Array.from(data) });

/** Entropy in bits. */
const bits = (...probabilities: number[]) =>
  probabilities.reduce((sum, p) => sum - (p === 0 ? 0 : p * Math.log2(p)), 0);

Deno.test("entropyMap: 1 where nothing is decided, 0 where all is; of several classes the most undecided", () => {
  assertClose(entropyMap([map(0.5, 0, 1, 0.1)], "sigmoid").data, [1, 0, 0, bits(0.1, 0.9)], {
    absolute: 1e-6,
    label: "one class",
  });
  assertClose(entropyMap([map(0.9, 0.5), map(0.4, 1)], "sigmoid").data, [bits(0.4, 0.6), 1], {
    absolute: 1e-6,
    label: "overlapping classes",
  });
  const thirds = bits(0.25, 0.25, 0.5) / Math.log2(3);
  assertClose(entropyMap([map(1 / 3, 0.25, 1), map(1 / 3, 0.25, 0)], "softmax").data, [1, thirds, 0], {
    absolute: 1e-6,
    label: "exclusive classes",
  });
  assert.ok(entropyMap([map(1 / 3), map(1 / 3)], "softmax").data[0]! <= 1);
});

Deno.test("disagreementMap: the entropy of the mean less the mean entropy", () => {
  const two = disagreementMap([[map(0, 0.5, 0.2)], [map(1, 0.5, 0.6)]], "sigmoid");
  const last = bits(0.4, 0.6) - (bits(0.2, 0.8) + bits(0.6, 0.4)) / 2;
  assertClose(two.data, [1, 0, last], { absolute: 1e-6, label: "one class" });
  const exclusive = disagreementMap([[map(1), map(0)], [map(0), map(1)]], "softmax");
  assertClose(exclusive.data, [1 / Math.log2(3)], { absolute: 1e-6, label: "exclusive classes" });
  // The second class is where they disagree.
  const overlapping = disagreementMap([[map(0.3), map(0)], [map(0.3), map(1)]], "sigmoid");
  assertClose(overlapping.data, [1], { absolute: 1e-6, label: "overlapping classes" });
  assert.equal(meanOfMap(map(0, 1)), 0.5);
});

Deno.test("predictFiles: uncertainty of an ensemble as two images, two panels and two numbers", () =>
  inTempFolder(async (folder) => {
    await writeFiles(folder, { "scan.png": bright(64, 64, [1, 1, 4, 4]) });
    const files = [join(folder, "scan.png")];
    const models = await Promise.all([0.7, 0.95].map(async (red) => {
      const model = await readModel(spotModel());
      model.state.get("outc.bias")!.data[0] = 40 * (0.485 - red);
      return model;
    }));
    const ensemble = await Ensemble.create(await openTestGpu(), models);
    const output = join(folder, "out");
    const { images: [report] } = await predictFiles(ensemble, files, { output, uncertainty: true });
    ensemble.close();
    assert.deepEqual(Object.keys(report!.files), [
      "mask",
      "probability",
      "figure",
      "json",
      "uncertainty",
      "disagreement",
    ]);
    // Bright pixels, 0.902, are 1 for one model and 0.13 for the other.
    const [one, other] = [0.7, 0.95].map((red) => 1 / (1 + Math.exp(-40 * (230 / 255 - red))));
    const mean = (one! + other!) / 2;
    const middle = 3 * (20 * 64 + 20);
    const { data: entropy } = await decodeImage(await Deno.readFile(report!.files.uncertainty!));
    const { data: apart } = await decodeImage(await Deno.readFile(report!.files.disagreement!));
    const expected = [
      bits(mean, 1 - mean),
      bits(mean, 1 - mean) - (bits(one!, 1 - one!) + bits(other!, 1 - other!)) / 2,
    ].map((value) => Math.round(255 * value));
    assert.ok(Math.abs(entropy[middle]! - expected[0]!) <= 1, `${entropy[middle]} for ${expected[0]}`);
    assert.ok(Math.abs(apart[middle]! - expected[1]!) <= 1, `${apart[middle]} for ${expected[1]}`);
    assert.ok(report!.uncertainty!.entropy > 0.1 && report!.uncertainty!.disagreement! > 0.1);
    assert.deepEqual(
      JSON.parse(await Deno.readTextFile(report!.files.json)).uncertainty,
      report!.uncertainty,
    );
    const wide = await decodeImage(await Deno.readFile(report!.files.figure));

    const single = join(folder, "single");
    const { images: [plain] } = await predictFiles(await spotPredictor(), files, { output: single });
    assert.equal(plain!.uncertainty, undefined);
    assert.ok(!(await filesUnder(single)).some((name) => name.includes("uncertainty")));
    assert.ok(wide.width > (await decodeImage(await Deno.readFile(plain!.files.figure))).width);
    const { images: [own] } = await predictFiles(await spotPredictor(), files, {
      output: single,
      uncertainty: true,
    });
    assert.deepEqual(Object.keys(own!.uncertainty!), ["entropy"], "one model cannot disagree");
  }));
