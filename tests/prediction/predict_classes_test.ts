/** From image files to the results of several classes, by a network whose output is known: spot_model.ts. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { decodeImage, decodeRle, readCoco } from "../../mod.ts";
import { predictFiles, type PredictFilesOptions } from "../../src/prediction/predict_files.ts";
import { Predictor } from "../../src/prediction/predictor.ts";
import { paint, writeFiles } from "../support/coco.ts";
import { spotClasses } from "../support/spot_model.ts";
import { filesUnder, inTempFolder } from "../support/temp_folder.ts";
import { openTestGpu } from "../support/test_gpu.ts";

/** Dark, with a gray stripe in the left half and a white one in the right. */
const STRIPES = paint(32, 32, (x) => x >= 4 && x < 12 ? 155 : x >= 20 && x < 28 ? 230 : 40);

async function predict(
  folder: string,
  head: "sigmoid" | "softmax",
  options: Partial<PredictFilesOptions> = {},
) {
  await writeFiles(folder, { "scan.png": STRIPES });
  const predictor = await Predictor.create(await openTestGpu(), spotClasses(head));
  try {
    const output = join(folder, "out");
    return await predictFiles(predictor, [join(folder, "scan.png")], { output, ...options });
  } finally {
    predictor.close();
  }
}

/** The color type of a PNG, and its palette if it has one. */
async function readPng(path: string) {
  const bytes = await Deno.readFile(path);
  const at = new TextDecoder("latin1").decode(bytes).indexOf("PLTE");
  const length = at < 0 ? 0 : new DataView(bytes.buffer).getUint32(at - 4);
  return { colorType: bytes[25], palette: [...bytes.subarray(at + 4, at + 4 + length)] };
}

/** Red of the pixels of the middle row at the columns of the background and both stripes. */
async function middle(path: string): Promise<number[]> {
  const { data } = await decodeImage(await Deno.readFile(path));
  return [0, 8, 24].map((x) => data[3 * (16 * 32 + x)]!);
}

Deno.test("predictFiles: classes that exclude each other, as indices of a palette, each with its numbers", () =>
  inTempFolder(async (folder) => {
    const coco = { path: join(folder, "coco.json") };
    const report = await predict(folder, "softmax", { coco, spacing: [0.5, 0.5] });
    const [image] = report.images;
    assert.deepEqual(await filesUnder(join(folder, "out")), [
      "scan.json",
      "scan_figure.png",
      "scan_mask.png",
      "scan_probability_gray.png",
      "scan_probability_white.png",
      "summary.csv",
    ]);
    assert.deepEqual(await readPng(image!.files.mask), {
      colorType: 3,
      palette: [0, 0, 0, 230, 159, 0, 86, 180, 233],
    });
    assert.deepEqual(await middle(image!.files.mask), [0, 230, 86]);
    const [gray, white] = image!.classes!;
    assert.deepEqual([gray!.name, gray!.label, white!.name, white!.label], ["gray", 1, "white", 2]);
    for (const [each, expected] of [[gray!, [0, 1, 0]], [white!, [0, 0, 1]]] as const) {
      const { data } = decodeRle(each.rle);
      assert.deepEqual([0, 8, 24].map((x) => data[16 * 32 + x]), expected);
      assert.deepEqual((await middle(each.files.probability)).map((value) => value > 127 ? 1 : 0), expected);
      assert.equal(each.areaMm2, each.area / 4);
      assert.equal(each.threshold, null);
    }
    assert.equal(image!.area, gray!.area + white!.area);
    assert.equal(image!.areaMm2, image!.area / 4);
    assert.deepEqual(
      image!.lesions.map((lesion) => lesion.class),
      [...image!.lesions].sort((a, b) => b.area - a.area).map((lesion) => lesion.class),
    );
    assert.deepEqual(
      JSON.parse(await Deno.readTextFile(image!.files.json)),
      JSON.parse(JSON.stringify(image)),
    );
    const rows = (await Deno.readTextFile(report.summary)).trimEnd().split("\r\n").slice(1);
    assert.deepEqual(rows.map((row) => row.split(",").slice(1, 6)), [
      ["32x32", String(gray!.area), String(gray!.lesions.length), "gray", "0.5"],
      ["32x32", String(white!.area), String(white!.lesions.length), "white", "0.5"],
    ]);
    const dataset = readCoco(await Deno.readTextFile(report.coco!.dataset));
    assert.deepEqual(dataset.categories, [{ id: 1, name: "gray" }, { id: 2, name: "white" }]);
    const labels = dataset.labelMap(1, {
      labelsOf: (category) => [Number(category)],
      classCount: 2,
      overlapping: false,
    });
    assert.deepEqual([0, 8, 24].map((x) => labels.data[16 * 32 + x]), [0, 1, 2]);
  }));

Deno.test("predictFiles: classes that overlap also have a mask each; labels are grayscale values", () =>
  inTempFolder(async (folder) => {
    const report = await predict(folder, "sigmoid", { labels: true });
    const [image] = report.images;
    const [gray, white] = image!.classes!;
    assert.deepEqual([gray!.threshold, white!.threshold], [0.5, 0.5]);
    const names = await filesUnder(join(folder, "out"));
    for (const name of ["labels.ctbl", "labels.txt", "scan_mask_gray.png", "scan_mask_white.png"]) {
      assert.ok(names.includes(name), name);
    }
    for (const path of [image!.files.mask, gray!.files.mask!]) {
      assert.equal((await readPng(path)).colorType, 0);
    }
    // All that is white is gray, too; the mask has the more probable class.
    assert.deepEqual(await middle(gray!.files.mask!), [0, 1, 1]);
    assert.deepEqual(await middle(white!.files.mask!), [0, 0, 1]);
    assert.deepEqual(await middle(image!.files.mask), [0, 1, 2]);
    assert.match(
      await Deno.readTextFile(join(folder, "out", "labels.txt")),
      /^2\t86\t180\t233\t1\t1\t1\t"white"$/m,
    );
  }));
