import assert from "node:assert/strict";
import { join } from "node:path";
import { writeTorchCheckpoint } from "../../mod.ts";
import { inProjectFolder, writeFiles } from "../support/coco.ts";
import { command } from "../../tasks/predict.ts";
import { runInProcess, runTaskProcess } from "../support/run_task.ts";
import { bright, spotModel, spotState } from "../support/spot_model.ts";
import { filesUnder, inTempFolder } from "../support/temp_folder.ts";
import fixtures from "../fixtures/images/images.json" with { type: "json" };
// Its commands open a GPU in this process.
import "../support/test_gpu.ts";

/** Calls `body` with a folder of images, a model, and an output folder as a user types it. */
function withImages(body: (folder: string, model: string, output: string) => Promise<void>): Promise<void> {
  return inTempFolder((folder) =>
    inProjectFolder("predictions", async (_, output) => {
      const model = join(folder, "model.safetensors");
      await writeFiles(folder, {
        "model.safetensors": spotModel(),
        "scans/a.png": bright(64, 64, [1, 1, 2, 2], [5, 5, 1, 1]),
        "scans/b.png": bright(48, 64, [2, 2, 3, 3]),
        "scans/c.png": bright(32, 32),
        "scans/notes.txt": "",
      });
      await body(folder, model, output);
    })
  );
}

Deno.test("predict: a folder, with results as text", () =>
  withImages(async (folder, model, output) => {
    const { code, stdout, stderr } = await runTaskProcess("predict", [
      "--model",
      model,
      "--output",
      output,
      join(folder, "scans"),
    ]);
    assert.equal(code, 0, stderr);
    const [first, second, third, last] = stdout.trimEnd().split("\n");
    const line = (name: string, found: string) =>
      new RegExp(`^\\S+${name}\\.png: ${found}; ${output}/${name}_figure\\.png$`);
    const numbers = "[\\d,]+ pixels \\([\\d.]+ %\\), mean probability [01]\\.\\d\\d";
    assert.match(first!, line("a", `2 lesions, ${numbers}`));
    assert.match(second!, line("b", `1 lesion, ${numbers}`));
    assert.match(third!, line("c", "nothing found"));
    assert.equal(last, `3 images predicted, results in ${output}`);
    assert.match(
      stderr,
      /^model .*model\.safetensors: 1 filter, 32 px, imagenet normalization, recipe original, epoch 7/m,
    );
    assert.deepEqual(await filesUnder(output), [
      "a.json",
      "a_figure.png",
      "a_mask.png",
      "a_probability.png",
      "b.json",
      "b_figure.png",
      "b_mask.png",
      "b_probability.png",
      "c.json",
      "c_figure.png",
      "c_mask.png",
      "c_probability.png",
      "summary.csv",
    ]);
  }));

Deno.test("predict: a pattern, with one JSON document of model and settings", () =>
  withImages(async (folder, model, output) => {
    const { code, stdout, stderr } = await runInProcess(command(), [
      "--json",
      "--threshold=0.9",
      "--largest",
      "--min-area=3",
      "--flips",
      "--kernels=strict",
      `--model=${model}`,
      `--output=${output}`,
      join(folder, "**", "[ab].png"),
    ]);
    assert.equal(code, 0, stderr);
    const document = JSON.parse(stdout);
    assert.equal(document.model.file, model);
    assert.match(document.model.sha256, /^[0-9a-f]{64}$/);
    const { adapter, ...settings } = document.settings;
    assert.ok(adapter.length > 0);
    assert.deepEqual(settings, { threshold: 0.9, largest: true, minArea: 3, flips: true, kernels: "strict" });
    assert.deepEqual(document.failed, []);
    assert.deepEqual(document.images.map(({ image }: { image: string }) => image), [
      join(folder, "scans", "a.png"),
      join(folder, "scans", "b.png"),
    ]);
    for (const image of document.images) {
      assert.equal(image.lesions.length, 1);
      assert.equal(image.threshold, 0.9);
      const { model, settings, ...own } = JSON.parse(await Deno.readTextFile(image.files.json));
      assert.deepEqual(own, image);
      assert.deepEqual({ model, settings }, { model: document.model, settings: document.settings });
    }
  }));

