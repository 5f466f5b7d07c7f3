import assert from "node:assert/strict";
import { join } from "node:path";
import { decodeImage } from "../../src/image/decode.ts";
import type { EngineState } from "../../src/page/app/predict/engine.ts";
import { cocoFiles, imageFiles, summaryFile } from "../../src/page/app/predict/outputs.ts";
import type { PredictedImage } from "../../src/page/app/predict/predicted_image.ts";
import { DEFAULT_SETTINGS } from "../../src/page/app/predict/settings.ts";
import { countedIds } from "../../src/prediction/coco_ids.ts";
import { type ClassSegmentation, CocoResults } from "../../src/prediction/coco_results.ts";
import { summaryTable } from "../../src/prediction/summary_table.ts";
import { writeResults } from "../../src/prediction/write_results.ts";
import { spotClasses } from "../support/spot_model.ts";
import { Random } from "../support/random.ts";
import { inTempFolder } from "../support/temp_folder.ts";

const SIZE = { width: 21, height: 17 };

/** What is kept of an image of two classes, and an engine that might have predicted it. */
function predicted(head: "sigmoid" | "softmax") {
  const random = new Random(8);
  const maps = [0, 1].map(() => ({ width: 5, height: 4, data: random.floats(20, 0, 0.5) }));
  const data = new Uint8Array(3 * 21 * 17).fill(90);
  const image: PredictedImage = {
    size: SIZE,
    image: { ...SIZE, data },
    maps,
    notes: [],
    spacing: null,
    decodedBy: "",
    isExact: true,
    seconds: 0,
  };
  const { description } = spotClasses(head);
  const model = {
    description,
    described: true,
    classes: description.classes!,
    head,
    byteLength: 1,
    sha256: "0",
    weights: "float32",
  };
  const state = { model, kernels: "fast", adapter: { description: "a" } } as unknown as EngineState;
  return { image, state, maps };
}

Deno.test("imageFiles, cocoFiles, summaryFile: names and content of what predict writes for several classes", () =>
  inTempFolder(async (output) => {
    for (const head of ["sigmoid", "softmax"] as const) {
      const { image, state, maps } = predicted(head);
      const { classes } = state.model;
      const settings = { ...DEFAULT_SETTINGS, threshold: 0.3, minArea: 3, spacing: [1, 2] as const };
      const raster = { ...SIZE, channels: 3 as const, bits: 8, range: null, data: image.image!.data };
      const found: ClassSegmentation[] = [];
      const report = await writeResults(
        { file: "in/a.png", name: "a", decoded: { raster, notes: [] }, maps },
        { classes, head },
        { output, threshold: 0.3, minArea: 3, spacing: [1, 2] },
        (segmentation) => found.push(segmentation),
      );

      const named = { name: { image: "in/a.png", fileName: "a.png", stem: "a" }, predicted: image };
      const provenance = { state, file: "m", settings };
      const files = await imageFiles(named, ["mask", "probability", "overlay", "json"], provenance);
      const theirs = [report.files, ...report.classes!.map(({ files }) => files)].flatMap((each) =>
        Object.values(each)
      );
      const expected = theirs.filter((path) => !path.endsWith("_figure.png")).map((path) =>
        path.split("/").pop()!
      );
      assert.deepEqual(files.map(({ name }) => name).sort(), [...expected, "a_overlay.png"].sort());
      for (
        const { name, bytes } of files.filter(({ name }) => expected.includes(name) && name.endsWith(".png"))
      ) {
        assert.deepEqual(
          await decodeImage(bytes),
          await decodeImage(await Deno.readFile(join(output, name))),
          name,
        );
      }

      const { files: _, ...numbers } = report;
      const plain = { ...numbers, classes: report.classes!.map(({ files: _, ...numbers }) => numbers) };
      const json = JSON.parse(new TextDecoder().decode(files.find(({ name }) => name === "a.json")!.bytes));
      const { model: __, settings: ___, ...ours } = json;
      assert.deepEqual(ours, JSON.parse(JSON.stringify(plain)));
      assert.equal(
        new TextDecoder().decode(summaryFile([plain], state.model).bytes),
        summaryTable([report], ""),
      );

      const names = ["failed.png", "a.png"];
      const coco = new CocoResults(countedIds(names, classes.map(({ name }) => name)));
      coco.add("a.png", SIZE, found);
      const { results } = coco.documents(classes.map(({ name }) => name), {});
      assert.deepEqual(
        cocoFiles([named], names, provenance)[1].bytes.toHex(),
        results.map((part) => part.toHex()).join(""),
      );
    }
  }));
