/** What `predict --coco` writes is read back by `import`, pixel for pixel. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { readCoco } from "../../mod.ts";
import { importDataset } from "../../src/import/import_dataset.ts";
import { countedIds } from "../../src/prediction/coco_ids.ts";
import { CocoResults } from "../../src/prediction/coco_results.ts";
import { writeCocoResults } from "../../src/prediction/coco_results_files.ts";
import { finishMask } from "../../src/prediction/postprocess.ts";
import { spots, writeFiles } from "../support/coco.ts";
import { Random } from "../support/random.ts";
import { inTempFolder } from "../support/temp_folder.ts";

const SIDE = 24;
const CLASSES = ["left lung", "heart"];

/** Labels 0, 1 and 2 in random boxes on noise: with holes, many components, and pixels that touch at corners. */
function drawLabels(random: Random): Uint8Array {
  const labels = Uint8Array.from({ length: SIDE * SIDE }, () => random.next() < 0.1 ? 1 : 0);
  for (const label of [1, 2, 0, 2, 1]) {
    const [x, y, w, h] = [SIDE, SIDE, SIDE / 2, SIDE / 2].map((most) => random.integer(most)) as [
      number,
      number,
      number,
      number,
    ];
    for (let row = y; row < Math.min(SIDE, y + h); row++) {
      labels.fill(label, row * SIDE + x, row * SIDE + Math.min(SIDE, x + w));
    }
  }
  return labels;
}

Deno.test("CocoResults, importDataset: every predicted mask comes back", () =>
  inTempFolder(async (folder) => {
    const random = new Random(11);
    const names = ["a.png", "may/b.png", "may/c.png", "d.png", "e.png", "f.png"];
    const truth = new Map(names.map((name) => [name.split("/").at(-1)!, drawLabels(random)]));
    const results = new CocoResults(countedIds(names, CLASSES));
    for (const [index, name] of names.entries()) {
      const labels = truth.get(name.split("/").at(-1)!)!;
      const parts = CLASSES.map((className, place) => {
        const mask = { width: SIDE, height: SIDE, data: labels.map((label) => label === place + 1 ? 1 : 0) };
        const sure = { ...mask, data: new Float32Array(SIDE * SIDE).fill(0.5) };
        return { name: className, ...finishMask(mask, sure, null, {}) };
      });
      results.add(name, parts[0]!.mask, parts);
      await writeFiles(join(folder, "scans"), { [name]: spots(index, SIDE) });
    }
    const path = join(folder, "scans", "predicted.json");
    await writeCocoResults(results, path, CLASSES, {});
    const output = join(folder, "imported");
    const { splits } = await importDataset(join(folder, "scans"), output);
    let images = 0;
    for (const { name } of splits) {
      const file = join(output, name, "_annotations.coco.json");
      const dataset = readCoco(await Deno.readTextFile(file));
      const labelOf = new Map(dataset.categories.map((each) => [each.id, CLASSES.indexOf(each.name) + 1]));
      for (const { id, fileName } of dataset.images) {
        const map = dataset.labelMap(id, {
          labelsOf: (category) => [labelOf.get(category!)!],
          classCount: 2,
          overlapping: false,
        });
        assert.deepEqual(map.data, truth.get(fileName), fileName);
        images++;
      }
    }
    assert.equal(images, names.length);
  }));
