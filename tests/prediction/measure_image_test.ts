import assert from "node:assert/strict";
import { measureImage } from "../../src/prediction/measure_image.ts";
import { writeResults } from "../../src/prediction/write_results.ts";
import { Random } from "../support/random.ts";
import { inTempFolder } from "../support/temp_folder.ts";

const CLASSES = [{ name: "left", color: "#ff0080" }, { name: "right", color: "#0080ff" }];
const SIZE = { width: 13, height: 9 };

Deno.test("measureImage: numbers and labels are those that predict writes, for any head", () =>
  inTempFolder(async (output) => {
    const random = new Random(3);
    const maps = [0, 1].map(() => ({
      width: 6,
      height: 4,
      data: random.floats(24, 0, 0.5),
    }));
    const raster = { ...SIZE, channels: 1 as const, bits: 8, range: null, data: new Uint8Array(13 * 9) };
    const notes = [{ kind: "pages" as const, message: "only the first of 3 pages is read" }];
    for (const head of ["sigmoid", "softmax"] as const) {
      for (const count of [1, 2]) {
        const model = { classes: CLASSES.slice(0, count), head };
        const options = { threshold: 0.3, minArea: 2, largest: true, spacing: [0.5, 2] as const };
        const image = { file: "a.png", name: "a", decoded: { raster, notes }, maps: maps.slice(0, count) };
        const written = await writeResults(image, model, { ...options, output }, () => {});
        const names: string[] = [];
        const { numbers, labels } = measureImage(
          { image: "a.png", size: SIZE, maps: image.maps, notes },
          model,
          options,
          ({ name, mask }) => {
            names.push(name);
            assert.equal(mask.data.length, 13 * 9);
          },
        );
        const { files: _, ...expected } = written;
        const classes = written.classes?.map(({ files: _, ...numbers }) => numbers);
        assert.deepEqual(numbers, { ...expected, ...(classes ? { classes } : {}) });
        assert.deepEqual(names, model.classes.map(({ name }) => name));
        assert.equal(labels.data.filter((label) => label > 0).length, numbers.area);
      }
    }
  }));
