import assert from "node:assert/strict";
import { join } from "node:path";
import { type Mask, readCoco } from "../../mod.ts";
import { countedIds } from "../../src/prediction/coco_ids.ts";
import { CocoResults } from "../../src/prediction/coco_results.ts";
import { assertReplaceable, resultsPath, writeCocoResults } from "../../src/prediction/coco_results_files.ts";
import { finishMask, type SegmentOptions } from "../../src/prediction/postprocess.ts";
import fixtures from "../fixtures/coco/predictions.json" with { type: "json" };
import { Random } from "../support/random.ts";
import { inTempFolder } from "../support/temp_folder.ts";

/** A mask as the model would have predicted it, each pixel with the probability 0.75. */
function segmentation(name: string, mask: Mask, options: SegmentOptions = {}) {
  const probabilities = { ...mask, data: new Float32Array(mask.data.length).fill(0.75) };
  const { lesionMap, summary } = finishMask(mask, probabilities, 0.5, options);
  return { name, lesionMap, summary };
}

function readMask(rows: readonly string[]): Mask {
  return { width: rows[0]!.length, height: rows.length, data: Uint8Array.from(rows.join(""), Number) };
}

Deno.test("CocoResults: each lesion is what COCO's own code makes of it, in both files", () =>
  inTempFolder(async (folder) => {
    const names = fixtures.map((_, index) => `${index}.png`);
    const results = new CocoResults(countedIds(names, ["a", "tumor"]));
    const expected = fixtures.flatMap(({ mask, lesions }, index) => {
      const image = readMask(mask);
      results.add(names[index]!, image, [segmentation("tumor", image)]);
      return lesions.map(({ counts, area, bbox }) => ({
        image_id: index + 1,
        category_id: 2,
        segmentation: { size: [image.height, image.width], counts },
        bbox,
        area,
        iscrowd: 0,
        score: 0.75,
      }));
    });
    const path = join(folder, "new", "all.json");
    await writeCocoResults(results, path, ["a", "tumor"], { model: { file: "m" } });
    const dataset = JSON.parse(await Deno.readTextFile(path));
    assert.deepEqual(Object.keys(dataset), ["info", "licenses", "images", "annotations", "categories"]);
    assert.deepEqual(dataset.info.model, { file: "m" });
    assert.deepEqual(dataset.categories, [
      { id: 1, name: "a", supercategory: "" },
      { id: 2, name: "tumor", supercategory: "" },
    ]);
    assert.deepEqual(
      dataset.images,
      fixtures.map(({ mask }, index) => ({
        id: index + 1,
        file_name: names[index],
        width: mask[0]!.length,
        height: mask.length,
      })),
    );
    assert.deepEqual(dataset.annotations, expected.map((each, index) => ({ id: index + 1, ...each })));
    // COCO's loadRes computes box and area of a result that has neither.
    const list = JSON.parse(await Deno.readTextFile(join(folder, "new", "all_results.json")));
    assert.deepEqual(list, expected.map(({ bbox: _, area: __, iscrowd: ___, ...result }) => result));
  }));

Deno.test("CocoResults: read back, the annotations of each class are its mask", () =>
  inTempFolder(async (folder) => {
    const random = new Random(5);
    const classes = ["a", "b"];
    const names = Array.from({ length: 12 }, (_, index) => `in/${index}.png`);
    const results = new CocoResults(countedIds(names, classes));
    const masks = names.map((name) => {
      const [width, height] = [1 + random.integer(30), 1 + random.integer(30)];
      const draw = () => Uint8Array.from({ length: width * height }, () => random.next() < 0.3 ? 1 : 0);
      const each = classes.map(() => ({ width, height, data: draw() }));
      results.add(name, each[0]!, each.map((mask, index) => segmentation(classes[index]!, mask)));
      return each;
    });
    const path = join(folder, "all.json");
    await writeCocoResults(results, path, classes, {});
    const dataset = readCoco(await Deno.readTextFile(path));
    assert.deepEqual(dataset.problems, []);
    masks.forEach((each, index) =>
      each.forEach((mask, place) => {
        const labels = dataset.labelMap(index + 1, {
          labelsOf: (category) => category === place + 1 ? [1] : [],
          classCount: 1,
          overlapping: false,
        });
        assert.deepEqual(labels.data, mask.data, `${index} ${place}`);
      })
    );
  }));

Deno.test("CocoResults: without lesions the lists are empty; large ids stay numbers", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "a.coco.json");
    const mask = { width: 2, height: 1, data: Uint8Array.of(0, 1) };
    const ids = { image: () => "12345678901234567890", category: () => 0 };
    const results = new CocoResults(ids);
    results.add("x.png", mask, [segmentation("a", { ...mask, data: new Uint8Array(2) })]);
    await writeCocoResults(results, path, ["a"], {});
    const text = await Deno.readTextFile(path);
    assert.deepEqual(JSON.parse(text).annotations, []);
    assert.match(text, /"id":12345678901234567890,/);
    assert.deepEqual(JSON.parse(await Deno.readTextFile(resultsPath(path))), []);
    results.add("y.png", mask, [segmentation("a", mask)]);
    await writeCocoResults(results, path, ["a"], {});
    assert.match(await Deno.readTextFile(resultsPath(path)), /^\[\n\{"image_id":12345678901234567890,/);
  }));

Deno.test("assertReplaceable: only a file of predictions is replaced", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "a.json");
    await assertReplaceable(path);
    await writeCocoResults(new CocoResults(countedIds([], [])), path, [], {});
    await assertReplaceable(path);
    const refused = { message: /it exists and is not a COCO file of predict\nhint: / };
    for (const other of ['{"images":[]}', ""]) {
      await Deno.writeTextFile(path, other);
      await assert.rejects(assertReplaceable(path), refused);
    }
    await assert.rejects(assertReplaceable(folder), refused);
    await Deno.remove(path);
    await assert.rejects(assertReplaceable(path), {
      message: /^Cannot write predictions to ".*a_results\.json"/,
    });
    await Deno.remove(resultsPath(path));
    await assertReplaceable(path);
  }));