Deno.test("predict: says what is worth knowing of an image's file, as text and in its JSON", () =>
  withImages(async (folder, model, output) => {
    const { file } = fixtures.find(({ name }) => name === "TIFF of two pages")!;
    const pages = join(folder, "pages.tif");
    await Deno.writeFile(pages, Uint8Array.fromBase64(file));
    const args = ["--model", model, "--output", output, pages];
    const { code, stdout, stderr } = await runInProcess(command(), args);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /pages_figure\.png\n {2}note: only the first of 2 pages is read\n1 image predicted/);
    const { notes } = JSON.parse(await Deno.readTextFile(join(output, "pages.json")));
    assert.deepEqual(notes, [{ kind: "pages", message: "only the first of 2 pages is read" }]);
  }));

Deno.test("predict: a PyTorch file uses the original's size and normalization, with a note", () =>
  withImages(async (folder, _, output) => {
    const model = join(folder, "best_model.pth");
    await Deno.writeFile(model, writeTorchCheckpoint(spotState()));
    const image = join(folder, "scans", "a.png");
    const { code, stderr } = await runInProcess(command(), ["--model", model, "--output", output, image]);
    assert.equal(code, 0, stderr);
    assert.match(
      stderr,
      /^note: the file does not describe its model; .*256 px \(--size\) and imagenet normalization \(--normalize\)$/m,
    );
    const json = JSON.parse(await Deno.readTextFile(join(output, "a.json")));
    assert.deepEqual([json.model.size, json.model.described, json.width], [256, false, 64]);
    const given = ["--size", "32", "--normalize", "picture", "--threshold", "0.4", "--json"];
    const again = await runInProcess(command(), ["--model", model, "--output", output, image, ...given]);
    assert.doesNotMatch(again.stderr, /does not describe/);
    const { model: { size, normalize }, settings } = JSON.parse(again.stdout);
    assert.deepEqual([size, normalize, settings.threshold], [32, "picture", 0.4]);
  }));

Deno.test("predict: reports unreadable files, predicts the rest, and exits with 1", () =>
  withImages(async (folder, model, output) => {
    await writeFiles(folder, { "scans/broken.png": "no image", "slices/1.dcm": `${"\0".repeat(128)}DICM` });
    const scans = join(folder, "scans");
    const { code, stdout, stderr } = await runInProcess(command(), [
      "--json",
      "--model",
      model,
      "--output",
      output,
      scans,
      join(folder, "gone.png"),
      join(folder, "slices"),
    ]);
    assert.equal(code, 1);
    assert.match(stderr, /^error: Cannot find ".*gone\.png": no such file or folder$/m);
    assert.match(stderr, /^error: \S+broken\.png: Cannot decode the image: .*\nhint: JPEG, PNG/m);
    assert.match(stderr, /^3 paths could not be read$/m);
    assert.match(
      stderr,
      /^error: Cannot find an image in the folder ".*slices": "1\.dcm" is a DICOM file\nhint: /m,
    );
    const { images, failed } = JSON.parse(stdout);
    assert.equal(images.length, 3);
    assert.deepEqual(failed.map(({ path }: { path: string }) => path), [
      join(folder, "gone.png"),
      join(folder, "slices"),
      join(scans, "broken.png"),
    ]);
    const nothing = await runInProcess(command(), ["--model", model, join(folder, "gone.png")]);
    assert.deepEqual([nothing.code, nothing.stdout], [1, ""]);
  }));

