/** From image files to results on the disk, by a network whose output is known: tests/support/spot_model.ts. */
import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { decodeImage, decodeRle, type RgbImage } from "../../mod.ts";
import { predictFiles, type PredictFilesOptions } from "../../src/prediction/predict_files.ts";
import { decodeFile } from "../../src/prediction/predict_jobs.ts";
import { writeFiles } from "../support/coco.ts";
import { bright } from "../support/spot_model.ts";
import { spotPredictor } from "../support/spot_predictor.ts";
import { filesUnder, inTempFolder } from "../support/temp_folder.ts";

async function predict(folder: string, names: string[], options: Partial<PredictFilesOptions> = {}) {
  const output = join(folder, "out");
  const files = names.map((name) => join(folder, name));
  return await predictFiles(await spotPredictor(), files, { output, ...options });
}

Deno.test("predictFiles: mask and probabilities at the image's own size, and the numbers", () =>
  inTempFolder(async (folder) => {
    await writeFiles(folder, { "scan.png": bright(96, 160, [1, 1, 2, 2], [5, 4, 1, 2]) });
    const { images, problems } = await predict(folder, ["scan.png"], {
      provenance: { model: { epoch: 7 } },
    });
    assert.deepEqual(problems, []);
    const [report] = images;
    const { width, height, area, share, box, meanProbability, maxProbability, lesions } = report!;
    assert.deepEqual([width, height], [96, 160]);
    // Bilinear resizing moves borders by less than a pixel of the network's input, 3 x 5 of the image.
    const near = (value: number, expected: number, by: number) =>
      assert.ok(Math.abs(value - expected) <= by, `${value}, expected ${expected} within ${by}`);
    near(area, 24 * 40 + 12 * 40, 200);
    assert.equal(share, area / (96 * 160));
    near(box!.x, 12, 2);
    near(box!.y, 20, 3);
    near(box!.x + box!.width, 72, 2);
    near(box!.y + box!.height, 120, 3);
    assert.equal(lesions.length, 2);
    near(lesions[0]!.area, 960, 130);
    near(lesions[1]!.area, 480, 100);
    assert.ok(meanProbability! > 0.9 && maxProbability > 0.99);
    assert.ok(lesions.every((lesion) => lesion.meanProbability > 0.9));

    const mask = await decodeImage(await Deno.readFile(report!.files.mask));
    assert.deepEqual([mask.width, mask.height], [96, 160]);
    const probability = await decodeImage(await Deno.readFile(report!.files.probability!));
    assert.deepEqual([probability.width, probability.height], [96, 160]);
    let set = 0;
    for (let i = 0; i < mask.data.length; i += 3) {
      assert.ok(mask.data[i] === 0 || mask.data[i] === 255);
      // A probability of 0.5 lies between the gray values 127 and 128.
      assert.equal(mask.data[i] === 255, probability.data[i]! > 127);
      if (mask.data[i] === 255) set++;
    }
    assert.equal(set, area);
    assert.deepEqual(
      decodeRle(report!.rle).data,
      mask.data.filter((_, i) => i % 3 === 0).map((v) => v / 255),
    );

    const figure = await decodeImage(await Deno.readFile(report!.files.figure));
    assert.ok(figure.width > 3 * 96 && figure.height > 160);
    const json = JSON.parse(await Deno.readTextFile(report!.files.json));
    assert.deepEqual(json, { ...JSON.parse(JSON.stringify(report)), model: { epoch: 7 } });
    assert.deepEqual(await filesUnder(join(folder, "out")), [
      "scan.json",
      "scan_figure.png",
      "scan_mask.png",
      "scan_probability.png",
      "summary.csv",
    ]);
  }));

Deno.test("predictFiles: threshold, minimum area, and the largest lesion only", () =>
  inTempFolder(async (folder) => {
    await writeFiles(folder, { "a.png": bright(64, 64, [0, 0, 3, 3], [5, 5, 2, 2], [1, 6, 1, 1]) });
    const lesions = async (options: Partial<PredictFilesOptions>) =>
      (await predict(folder, ["a.png"], options)).images[0]!.lesions.length;
    assert.equal(await lesions({}), 3);
    assert.equal(await lesions({ minArea: 100 }), 2);
    assert.equal(await lesions({ largest: true }), 1);
    assert.equal(await lesions({ threshold: 1 }), 0);
    const { images } = await predict(folder, ["a.png"], { threshold: 1 });
    const { area, box, meanProbability, files } = images[0]!;
    assert.deepEqual([area, box, meanProbability], [0, null, null]);
    assert.ok((await decodeImage(await Deno.readFile(files.mask))).data.every((value) => value === 0));
  }));