Deno.test("predict: reports errors of model and usage, and may write only to predictions", () =>
  withImages(async (folder, model, output) => {
    const image = join(folder, "scans", "a.png");
    const run = (...args: string[]) => runInProcess(command(), args);
    const gone = await run("--model", join(folder, "gone.pth"), "--output", output, image);
    assert.equal(gone.code, 1);
    assert.match(gone.stderr, /^error: Cannot load the model ".*gone\.pth": no such file\nhint: /m);
    const none = await run("--run", folder, "--output", output, image);
    assert.match(none.stderr, /^error: Cannot find a model in ".*": it has no best\.safetensors\nhint: /m);
    for (
      const args of [[], [image, "--threshold", "2"], [image, "--size", "100"], [image, "--normalize", "x"], [
        image,
        "--run",
        "a",
        "--model",
        "b",
      ], [
        image,
        "--kernels",
        "x",
      ]]
    ) {
      assert.equal((await run(...args)).code, 2, args.join(" "));
    }
    const elsewhere = join(folder, "results");
    const args = ["--model", model, "--output", elsewhere, image];
    const refused = await runTaskProcess("predict", args);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /^error: this task's permission set does not allow write access/m);
    await assert.rejects(Deno.stat(elsewhere), Deno.errors.NotFound);
    assert.deepEqual(await filesUnder(output), []);
  }));

Deno.test("predict: subfolders, spacing, labels, and COCO files with the ids of annotations", () =>
  withImages(async (folder, model, output) => {
    const scans = join(folder, "scans");
    await writeFiles(scans, { "may/a.png": bright(32, 32, [1, 1, 3, 3]) });
    const annotations = {
      images: ["a.png", "b.png", "c.png", "may/a.png"].map((file_name, index) => ({
        id: 70 + index,
        file_name,
        width: 32,
        height: 32,
      })),
      categories: [{ id: 9, name: "tumor" }],
      annotations: [{ id: 1, image_id: 70, category_id: 9, segmentation: [[1, 1, 9, 1, 9, 9, 1, 9]] }],
    };
    await writeFiles(folder, { "truth.json": JSON.stringify(annotations) });
    const base = [`--model=${model}`, `--output=${output}`, scans];
    // The name of the results of c.png, which get another one.
    const coco = join(output, "c.json");
    const ids = ["--coco", coco, "--coco-ids", join(folder, "truth.json")];
    const args = [...base, ...ids, "--recursive", "--spacing", "0.5", "--labels"];
    const { code, stdout, stderr } = await runInProcess(command(), args);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /may\/a\.png: 1 lesion, \d+ pixels \([\d.]+ %\), [\d.]+ mm², mean probability/);
    assert.match(stdout, new RegExp(`COCO dataset ${coco}, results ${output}/c_results\\.json`));
    assert.doesNotMatch(stderr, /subfolder/);
    const names = await filesUnder(output);
    for (const name of ["may/a_mask.png", "may/a.json", "c-2.json", "labels.txt", "summary.csv"]) {
      assert.ok(names.includes(name), name);
    }
    const report = JSON.parse(await Deno.readTextFile(join(output, "may", "a.json")));
    assert.deepEqual([report.spacing, report.areaMm2], [[0.5, 0.5], report.area / 4]);
    const results = JSON.parse(await Deno.readTextFile(join(output, "c_results.json")));
    assert.deepEqual(
      results.map((each: Record<string, unknown>) => [each.image_id, each.category_id]),
      [[70, 9], [70, 9], [71, 9], [73, 9]],
    );
    // Annotations are not replaced by predictions, and ids are for COCO files only.
    const truth = await runInProcess(command(), [...base, "--coco", join(folder, "truth.json")]);
    assert.match(truth.stderr, /^error: Cannot write predictions to .* not a COCO file of predict\nhint: /m);
    const alone = await runInProcess(command(), [...base, "--coco-ids", "x.json"]);
    assert.match(alone.stderr, /^error: Cannot use --coco-ids without --coco\nhint: /m);
    assert.equal((await runInProcess(command(), [...base, "--coco", "all.txt"])).code, 2);
  }));