Deno.test("predictFiles: batches of images of any size give the results of single images", () =>
  inTempFolder(async (folder) => {
    const images: Record<string, RgbImage> = {
      "1.png": bright(64, 64, [1, 1, 2, 2]),
      "2.png": bright(1, 1, [0, 0, 8, 8]),
      "3.png": bright(300, 7, [4, 0, 4, 8]),
      "4.png": bright(5, 200, [0, 4, 8, 4]),
      "5.png": bright(33, 31, [2, 2, 4, 4]),
    };
    await writeFiles(folder, images);
    const names = Object.keys(images);
    const together = await predict(folder, names, { batchSize: 2 });
    assert.deepEqual(together.images.map(({ image }) => basename(image)), names);
    for (const [index, report] of together.images.entries()) {
      const { width, height } = images[names[index]!]!;
      assert.deepEqual([report.width, report.height], [width, height]);
      assert.ok(report.area > 0);
      const single = await predict(folder, [names[index]!], { output: join(folder, "single") });
      assert.deepEqual({ ...single.images[0], files: null }, { ...report, files: null });
    }
  }));

Deno.test("predictFiles: a file that is being decoded already is not read again, and its error is its own", () =>
  inTempFolder(async (folder) => {
    await writeFiles(folder, { "a.png": bright(64, 64, [1, 1, 2, 2]), "b.png": bright(64, 64) });
    const [a, b, gone] = ["a.png", "b.png", "gone.png"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    const decoding = new Map([[b, decodeFile(a)], [gone, decodeFile(gone)]]);
    const { images, problems } = await predict(folder, ["b.png", "gone.png"], { decoding });
    assert.deepEqual(images.map(({ image, lesions }) => [image, lesions.length]), [[b, 1]]);
    assert.deepEqual(problems.map(({ path }) => path), [gone]);
  }));

Deno.test("predictFiles: reports unreadable images and predicts the rest", () =>
  inTempFolder(async (folder) => {
    const png = bright(32, 32, [2, 2, 2, 2]);
    await writeFiles(folder, { "a.png": png, "b.png": "text", "c.png": "", "e.png": png, "f.png": png });
    const told: string[] = [];
    const { images, problems } = await predict(folder, [
      "a.png",
      "b.png",
      "c.png",
      "d.png",
      "e.png",
      "f.png",
    ], {
      batchSize: 3,
      onProblem: ({ path }) => told.push(basename(path)),
      onImage: ({ image }) => told.push(basename(image)),
    });
    assert.deepEqual(images.map(({ image }) => basename(image)), ["a.png", "e.png", "f.png"]);
    assert.deepEqual(problems.map(({ path }) => basename(path)), ["b.png", "c.png", "d.png"]);
    assert.deepEqual(told, ["b.png", "c.png", "d.png", "a.png", "e.png", "f.png"]);
    for (const { message } of problems.slice(0, 2)) assert.match(message, /^Cannot decode the image: /);
    assert.match(problems[2]!.message, /No such file/);
    const failures = JSON.parse(await Deno.readTextFile(join(folder, "out/failures.json")));
    assert.deepEqual(failures, problems);
  }));

Deno.test("predictFiles: an output that cannot be written is refused before the work, with a way out", () =>
  inTempFolder(async (folder) => {
    await writeFiles(folder, { "a.png": bright(32, 32), "out": "a file" });
    await assert.rejects(
      predict(folder, ["a.png"]),
      /^Error: Cannot write results to .*out: .*\nhint: make it writable, or give another folder with --output$/,
    );
  }));

Deno.test("predictFiles: images of the same name get different results, and no input is overwritten", () =>
  inTempFolder(async (folder) => {
    await writeFiles(folder, {
      "one/x.png": bright(32, 32, [0, 0, 4, 4]),
      "two/x.png": bright(32, 32),
      "out/y.png": bright(32, 32),
      "out/y_mask.png": bright(32, 32, [0, 0, 2, 2]),
    });
    const before = await Deno.readFile(join(folder, "out/y_mask.png"));
    const { images } = await predict(folder, ["one/x.png", "two/x.png", "out/y.png", "out/y_mask.png"]);
    assert.deepEqual(images.map(({ files }) => basename(files.json)), [
      "x.json",
      "x-2.json",
      "y-2.json",
      "y_mask.json",
    ]);
    assert.deepEqual(await Deno.readFile(join(folder, "out/y_mask.png")), before);
    assert.ok(images[0]!.area > 0);
    assert.equal(images[1]!.area, 0);
  }));
